//! Actions of our own that judge a packet on paper: what becomes of it, and what would after a change.

use super::flow::FlowDescription;
use super::interface::GroupIdentifier;
use super::{answer, request};

request! {
    /// Says what becomes of a packet at an attached interface, and why.
    ExplainPacket {
        /// The interface that is attached to this device; needless where only one is attached.
        device: Option<String>,
        /// The interface, in place of its device.
        network_interface_id: Option<String>,
        /// The packet.
        packet: PacketSpecification,
        /// Ask the tables in the kernel, too, and say where they differ from what there should be.
        live: bool,
    }

    /// Says what would become of a packet at an interface before and after changes that are not made. Flows are left out: it
    /// is as if the packet began one.
    SimulatePacket {
        /// The interface that is, or was, attached to this device.
        device: Option<String>,
        /// The interface, in place of its device; it may live elsewhere.
        network_interface_id: Option<String>,
        /// What is behind the interface, `host` or `workload`; that of its attachment, else `host`, when absent.
        side: Option<String>,
        /// The packet.
        packet: PacketSpecification,
        /// Requests that change something, made on paper one after the other: each its members, and as `Action` its name. A text
        /// such as `@0.GroupId` is that member of the answer that the first one would have.
        changes: Vec<serde_json::Map<String, serde_json::Value>>,
    }

    /// A packet on paper.
    PacketSpecification {
        /// `ingress` or `egress`, seen from the interface's side; `ingress` when absent.
        direction: Option<String>,
        /// `tcp`, `udp`, `icmp`, `icmpv6` or the number of another one.
        protocol: Option<String>,
        /// The address at the other end: the source of what comes in, the destination of what goes out.
        peer_address: Option<String>,
        /// Where it comes from; of what goes out, the interface's first address of the peer's family when absent.
        source_address: Option<String>,
        /// Where it goes; of what comes in, the interface's first address of the peer's family when absent.
        destination_address: Option<String>,
        /// The port that it comes from, of TCP and UDP; 50 000 when absent.
        source_port: Option<u16>,
        /// The port that it goes to, of TCP and UDP.
        destination_port: Option<u16>,
        /// Type, of ICMP; that of an echo request when absent.
        icmp_type: Option<u8>,
        /// Code, of ICMP; 0 when absent.
        icmp_code: Option<u8>,
        /// Identifier of a query, of ICMP; 1 when absent.
        icmp_identifier: Option<u16>,
        /// Of TCP: some of `fin`, `syn`, `rst`, `psh`, `ack` and `urg`, or `none`; `syn` when absent.
        tcp_flags: Vec<String>,
        /// `first`, `later` or `alone`: the fragment that begins a datagram, another one after that, or another one of which the
        /// first was not seen. A whole datagram when absent.
        fragment: Option<String>,
        /// VLAN identifiers, the outer one first: two at most.
        vlans: Vec<u16>,
    }
}

answer! {
    /// Answer of ExplainPacket.
    ExplainPacketResult {
        /// The interface.
        network_interface_id: String,
        /// Its device.
        device: String,
        /// What is behind it: `host` or `workload`.
        side: String,
        /// Whether its rules are enforced.
        enforce: bool,
        /// Its VPC.
        vpc_id: String,
        /// Its groups, whose rules judge.
        groups: Vec<GroupIdentifier>,
        /// The packet, whole.
        packet: PacketOnPaper,
        /// The flow that it belongs to, as the kernel knows it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flow: Option<FlowDescription>,
        /// What becomes of it by what is recorded: groups, rules, members, lists.
        by_model: PacketJudgement,
        /// What becomes of it by the tables in the kernel, where these were asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by_kernel: Option<PacketJudgement>,
        /// Where the kernel differs from what is recorded. Absent where it was not asked, and empty where it does not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        drift: Option<Vec<String>>,
        /// What else is to be known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    }

    /// Answer of SimulatePacket.
    SimulatePacketResult {
        /// The interface.
        network_interface_id: String,
        /// What is behind it: `host` or `workload`.
        side: String,
        /// Its VPC.
        vpc_id: String,
        /// The packet, whole.
        packet: PacketOnPaper,
        /// What becomes of it now.
        before: PacketJudgement,
        /// What became of the changes, in their order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<ChangeOnPaper>,
        /// What becomes of it after the changes; the same as before where there are none. Absent where they take the interface
        /// away.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<PacketJudgement>,
        /// What else is to be known.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        notes: Vec<String>,
    }

    /// A packet on paper, whole. What its protocol does not have is absent.
    PacketOnPaper {
        /// `ingress` or `egress`.
        direction: String,
        /// The protocol, as rules name it.
        protocol: String,
        /// Where it comes from.
        source_address: String,
        /// From which port.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        source_port: Option<u16>,
        /// Where it goes.
        destination_address: String,
        /// To which port.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        destination_port: Option<u16>,
        /// Type, of ICMP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        icmp_type: Option<u8>,
        /// Code, of ICMP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        icmp_code: Option<u8>,
        /// Identifier, of ICMP.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        icmp_identifier: Option<u16>,
        /// TCP flags that are set.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        tcp_flags: Vec<String>,
        /// `first`, `later` or `alone`, of a fragment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fragment: Option<String>,
        /// VLAN identifiers, the outer one first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        vlans: Vec<u16>,
    }

    /// What becomes of a packet, and why.
    PacketJudgement {
        /// `pass`, `drop`, or `would-drop` where it passes since nothing is enforced.
        verdict: String,
        /// Why, by its name.
        reason: String,
        /// Why, in a sentence.
        explanation: String,
        /// The rule that lets it through or has admitted its flow. Absent where there is none, and where it is gone or is only on
        /// paper.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        security_group_rule_id: Option<String>,
        /// All rules that allow it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        matching_rules: Vec<RuleOnPaper>,
        /// Rules that nearly allow it, the nearest first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        nearest_rules: Vec<RuleOnPaper>,
        /// Where no rule allows it: a command that would.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
        /// What would become of the answer. Absent where the packet does not pass, or is not answered.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<AnswerJudgement>,
    }

    /// What would become of the answer to a packet.
    AnswerJudgement {
        /// `ingress` or `egress`: the other way.
        direction: String,
        /// `pass`, `drop` or `would-drop`.
        verdict: String,
        /// Why, by its name.
        reason: String,
        /// Why, in a sentence.
        explanation: String,
        /// The rule that lets it through or has admitted its flow.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        security_group_rule_id: Option<String>,
    }

    /// How a rule stands to a packet.
    RuleOnPaper {
        /// The rule; absent for one that there is only on paper, or that nothing is recorded of.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        security_group_rule_id: Option<String>,
        /// Its group.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        group_id: Option<String>,
        /// What it allows, and what it lacks.
        text: String,
    }

    /// What became of a change on paper.
    ChangeOnPaper {
        /// Its name.
        action: String,
        /// Why it would be refused; absent where it would be made. What comes after it is judged without it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refusal: Option<RefusalOnPaper>,
        /// What its caller would be warned of.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        warnings: Vec<String>,
    }

    /// What a change would be refused with.
    RefusalOnPaper {
        /// The code.
        code: String,
        /// The message.
        message: String,
        /// What to do about it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    }
}
