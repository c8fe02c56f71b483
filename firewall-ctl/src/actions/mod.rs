//! The actions of the API: request and model in, response and model out. Pure.
