//! What most tests ask of a controller, in a word each.

use super::Controller;
use crate::wait::eventually;
use serde_json::Value;

impl Controller<'_> {
    /// Makes a group in the default VPC and gives its id.
    ///
    /// # Panics
    /// If it is refused.
    #[must_use]
    pub fn group(&self, name: &str) -> String {
        let answer = self.ok(&["create-security-group", "--group-name", name, "--description", "of a test"]);
        text(&answer, "/GroupId")
    }

    /// Id of the default group of the default VPC.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn default_group(&self) -> String {
        let answer = self.ok(&["describe-security-groups", "--filters", "Name=group-name,Values=default"]);
        text(&answer, "/SecurityGroups/0/GroupId")
    }

    /// Lets a peer in: a block of either family, or a group.
    ///
    /// # Panics
    /// If it is refused.
    pub fn allow(&self, group: &str, protocol: &str, port: &str, peer: &str) {
        self.rule("authorize-security-group-ingress", group, protocol, port, peer);
    }

    /// Lets members out to a peer: a block of either family, or a group.
    ///
    /// # Panics
    /// If it is refused.
    pub fn allow_out(&self, group: &str, protocol: &str, port: &str, peer: &str) {
        self.rule("authorize-security-group-egress", group, protocol, port, peer);
    }

    /// Takes the rule of [`Controller::allow`] away again.
    ///
    /// # Panics
    /// If it is refused.
    pub fn revoke(&self, group: &str, protocol: &str, port: &str, peer: &str) {
        self.rule("revoke-security-group-ingress", group, protocol, port, peer);
    }

    /// Takes both rules away that let a new group's members out to anybody.
    ///
    /// # Panics
    /// If it is refused.
    pub fn close_egress(&self, group: &str) {
        for anyone in ["0.0.0.0/0", "::/0"] {
            self.rule("revoke-security-group-egress", group, "-1", "-1", anyone);
        }
    }

    fn rule(&self, command: &str, group: &str, protocol: &str, port: &str, peer: &str) {
        let flag = if peer.starts_with("sg-") { "--source-group" } else { "--cidr" };
        self.ok(&[command, "--group-id", group, "--protocol", protocol, "--port", port, flag, peer]);
    }

    /// Attaches a device, and gives the interface's id.
    ///
    /// # Panics
    /// If it is refused.
    pub fn attach(&self, device: &str, group: &str, options: &[&str]) -> String {
        let answer = self.ok(&[&["attach", device, "--groups", group], options].concat());
        assert_eq!(text(&answer, "/State"), "attached", "{answer}");
        text(&answer, "/NetworkInterfaceId")
    }

    /// Makes an interface that lives elsewhere, with an address of either family, and gives its id.
    ///
    /// # Panics
    /// If it is refused.
    #[must_use]
    pub fn member(&self, group: &str, address: std::net::IpAddr) -> String {
        let flag = if address.is_ipv4() { "--private-ip-address" } else { "--ipv6-addresses" };
        let answer = self.ok(&["create-network-interface", "--groups", group, flag, &address.to_string()]);
        text(&answer, "/NetworkInterface/NetworkInterfaceId")
    }

    /// Deletes an interface that lives elsewhere.
    ///
    /// # Panics
    /// If it is refused.
    pub fn delete_member(&self, id: &str) {
        self.ok(&["delete-network-interface", "--network-interface-id", id]);
    }

    /// Packets of a device with one outcome, by its name; `side` is `Ingress` or `Egress`.
    ///
    /// # Panics
    /// If the device is not attached.
    #[must_use]
    pub fn counter(&self, device: &str, side: &str, reason: &str) -> u64 {
        self.counted(device, side, reason)[0]
    }

    /// Waits until more packets of a device have had an outcome than before. Who sends one is not told when it is judged.
    ///
    /// # Panics
    /// If that does not happen, or the device is not attached.
    #[track_caller]
    pub fn counts_above(&self, before: u64, device: &str, side: &str, reason: &str) {
        let what = format!("{side} {reason} of {device} is counted more than {before} times");
        eventually(&what, || self.counter(device, side, reason) > before);
    }

    /// Packets and octets of a device with one outcome, by its name; `side` is `Ingress` or `Egress`.
    ///
    /// # Panics
    /// If the device is not attached.
    #[must_use]
    pub fn counted(&self, device: &str, side: &str, reason: &str) -> [u64; 2] {
        self.counted_where(device, side, |outcome| outcome["Reason"] == reason)
    }

    /// Packets of a device that a reason would have dropped if the rules were enforced.
    ///
    /// # Panics
    /// If the device is not attached.
    #[must_use]
    pub fn would_drop(&self, device: &str, side: &str, reason: &str) -> u64 {
        let is_meant = |outcome: &Value| outcome["Verdict"] == "would-drop" && outcome["Reason"] == reason;
        self.counted_where(device, side, is_meant)[0]
    }

    fn counted_where(&self, device: &str, side: &str, is_meant: impl Fn(&Value) -> bool) -> [u64; 2] {
        let answer = self.ok(&["counters", device]);
        let outcomes = answer.pointer(&format!("/Interfaces/0/{side}")).and_then(Value::as_array);
        let outcomes = outcomes.unwrap_or_else(|| panic!("no counters of {device}: {answer}"));
        let meant: Vec<&Value> = outcomes.iter().filter(|outcome| is_meant(outcome)).collect();
        ["Packets", "Bytes"].map(|key| meant.iter().filter_map(|outcome| outcome[key].as_u64()).sum())
    }

    /// How the first attached device is, in the daemon's words.
    ///
    /// # Panics
    /// If the daemon does not answer, or nothing is attached.
    #[must_use]
    pub fn state(&self) -> String {
        text(&self.ok(&["status"]), "/Interfaces/0/State")
    }

    /// Where frames of a device are judged: those that its side takes in, and those that it lets out.
    ///
    /// # Panics
    /// If the daemon does not answer, or the device is not attached.
    #[must_use]
    pub fn hooks(&self, device: &str) -> [String; 2] {
        let answer = self.ok(&["status"]);
        let interfaces = answer["Interfaces"].as_array().cloned().unwrap_or_default();
        let interface = interfaces.iter().find(|interface| interface["Device"] == device);
        let interface = interface.unwrap_or_else(|| panic!("{device} is not attached: {answer}"));
        ["HookIngress", "HookEgress"].map(|key| interface[key].as_str().unwrap_or_default().to_owned())
    }

    /// How often the daemon has said so.
    #[must_use]
    pub fn said(&self, words: &str) -> usize {
        self.log().lines().filter(|line| line.contains(words)).count()
    }

    /// The devices that are attached, by the daemon's word.
    ///
    /// # Panics
    /// If the daemon does not answer.
    #[must_use]
    pub fn attached(&self) -> Vec<String> {
        let answer = self.ok(&["status"]);
        let interfaces = answer["Interfaces"].as_array().cloned().unwrap_or_default();
        interfaces.iter().map(|interface| text(interface, "/Device")).collect()
    }
}

/// A text in an answer.
///
/// # Panics
/// If there is none.
#[must_use]
pub fn text(answer: &Value, pointer: &str) -> String {
    let text = answer.pointer(pointer).and_then(Value::as_str);
    text.unwrap_or_else(|| panic!("no {pointer} in {answer}")).to_owned()
}
