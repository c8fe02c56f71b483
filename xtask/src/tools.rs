//! What tests type into namespaces: found, or installed.

use crate::debian;
use crate::machine::Machine;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// A tool, and the Debian package that has it.
struct Tool {
    name: &'static str,
    package: &'static str,
}

const TOOLS: [Tool; 4] = [
    Tool { name: "ip", package: "iproute2" },
    Tool { name: "tc", package: "iproute2" },
    Tool { name: "nft", package: "nftables" },
    Tool { name: "iptables", package: "iptables" },
];

/// Where administrators' tools are when `PATH` is that of an ordinary user.
const ELSEWHERE: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Finds all of them; on Debian as root, installs what is missing.
///
/// # Errors
/// Names what is missing, and the command that installs it.
pub fn find_or_install(machine: &dyn Machine) -> Result<Vec<PathBuf>> {
    let packages = missing(machine);
    if !packages.is_empty() {
        if !debian::can_install(machine) {
            bail!("{}", remedy(&packages));
        }
        println!("Tools for the tests are missing; installing Debian's {}.", packages.join(" and "));
        debian::install(&packages)?;
    }
    let packages = missing(machine);
    if !packages.is_empty() {
        bail!("{}", remedy(&packages));
    }
    Ok(TOOLS.iter().filter_map(|tool| find(machine, tool.name)).collect())
}

/// Where a program is, on `PATH` or where administrators have theirs.
pub fn find(machine: &dyn Machine, name: &str) -> Option<PathBuf> {
    let elsewhere = ELSEWHERE.iter().map(|directory| PathBuf::from(directory).join(name));
    machine.on_path(name).into_iter().chain(elsewhere.filter(|path| machine.has(path))).next()
}

/// The packages of the tools that are not there, each once.
fn missing(machine: &dyn Machine) -> Vec<&'static str> {
    let mut packages: Vec<&str> =
        TOOLS.iter().filter(|tool| find(machine, tool.name).is_none()).map(|tool| tool.package).collect();
    packages.dedup();
    packages
}

fn remedy(packages: &[&str]) -> String {
    let packages = packages.join(" ");
    format!(
        "tools that the tests use are missing; on Debian, as root:\n  \
         apt-get update && apt-get install -y --no-install-recommends {packages}\n\
         elsewhere, the packages with `ip`, `tc`, `nft` and `iptables`"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::fake::Fake;

    #[test]
    fn what_is_missing_is_named_once_by_its_package() {
        let none = Fake::default().variable("PATH", "/usr/bin");
        assert_eq!(missing(&none), ["iproute2", "nftables", "iptables"]);
        let error = find_or_install(&none).unwrap_err().to_string();
        assert!(error.contains("install -y --no-install-recommends iproute2 nftables iptables"), "{error}");
    }

    #[test]
    fn tools_are_found_on_the_path_and_where_administrators_have_them() {
        let machine = Fake::default().variable("PATH", "/usr/bin");
        let machine = machine.file("/usr/bin/ip").file("/usr/sbin/tc").file("/usr/sbin/nft").file("/sbin/iptables");
        let found = find_or_install(&machine).unwrap();
        assert_eq!(found, ["/usr/bin/ip", "/usr/sbin/tc", "/usr/sbin/nft", "/sbin/iptables"].map(PathBuf::from));
    }
}
