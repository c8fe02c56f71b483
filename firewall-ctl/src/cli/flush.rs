//! `flush-flows`: as many calls as it takes, so that others get their turn in between, and a bar when that takes long.

use super::call::Call;
use super::failure::Failure;
use crate::actions::types::FlushFlowsResult;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

/// What takes no longer needs no bar.
const PATIENCE: Duration = Duration::from_secs(1);

/// Calls until no flow is left of those that were chosen. The answer is that of all calls together.
pub(super) fn flush(
    call: &Call,
    mut ask: impl FnMut(&Call) -> Result<Value, Failure>,
) -> Result<FlushFlowsResult, Failure> {
    let began = Instant::now();
    let mut bar: Option<ProgressBar> = None;
    let mut whole = read(ask(call)?)?;
    while let Some(token) = whole.next_token.take() {
        let bar = bar.get_or_insert_with(|| hidden(whole.matched));
        if bar.is_hidden() && began.elapsed() >= PATIENCE && std::io::stderr().is_terminal() {
            bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        }
        let FlushFlowsResult { matched, cut, dry_run: _, next_token } =
            read(ask(&call.clone().with("NextToken", token))?)?;
        whole.cut += cut;
        bar.set_position(whole.matched.saturating_sub(matched));
        whole.next_token = next_token;
    }
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    Ok(whole)
}

fn hidden(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_bar} {pos} of {len} flows")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(length), indicatif::ProgressDrawTarget::hidden()).with_style(style)
}

fn read(answer: Value) -> Result<FlushFlowsResult, Failure> {
    serde_json::from_value(answer).map_err(|error| Failure::new("the controller's answer is not understood", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn it_goes_on_until_nothing_is_left() {
        let mut answers = vec![
            json!({"Matched": 2, "Cut": 1}),
            json!({"Matched": 12, "Cut": 10, "NextToken": "77"}),
            json!({"Matched": 22, "Cut": 10, "NextToken": "77"}),
        ];
        let mut bodies = Vec::new();
        let call = Call::new("FlushFlows").with("Peer", "10.0.0.0/8");
        let whole = flush(&call, |call| {
            bodies.push(call.body());
            Ok(answers.pop().expect("no call after the last answer"))
        });
        let whole = serde_json::to_value(whole.expect("answers")).expect("JSON");
        assert_eq!(whole, json!({"Matched": 22, "Cut": 21}));
        let next = json!({"Peer": "10.0.0.0/8", "NextToken": "77"});
        assert_eq!(bodies, [json!({"Peer": "10.0.0.0/8"}), next.clone(), next]);
    }
}
