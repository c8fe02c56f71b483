//! stacked
