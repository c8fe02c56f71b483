//! The reference of the configuration, for the documentation.

use super::numbers::{Key, QuotaSettings, TableLimits};
use super::{DEFAULT_BPFFS, DEFAULT_FILE, DEFAULT_RUN_DIR, DEFAULT_STATE_DIR};
use std::fmt::Write;

/// The keys outside of tables: name, default, sentence.
const PLAIN: [(&str, &str, &str); 14] = [
    ("state-dir", DEFAULT_STATE_DIR, "Directory of the state. Absolute; one controller each."),
    ("run-dir", DEFAULT_RUN_DIR, "Directory of the socket `firewall.sock`. Absolute; one controller each."),
    (
        "bpffs",
        DEFAULT_BPFFS,
        "Directory for pinned programs and tables, on a BPF file system. Absolute; one controller each.",
    ),
    (
        "log-level",
        "info",
        "Level of the controller's messages: `off`, `error`, `warn`, `info`, `debug` or `trace`. Read again on SIGHUP.",
    ),
    (
        "program-log",
        "off",
        "Level of the messages of the programs in the kernel, in the same words. `off` costs nothing.",
    ),
    (
        "traffic-control",
        "auto",
        "How programs are put into traffic control: `auto` takes TCX where the kernel has it, from 6.6 on, and clsact \
         filters elsewhere; `clsact` takes these always. At the next start, devices that are attached change over.",
    ),
    (
        "always-allow",
        "[]",
        "Addresses of either family, such as `[\"169.254.169.253\"]`, to and from which everything passes that is well formed, \
         whatever the rules say: name servers, clocks and metadata of a cloud. Counted as `always-allowed`.",
    ),
    ("region", "local", "Name of the region in answers: lower-case letters, digits and hyphens."),
    (
        "account-id",
        "000000000000",
        "Account that owns what is made by callers on the socket: 12 digits. The default VPC of the first start is of this \
         account; with another one later on, `create-default-vpc` makes another.",
    ),
    (
        "listen",
        "[]",
        "Addresses and ports on which the EC2 API is offered, such as `[\"127.0.0.1:8773\", \"[::1]:8773\"]`; see \
         [ec2-api.md](ec2-api.md). Others than loopback take a certificate.",
    ),
    (
        "credentials",
        "",
        "File of the access keys of the EC2 API, of mode 0600; without it `credentials.toml` in `state-dir`. Read again on \
         SIGHUP.",
    ),
    (
        "tls-certificate",
        "",
        "Certificate of the EC2 API, PEM, with those of its issuers behind it. The file is read again on SIGHUP.",
    ),
    ("tls-key", "", "Private key of the certificate, PEM. The file is read again on SIGHUP."),
    (
        "insecure-listen",
        "false",
        "Whether the EC2 API may be offered without a certificate on addresses that are not loopback: others can read along, \
         though not what requests are signed by.",
    ),
];

/// All keys of the configuration, as Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = format!(
        "# Configuration of the controller\n\n\
         `firewall-ctl daemon --config FILE` reads a TOML file; without `--config` it reads `{DEFAULT_FILE}` where that \
         exists. Every key is optional, a key that is not known is refused, and the flag of the same name overrides the \
         file (`--limit KEY=N` and `--quota KEY=N` for those in tables). SIGHUP has the file read again, for `log-level` \
         only, and the files of access keys, certificate and key that it named at the start.\n\n| key | default | what it is |\n|---|---|---|\n"
    );
    // Writing to a string does not fail.
    for (name, default, sentence) in PLAIN {
        let default = if default.is_empty() { "none".to_owned() } else { format!("`{default}`") };
        let _ = writeln!(text, "| `{name}` | {default} | {sentence} |");
    }
    text += "| `host-name` | the machine's, else `localhost` | Name of this host: it registers itself as an instance by it, and tags name devices \
             by it. Up to 253 letters, digits, hyphens, dots and underscores. |\n";
    text += "\n## `[bindable-devices]`: devices that tags bind\n\nA network interface with the tag `firewall:device` and the value \
             `HOST/DEV` is attached to the device DEV of the host that is named HOST, if DEV is listed here: by its name, or by \
             the beginning of names and an asterisk. The value is the device's side, `host` or `workload`. Nothing is listed by \
             default. Whoever may set such tags (an access key of the role `admin`) can put these devices under rules; while \
             somebody is logged in by SSH whom the rules would deny a new connection, the tag is refused. \
             `--bindable-device DEV=SIDE` names others instead.\n\n\
             ```toml\n[bindable-devices]\n\"tap*\" = \"workload\"\neth1 = \"host\"\n```\n";
    text += "\n## `[limits]`: entries of the tables in the kernel\n\nThey are allotted when the tables are made. A \
             controller with other limits than those of the tables that are there does not start.\n\n";
    table(&mut text, TableLimits::KEYS);
    text += "\n## `[quotas]`: how much of everything there may be\n\n`rules-per-group` times `groups-per-interface` may \
             not exceed 1000.\n\n";
    table(&mut text, QuotaSettings::KEYS);
    text
}

fn table(text: &mut String, keys: &[Key]) {
    *text += "| key | default | from | to | what it is |\n|---|---|---|---|---|\n";
    for Key { name, default, min, max, sentence } in keys {
        // Writing to a string does not fail.
        let _ = writeln!(text, "| `{name}` | {default} | {min} | {max} | {sentence} |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::daemon::{Config, DaemonArgs};

    #[test]
    fn the_plain_keys_are_keys_with_these_defaults() {
        let lines: String = PLAIN
            .iter()
            .filter(|(_, default, _)| !default.is_empty())
            .map(|(name, default, _)| {
                if default.starts_with('[') || *default == "false" {
                    format!("{name} = {default}\n")
                } else {
                    format!("{name} = '{default}'\n")
                }
            })
            .collect();
        let written = Config::merge(None, &lines, &DaemonArgs::default()).unwrap();
        assert_eq!(written, Config::merge(None, "", &DaemonArgs::default()).unwrap());
    }

    #[test]
    fn the_document_is_the_reference() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, reference()).unwrap();
        }
        let document = std::fs::read_to_string(path).unwrap();
        assert!(document == reference(), "docs/configuration.md is stale: run this test with UPDATE_DOCS=1");
    }
}
