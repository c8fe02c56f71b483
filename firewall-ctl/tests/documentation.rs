//! The reference of the configuration is the tables in the code.

use firewall_ctl::daemon::config::{Key, QuotaSettings, TableLimits};
use std::fmt::Write as _;
use std::path::Path;

const HEAD: &str = "# Configuration

`/etc/firewall/firewall.toml`, or the file given by `--config`. Every key is optional; an unknown one is refused. Flags of
`firewall-ctl daemon` override it.

| key | default | meaning |
|---|---|---|
| `state-dir` | `/var/lib/firewall` | where the state is kept |
| `run-dir` | `/run/firewall` | where the socket of the API is |
| `bpffs` | `/sys/fs/bpf/firewall` | where programs and tables are pinned |
| `log-level` | `info` | messages of the controller: `off`, `error`, `warn`, `info`, `debug`, `trace` |
| `program-log` | `off` | messages of the programs in the kernel, the same levels; at `off` they cost nothing |
| `region` | `local` | name of the region in answers |
| `account-id` | `000000000000` | account that owns what is made |

```toml
log-level = \"info\"

[limits]
flows-v4 = 524288

[quotas]
rules-per-group = 100
```

This page is generated from the code; a test keeps it true.
";

fn table(text: &mut String, title: &str, flag: &str, keys: &[Key]) {
    let _ = write!(text, "\n## `[{title}]`\n\nOr `{flag} KEY=N`.\n\n");
    text.push_str("| key | default | range | meaning |\n|---|---|---|---|\n");
    for Key { name, default, min, max, sentence } in keys {
        let _ = writeln!(text, "| `{name}` | {default} | {min} to {max} | {sentence} |");
    }
}

/// `UPDATE_DOCS=1 cargo test -p firewall-ctl --test documentation` writes the page.
#[test]
fn the_configuration_is_documented() {
    let mut rendered = HEAD.to_owned();
    table(&mut rendered, "limits", "--limit", TableLimits::KEYS);
    table(&mut rendered, "quotas", "--quota", QuotaSettings::KEYS);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/configuration.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&page, &rendered).unwrap();
    }
    let written = std::fs::read_to_string(&page).unwrap_or_default();
    assert_eq!(written, rendered, "docs/configuration.md is not what the code says: write it with UPDATE_DOCS=1");
}
