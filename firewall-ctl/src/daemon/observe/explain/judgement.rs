//! Findings in words.

use super::super::nearest::{Candidate, Question, candidates, remedy};
use crate::actions::types::{AnswerJudgement, PacketJudgement, RuleOnPaper};
use crate::model::{GroupId, Model, NetworkInterface, RuleId};
use crate::probe::{Findings, Heard, Probe};
use firewall_common::verdict::{Pass, Reason, Verdict};
use std::collections::BTreeSet;

/// The most rules that are told of those that nearly allow a packet.
const NEAREST: usize = 5;

/// A model before which a packet is put at an interface.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    /// What there is, perhaps only on paper.
    pub(super) model: &'a Model,
    /// The interface, attached.
    pub(super) interface: &'a NetworkInterface,
    /// The packet.
    pub(super) probe: &'a Probe,
    /// The model that is in force: what this one has beyond it has no identifier yet.
    pub(super) recorded: &'a Model,
}

/// A case with the rules that come near.
#[derive(Debug)]
pub(super) struct Rules<'a> {
    case: Case<'a>,
    question: Question,
    candidates: Vec<Candidate>,
}

impl<'a> Rules<'a> {
    pub(super) fn new(case: Case<'a>) -> Self {
        let Probe { direction, protocol, service, .. } = *case.probe;
        let question = Question { direction, protocol, service, peer: case.probe.peer() };
        let candidates = candidates(case.model, case.interface, &question);
        Self { case, question, candidates }
    }

    /// The numbers of the rules that allow the packet.
    pub(super) fn allowing(&self) -> BTreeSet<u32> {
        self.candidates.iter().filter(|candidate| candidate.lacks.is_none()).map(|found| found.rule.number).collect()
    }

    /// A rule by its number, as it stands to the packet.
    pub(super) fn told(&self, number: u32) -> RuleOnPaper {
        if let Some(candidate) = self.candidates.iter().find(|candidate| candidate.rule.number == number) {
            return self.on_paper(candidate);
        }
        match rule_of(self.case.model, number) {
            Some((group, id)) => RuleOnPaper {
                security_group_rule_id: Some(id.to_string()),
                group_id: Some(group.to_string()),
                text: format!("{id} of {group}, which does not allow it"),
            },
            None => RuleOnPaper {
                security_group_rule_id: None,
                group_id: None,
                text: format!("number {number}, of which nothing is recorded"),
            },
        }
    }

    fn on_paper(&self, candidate: &Candidate) -> RuleOnPaper {
        let sentence = candidate.sentence(&self.question);
        let id = candidate.id();
        let group = candidate.group;
        let is_recorded = self.case.recorded.groups.get(&group).is_some_and(|group| group.rules.contains_key(&id));
        let group_id = self.case.recorded.groups.contains_key(&group).then(|| group.to_string());
        if is_recorded {
            return RuleOnPaper { security_group_rule_id: Some(id.to_string()), group_id, text: sentence };
        }
        let what = sentence.strip_prefix(&id.to_string()).unwrap_or(&sentence);
        RuleOnPaper { security_group_rule_id: None, group_id, text: format!("a new rule{what}") }
    }

    /// The identifier of a rule, if it is recorded.
    fn recorded(&self, number: Option<u32>) -> Option<String> {
        let (_, id) = rule_of(self.case.recorded, number?)?;
        Some(id.to_string())
    }

    /// What tables say, in words. `allowing` are the numbers of the rules by which they allow the packet.
    pub(super) fn judgement(&self, findings: &Findings, allowing: &BTreeSet<u32>) -> PacketJudgement {
        let Findings { entry: _, first, packet, answer, rules: _ } = findings;
        let is_refused = matches!(
            packet.verdict,
            Verdict::Drop(Reason::NoService | Reason::NoPeer) | Verdict::WouldDrop(Reason::NoService | Reason::NoPeer)
        );
        // A group that there is only on paper can get no rule.
        let is_recorded = |group: &GroupId| self.case.recorded.groups.contains_key(group);
        let has_hint = is_refused && self.case.interface.groups.first().is_some_and(is_recorded);
        let nearly = self.candidates.iter().filter(|candidate| candidate.lacks.is_some()).take(NEAREST);
        PacketJudgement {
            verdict: packet.verdict.kind().to_owned(),
            reason: packet.verdict.name().to_owned(),
            explanation: explanation(packet, first.as_ref()),
            security_group_rule_id: self.recorded(packet.rule),
            matching_rules: allowing.iter().map(|number| self.told(*number)).collect(),
            nearest_rules: nearly.map(|candidate| self.on_paper(candidate)).collect(),
            hint: has_hint.then(|| format!("To allow it: {}", remedy(self.case.interface, &self.question))),
            answer: answer.as_ref().map(|answer| AnswerJudgement {
                direction: self.case.probe.direction.reverse().name().to_owned(),
                verdict: answer.verdict.kind().to_owned(),
                reason: answer.verdict.name().to_owned(),
                explanation: explanation(answer, None),
                security_group_rule_id: self.recorded(answer.rule),
            }),
        }
    }
}

/// Rule and group of a number.
fn rule_of(model: &Model, number: u32) -> Option<(GroupId, RuleId)> {
    model.rule_by_number(number).map(|(group, rule)| (group.id, rule.id))
}

/// Why, in a sentence or two.
fn explanation(heard: &Heard, first: Option<&Heard>) -> String {
    let Heard { verdict, rule: _ } = heard;
    let mut text = match verdict {
        Verdict::Allow(pass) => pass.sentence().to_owned(),
        Verdict::Drop(reason) => reason.sentence().to_owned(),
        Verdict::WouldDrop(reason) => format!("{} It passes since nothing is enforced.", reason.sentence()),
    };
    if let Some(first) = first {
        text.push_str(&format!(" The first fragment: {} ({}).", first.verdict.kind(), first.verdict.name()));
    }
    text
}

/// What else is to be known of a packet.
pub(super) fn notes(probe: &Probe, findings: &Findings) -> Vec<String> {
    let is_unknown_error = probe.is_icmp_error() && findings.packet.verdict != Verdict::Allow(Pass::IcmpError);
    let note = "An ICMP error that quotes a packet of a flow that lives passes by that flow. This one quotes nothing.";
    is_unknown_error.then(|| note.to_owned()).into_iter().collect()
}
