//! Shell completions and man pages, made from the definition of the commands.

use super::failure::Failure;
use clap::CommandFactory;
use clap_complete::Shell;
use std::path::PathBuf;

/// Print a completion script for a shell
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl completions bash")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn render(&self) -> String {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut super::Cli::command(), "firewall-ctl", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        match self.shell {
            // The hyphen of the program is written one way where the command is found, and another where its flags are listed.
            Shell::Bash => script.replace("firewall__subcmd__ctl", "firewall__ctl"),
            _ => script,
        }
    }
}

/// Write the man pages, one for each command
#[derive(clap::Args, Debug)]
#[command(after_help = "Example:
  firewall-ctl man /usr/local/share/man/man1")]
pub(super) struct Man {
    /// Directory to write to; made if need be
    #[arg(value_name = "DIR")]
    directory: PathBuf,
}

impl Man {
    pub(super) fn write(&self) -> Result<(), Failure> {
        std::fs::create_dir_all(&self.directory)
            .and_then(|()| clap_mangen::generate_to(super::Cli::command(), &self.directory))
            .map_err(|error| Failure::new(format!("can't write man pages to {}", self.directory.display()), error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn completions_name_the_commands() {
        for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
            let script = Completions { shell }.render();
            assert!(script.contains("authorize-security-group-ingress"), "{shell}");
        }
    }

    #[test]
    fn bash_lists_the_flags_of_every_command_that_it_finds() {
        let script = Completions { shell: Shell::Bash }.render();
        let found: Vec<&str> =
            script.lines().filter_map(|line| line.trim().strip_prefix("cmd=\"")?.strip_suffix('"')).collect();
        assert!(found.len() > 50, "{found:?}");
        for command in found.into_iter().filter(|command| !command.is_empty()) {
            let listed = format!("{command})");
            assert!(script.lines().any(|line| line.trim() == listed), "{command}");
        }
    }

    #[test]
    fn every_command_has_a_page() {
        let directory = tempfile::tempdir().expect("a directory");
        let man = Man { directory: directory.path().join("man1") };
        man.write().expect("pages");
        for name in ["firewall-ctl.1", "firewall-ctl-attach.1", "firewall-ctl-describe-security-groups.1"] {
            assert!(man.directory.join(name).is_file(), "{name}");
        }
    }
}
