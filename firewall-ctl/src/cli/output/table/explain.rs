//! What becomes of a packet.

use super::{Screen, alarming, finish, flows};
use crate::actions::types::{
    AnswerJudgement, ChangeOnPaper, DescribeFlowsResult, ExplainPacketResult, GroupIdentifier, PacketJudgement,
    PacketOnPaper, RefusalOnPaper, RuleOnPaper, SimulatePacketResult,
};
use comfy_table::{Cell, Table};

pub(super) fn explained(screen: &Screen, answer: &ExplainPacketResult) -> String {
    let ExplainPacketResult {
        network_interface_id,
        device,
        side,
        enforce,
        vpc_id,
        groups,
        packet,
        flow,
        by_model,
        by_kernel,
        drift,
        notes,
    } = answer;
    let groups: Vec<String> =
        groups.iter().map(|GroupIdentifier { group_id, group_name }| format!("{group_id} ({group_name})")).collect();
    let enforced = if *enforce { "enforced" } else { "only watched" };
    let mut text = screen.headline(&in_words(packet));
    text.push_str(&format!(
        "{device} ({network_interface_id} of {vpc_id}), {side}, {enforced}: {}\n",
        groups.join(", ")
    ));
    let mut table = verdicts(screen);
    add(&mut table, "what is recorded", by_model);
    if let Some(by_kernel) = by_kernel {
        add(&mut table, "the kernel", by_kernel);
    }
    text.push_str(&finish(&table, ""));
    if let Some(flow) = flow {
        let flow = DescribeFlowsResult { flows: vec![flow.clone()], next_token: None };
        text.push_str(&format!("\n{}{}", screen.headline("Its flow"), flows::listed(screen, &flow)));
    }
    text.push_str(&rules(screen, None, by_model));
    if let Some(drift) = drift {
        let none = ["The kernel and what is recorded agree.".to_owned()];
        text.push_str(&list(screen, "Drift", if drift.is_empty() { &none } else { drift }));
    }
    text.push_str(&list(screen, "Notes", notes));
    text
}

pub(super) fn simulated(screen: &Screen, answer: &SimulatePacketResult) -> String {
    let SimulatePacketResult { network_interface_id, side, vpc_id, packet, before, changes, after, notes } = answer;
    let mut text = screen.headline(&in_words(packet));
    text.push_str(&format!("{network_interface_id} of {vpc_id}, {side}\n"));
    let mut table = verdicts(screen);
    if changes.is_empty() {
        add(&mut table, "what is recorded", before);
        return text + &finish(&table, "") + &rules(screen, None, before) + &list(screen, "Notes", notes);
    }
    add(&mut table, "before the changes", before);
    if let Some(after) = after {
        add(&mut table, "after them", after);
    }
    text.push_str(&finish(&table, ""));
    let told: Vec<String> = changes.iter().map(change).collect();
    text.push_str(&list(screen, "Changes", &told));
    text.push_str(&rules(screen, Some("Before the changes"), before));
    match after {
        Some(after) => text.push_str(&rules(screen, Some("After them"), after)),
        None => text.push_str("\nAfter them there is no such interface.\n"),
    }
    text.push_str(&list(screen, "Notes", notes));
    text
}

fn verdicts(screen: &Screen) -> Table {
    screen.table(["By", "What", "Verdict", "Reason", "Rule", "Why"])
}

/// A row for the packet, and one for its answer.
fn add(table: &mut Table, by: &str, judgement: &PacketJudgement) {
    let PacketJudgement {
        verdict,
        reason,
        explanation,
        security_group_rule_id,
        matching_rules: _,
        nearest_rules: _,
        hint: _,
        answer,
    } = judgement;
    let mut row = |what: &str, verdict: &str, reason: &str, rule: &Option<String>, why: &str| {
        let marked = if verdict == "pass" { Cell::new(verdict) } else { alarming(verdict) };
        let rule = rule.as_deref().unwrap_or_default();
        table.add_row([Cell::new(by), Cell::new(what), marked, Cell::new(reason), Cell::new(rule), Cell::new(why)]);
    };
    row("the packet", verdict, reason, security_group_rule_id, explanation);
    if let Some(AnswerJudgement { direction, verdict, reason, explanation, security_group_rule_id }) = answer {
        row(&format!("the answer ({direction})"), verdict, reason, security_group_rule_id, explanation);
    }
}

/// The rules that come near, and what to do.
fn rules(screen: &Screen, when: Option<&str>, judgement: &PacketJudgement) -> String {
    let title = |what: &str| match when {
        None => format!("Rules that {what} it"),
        Some(when) => format!("{when}: rules that {what} it"),
    };
    let texts = |rules: &[RuleOnPaper]| rules.iter().map(|rule| rule.text.clone()).collect::<Vec<_>>();
    let mut text = list(screen, &title("allow"), &texts(&judgement.matching_rules));
    text.push_str(&list(screen, &title("nearly allow"), &texts(&judgement.nearest_rules)));
    if let Some(hint) = &judgement.hint {
        text.push_str(&format!("\n{hint}\n"));
    }
    text
}

/// Lines under a headline; nothing where there are none.
fn list(screen: &Screen, title: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let lines: String = lines.iter().map(|line| format!("  {line}\n")).collect();
    format!("\n{}{lines}", screen.headline(title))
}

fn change(ChangeOnPaper { action, refusal, warnings }: &ChangeOnPaper) -> String {
    let mut text = match refusal {
        None => format!("{action}: would be made"),
        Some(RefusalOnPaper { code, message, detail }) => {
            let detail = detail.as_deref().map(|detail| format!("\n    {}", detail.replace('\n', "\n    ")));
            format!("{action}: would be refused ({code}): {message}{}", detail.unwrap_or_default())
        }
    };
    warnings.iter().for_each(|warning| text.push_str(&format!("\n    warning: {warning}")));
    text
}

/// Who to whom, about what: `ingress tcp 10.0.0.3:50000 -> 10.0.0.1:22 syn`.
fn in_words(packet: &PacketOnPaper) -> String {
    let PacketOnPaper {
        direction,
        protocol,
        source_address,
        source_port,
        destination_address,
        destination_port,
        icmp_type,
        icmp_code,
        icmp_identifier: _,
        tcp_flags,
        fragment,
        vlans,
    } = packet;
    let end = |address: &str, port: &Option<u16>| match port {
        Some(port) if address.contains(':') => format!("[{address}]:{port}"),
        Some(port) => format!("{address}:{port}"),
        None => address.to_owned(),
    };
    let kind = icmp_type.zip(*icmp_code).map(|(kind, code)| format!("/{kind}/{code}")).unwrap_or_default();
    let flags = if tcp_flags.is_empty() { String::new() } else { format!(" {}", tcp_flags.join("|")) };
    let fragment = fragment.as_ref().map(|which| format!(", {which} fragment")).unwrap_or_default();
    let vlans: String = vlans.iter().map(|id| format!(" vlan {id}")).collect();
    format!(
        "{direction} {protocol}{kind} {} -> {}{flags}{vlans}{fragment}",
        end(source_address, source_port),
        end(destination_address, destination_port)
    )
}
