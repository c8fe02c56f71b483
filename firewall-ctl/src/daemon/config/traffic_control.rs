//! Which part of traffic control is used.

use serde::Deserialize;
use std::fmt;

/// How programs are put into traffic control.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TrafficControl {
    /// By TCX links where the kernel has them, from 6.6 on, else by clsact filters.
    #[default]
    Auto,
    /// By filters of the clsact queueing discipline.
    Clsact,
}

impl fmt::Display for TrafficControl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Auto => "auto",
            Self::Clsact => "clsact",
        })
    }
}
