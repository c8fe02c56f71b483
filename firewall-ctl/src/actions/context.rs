//! What an action knows beside its request, and what it gives back.

use super::request::Response;
use crate::model::{AccountId, Model, NumberPool, Quotas};

/// What an action knows beside its request.
pub struct Context<'a> {
    /// What there is.
    pub model: &'a Model,
    /// How much there may be.
    pub quotas: &'a Quotas,
    /// The caller's account: owner of what is made.
    pub account: AccountId,
    /// The Region in ARNs.
    pub region: &'a str,
    /// Where ids and address blocks come from.
    pub rng: &'a mut dyn rand::Rng,
    /// The time of the request.
    pub now: jiff::Timestamp,
    /// The name of this host, by which it has registered itself as an instance.
    pub host: &'a str,
    /// Numbers for new rules; busy are those that flows still name.
    pub rule_numbers: NumberPool<'a>,
    /// Numbers for new attachments; busy are those of which the kernel still has state.
    pub attachment_numbers: NumberPool<'a>,
}

/// What an action that was not refused gives back.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The answer.
    pub response: Response,
    /// What there is from now on; none when nothing changed.
    pub model: Option<Model>,
    /// What the caller should know, one line each.
    pub warnings: Vec<String>,
}

impl Outcome {
    /// An answer that changes nothing.
    #[must_use]
    pub const fn unchanged(response: Response) -> Self {
        Self { response, model: None, warnings: Vec::new() }
    }

    /// An answer with what there is from now on.
    #[must_use]
    pub const fn changed(response: Response, model: Model) -> Self {
        Self { response, model: Some(model), warnings: Vec::new() }
    }
}
