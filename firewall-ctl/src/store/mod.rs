//! Where the model lives when the controller does not.
