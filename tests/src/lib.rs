//! What the kernel tests are made of.
