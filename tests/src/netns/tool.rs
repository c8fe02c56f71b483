//! What administrators type in a namespace: `ip`, `tc`, `nft`, `iptables`.

use super::Namespace;
use std::io::Write;
use std::process::{Output, Stdio};

impl Namespace {
    /// Runs a tool that has to succeed, its arguments as they are typed, and gives what it printed.
    ///
    /// # Panics
    /// If it is not installed (`cargo xtask toolchain` installs it), or if it fails.
    pub fn tool(&self, program: &str, arguments: &str) -> String {
        let output = self.try_tool(program, arguments);
        assert!(output.status.success(), "{program} {arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs a tool that has to fail, and gives what it said.
    ///
    /// # Panics
    /// If it is not installed, or if it succeeds.
    pub fn refused_tool(&self, program: &str, arguments: &str) -> String {
        let output = self.try_tool(program, arguments);
        assert!(!output.status.success(), "{program} {arguments} should have failed");
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn try_tool(&self, program: &str, arguments: &str) -> Output {
        let output = self.command(program).args(arguments.split_whitespace()).stdin(Stdio::null()).output();
        output.unwrap_or_else(|error| panic!("start {program} (`cargo xtask toolchain` installs it): {error}"))
    }

    /// `ip`, of iproute2.
    ///
    /// # Panics
    /// If it fails.
    pub fn ip(&self, arguments: &str) -> String {
        self.tool("ip", arguments)
    }

    /// `tc`, of iproute2.
    ///
    /// # Panics
    /// If it fails.
    pub fn tc(&self, arguments: &str) -> String {
        self.tool("tc", arguments)
    }

    /// `iptables`.
    ///
    /// # Panics
    /// If it fails.
    pub fn iptables(&self, arguments: &str) -> String {
        self.tool("iptables", &format!("--wait {arguments}"))
    }

    /// Hands rules to `nft`.
    ///
    /// # Panics
    /// If it refuses them.
    pub fn nft(&self, rules: &str) {
        let mut command = self.command("nft");
        command.args(["-f", "-"]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn();
        let mut child =
            child.unwrap_or_else(|error| panic!("start nft (`cargo xtask toolchain` installs it): {error}"));
        let mut stdin = child.stdin.take().expect("was piped just above");
        stdin.write_all(rules.as_bytes()).expect("nft reads its rules");
        drop(stdin);
        let output = child.wait_with_output().expect("wait for nft");
        assert!(output.status.success(), "{}\nin:\n{rules}", String::from_utf8_lossy(&output.stderr));
    }

    /// Packets of a named counter of a table of nft, such as `inet filter`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn nft_counter(&self, table: &str, name: &str) -> u64 {
        let listed = self.tool("nft", &format!("list counter {table} {name}"));
        let mut words = listed.split_whitespace().skip_while(|word| *word != "packets");
        let packets = words.nth(1).and_then(|number| number.parse().ok());
        packets.unwrap_or_else(|| panic!("no packets in {listed}"))
    }
}
