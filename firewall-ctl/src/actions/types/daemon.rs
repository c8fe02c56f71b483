//! Actions that the controller answers itself: they are about the kernel, not about the model.

use super::{answer, request};

request! {
    /// How the controller and the dataplane are.
    Status {}

    /// What was counted.
    DescribeCounters {
        /// This device only.
        device: Option<String>,
        /// This interface only.
        network_interface_id: Option<String>,
    }

    /// Keeps the change that waits for its confirmation.
    ConfirmChange {}

    /// Takes the change back that waits for its confirmation.
    UndoChange {}
}

answer! {
    /// Answer of Status.
    StatusResult {
        /// The controller's version.
        version: String,
        /// Its process.
        pid: u32,
        /// Since when it runs.
        started_at: String,
        /// The machine's kernel.
        kernel: String,
        /// The Region in ARNs.
        region: String,
        /// The account of local callers.
        account_id: String,
        /// Where the state is.
        state_dir: String,
        /// Where the programs and tables are pinned.
        bpffs: String,
        /// The programs in the kernel.
        programs: ProgramsStatus,
        /// The change that waits for its confirmation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pending_change: Option<PendingChange>,
        /// The attached interfaces.
        interfaces: Vec<InterfaceStatus>,
        /// The interfaces whose tags ask for devices of this host.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        bindings: Vec<BindingStatus>,
        /// How full the tables are.
        tables: Vec<TableUsage>,
        /// What is amiss, one line each.
        problems: Vec<String>,
    }

    /// The programs in the kernel.
    ProgramsStatus {
        /// Version of the layout of the tables.
        abi_version: u32,
        /// Hash of the object they were loaded from.
        object_sha256: String,
        /// Whether they were there when the controller started.
        adopted: bool,
    }

    /// A change that is undone unless it is confirmed.
    PendingChange {
        /// The action that made it.
        operation: String,
        /// When it is undone.
        deadline: String,
    }

    /// An attached interface.
    InterfaceStatus {
        /// Its record.
        network_interface_id: String,
        /// The device's name.
        device: String,
        /// The device's index, while it is there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        index: Option<u32>,
        /// The number of the attachment on this host.
        attachment_number: u32,
        /// `host` or `workload`.
        side: String,
        /// The hook that was asked for.
        hook_wanted: String,
        /// What ingress runs on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hook_ingress: Option<String>,
        /// What egress runs on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hook_egress: Option<String>,
        /// Its groups.
        groups: Vec<String>,
        /// Its addresses.
        addresses: Vec<String>,
        /// Whether the rules are enforced, or only watched: nothing is dropped then.
        enforce: bool,
        /// `enforced`, `monitored: nothing is dropped`, or what is amiss.
        state: String,
        /// Flows that are alive.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flows: Option<u64>,
    }

    /// An interface whose tag asks for a device of this host.
    BindingStatus {
        /// Its record.
        network_interface_id: String,
        /// The device's name.
        device: String,
        /// `bound`, `pending` or `refused`.
        state: String,
        /// Why it is not bound.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }

    /// How full a table is.
    TableUsage {
        /// Its name.
        table: String,
        /// Entries in use.
        used: u64,
        /// Entries there is room for.
        size: u64,
    }

    /// Answer of DescribeCounters.
    DescribeCountersResult {
        /// By interface.
        interfaces: Vec<InterfaceCounters>,
        /// By rule, where a packet was counted; all interfaces together.
        rules: Vec<RuleCounters>,
        /// Packets that were dropped without a record, on all interfaces: there were too many of them at once. They are
        /// counted all the same.
        unrecorded_drops: u64,
    }

    /// How many flows an interface has, and may still have.
    FlowGauges {
        /// Flows whose opener has not proved yet that it sees the answers, as of some seconds ago.
        half_open: u64,
        /// Established flows of TCP.
        tcp_established: u64,
        /// How many more of these it may have.
        tcp_available: u64,
        /// Established flows of other protocols.
        other_established: u64,
        /// How many more of these it may have.
        other_available: u64,
    }

    /// What was counted on an interface.
    InterfaceCounters {
        /// Its record.
        network_interface_id: String,
        /// The device's name.
        device: String,
        /// The number of the attachment on this host.
        attachment_number: u32,
        /// Established flows that the interface may still have.
        conntrack_allowance_available: u64,
        /// Packets for whose flow there was no room, in the interface's allowance or in the table.
        conntrack_allowance_exceeded: u64,
        /// How many flows it has.
        flows: FlowGauges,
        /// What came to the protected side.
        ingress: Vec<OutcomeCounter>,
        /// What came from the protected side.
        egress: Vec<OutcomeCounter>,
    }

    /// Packets with one outcome.
    OutcomeCounter {
        /// `pass` or `drop`.
        verdict: String,
        /// Why, by its name.
        reason: String,
        /// Packets.
        packets: u64,
        /// Their octets.
        bytes: u64,
    }

    /// What a rule allowed.
    RuleCounters {
        /// The rule.
        security_group_rule_id: String,
        /// Its group.
        group_id: String,
        /// Whether it is about what goes out.
        is_egress: bool,
        /// Packets that were judged by it.
        packets: u64,
        /// Their octets.
        bytes: u64,
        /// Flows that it began.
        flows: u64,
    }

    /// Answer of ConfirmChange and UndoChange.
    ChangeResult {
        /// The action whose change it was.
        operation: String,
        /// `confirmed` or `undone`.
        state: String,
    }
}
