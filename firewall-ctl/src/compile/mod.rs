//! From the model to the tables of this host. Pure.
