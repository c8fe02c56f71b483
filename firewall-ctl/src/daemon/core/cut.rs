//! Cutting flows: those that somebody chose, and those whose rule goes.

use super::transition::new_rules;
use super::{Caller, Core};
use crate::actions::types::{
    FlushFlowsResult, ReplaceResult, ReplaceSecurityGroupRules, RevokeResult, RevokeSecurityGroupEgress,
    RevokeSecurityGroupIngress,
};
use crate::actions::{ApiError, ErrorCode, Request, Response};
use crate::compile::memory::FlowKey;
use crate::daemon::enforcer::Enforcer;
use crate::daemon::lockout::SshConnection;
use crate::daemon::observe::flows::{Selected, admitted_by};
use crate::model::Model;
use crate::store::Store;
use std::collections::BTreeSet;

/// Where an answer says how many flows were cut.
pub(super) fn count_in(response: &mut Response) -> Option<&mut Option<u64>> {
    match response {
        Response::Revoke(RevokeResult { cut_flows, .. }) | Response::Replace(ReplaceResult { cut_flows, .. }) => {
            Some(cut_flows)
        }
        _ => None,
    }
}

/// Whether a revocation is to cut flows, too. Taken out of the request: the action itself knows nothing of flows.
pub(super) fn take_wish(request: &mut Request) -> bool {
    match request {
        Request::RevokeSecurityGroupIngress(RevokeSecurityGroupIngress { cut_flows, .. })
        | Request::RevokeSecurityGroupEgress(RevokeSecurityGroupEgress { cut_flows, .. })
        | Request::ReplaceSecurityGroupRules(ReplaceSecurityGroupRules { cut_flows, .. }) => std::mem::take(cut_flows),
        _ => false,
    }
}

/// What somebody hears who is about to cut the branch that they sit on.
fn own(connection: &SshConnection) -> ApiError {
    let message = format!("This would cut the connection that you come by ({connection}).");
    ApiError::new(ErrorCode::WouldLockOut, message)
        .with_detail("Leave it out, or do it nevertheless: --force. What is cut cannot be undone.")
}

impl<E: Enforcer, S: Store> Core<E, S> {
    /// Cuts flows that were chosen.
    ///
    /// # Errors
    /// The caller's own connection is among them, or the kernel refuses.
    pub fn flush(&mut self, selected: Selected, caller: &Caller) -> Result<Response, ApiError> {
        let Selected { matched, keys, own: is_own, next_token, dry_run } = selected;
        if let Some(connection) = is_own.filter(|_| !caller.force && !dry_run) {
            return Err(own(&connection));
        }
        let cut = if dry_run { 0 } else { self.enforcer.cut(&keys)? };
        if cut > 0 {
            tracing::info!(cut, "flows were cut");
        }
        Ok(Response::FlushFlows(FlushFlowsResult { matched, cut, dry_run, next_token }))
    }

    /// The numbers of the rules that go.
    pub(super) fn revoked(&self, next: &Model) -> BTreeSet<u32> {
        new_rules(next, &self.model).into_iter().collect()
    }

    /// Refuses to cut the flows of rules where the caller comes by one of them.
    pub(super) fn may_cut(&self, rules: &BTreeSet<u32>, caller: &Caller) -> Result<(), ApiError> {
        let Some(connection) = caller.ssh.as_ref().filter(|_| !caller.force) else { return Ok(()) };
        match admitted_by(&*self.observer, rules, Some(connection))?.is_empty() {
            true => Ok(()),
            false => Err(own(connection)),
        }
    }

    /// Cuts the flows of rules that are gone, and says how many.
    pub(super) fn cut_revoked(&mut self, rules: &BTreeSet<u32>) -> Result<u64, ApiError> {
        // A packet that has seen the old rules may begin a flow still.
        self.enforcer.reclaim();
        let keys: Vec<FlowKey> = admitted_by(&*self.observer, rules, None)?;
        self.enforcer.cut(&keys)
    }
}
