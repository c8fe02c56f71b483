//! Every command, and what it says to bad input.

mod commands;
mod daemon;
mod lists;
mod refusals;
