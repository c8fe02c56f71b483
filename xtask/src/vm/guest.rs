//! Runs the virtual machine, and listens to it.

use crate::count::Count;
use crate::ledger::Ledger;
use crate::machine::{Here, Machine as _};
use crate::test::Outcome;
use crate::{debian, process};
use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};
use std::{fs, thread};

const QEMU: &str = "qemu-system-x86_64";
const PACKAGE: &str = "qemu-system-x86";
/// Under emulation on two slow processors, all suites take a part of this.
const TIME_LIMIT: Duration = Duration::from_secs(15 * 60);
/// Lines of the kernel's own that are shown when the machine did not end well.
const LAST_LINES: usize = 40;

/// A machine to run.
pub struct Guest {
    pub qemu: PathBuf,
    pub kernel: PathBuf,
    pub initramfs: PathBuf,
    /// Takes what the kernel says.
    pub console: PathBuf,
}

/// The emulator, which is installed if that is possible.
pub fn qemu() -> Result<PathBuf> {
    let find = || Here.on_path(QEMU).into_iter().next();
    if find().is_none() {
        if !debian::can_install(&Here) {
            bail!("there is no {QEMU}; on Debian: `sudo apt-get install --no-install-recommends {PACKAGE}`");
        }
        debian::install(&[PACKAGE])?;
    }
    find().with_context(|| format!("{PACKAGE} is installed, but there is no {QEMU} on PATH"))
}

impl Guest {
    /// Boots it with variables for the first process, and passes on what the suites print.
    pub fn run(&self, variables: &[String]) -> Result<Outcome> {
        let mut command = self.command(variables);
        println!("$ {}", process::shown(&command));
        let deadline = Instant::now() + TIME_LIMIT;
        let mut machine = Machine(command.spawn().with_context(|| format!("cannot run {}", self.qemu.display()))?);
        let lines = lines(machine.0.stdout.take().context("the machine has no output")?);
        let mut report = Report::default();
        let mut stdout = std::io::stdout().lock();
        let is_over = loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if report.line(&line) {
                        writeln!(stdout, "{line}")?;
                        stdout.flush()?;
                    }
                }
                Err(RecvTimeoutError::Disconnected) => break true,
                Err(RecvTimeoutError::Timeout) => break false,
            }
        };
        if !is_over {
            eprintln!("error: the virtual machine was not done after {} minutes", TIME_LIMIT.as_secs() / 60);
            machine.0.kill().context("cannot end the virtual machine")?;
        }
        let status = machine.0.wait().context("cannot wait for the virtual machine")?;
        let ended_well = is_over && status.success() && report.ended_well();
        if report.end.is_none() || !status.success() {
            self.show_console();
            eprintln!("error: the virtual machine ended ({status}) before all suites had run");
        }
        Ok(Outcome { count: report.count.finish(), ended_well, ledger: Ledger::parse(&report.ledger)? })
    }

    fn command(&self, variables: &[String]) -> Command {
        let mut command = Command::new(&self.qemu);
        // By software, also where there is KVM: in a virtual machine KVM may be there and fail halfway through the boot.
        command.args(["-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "2G"]);
        command.args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-monitor", "none"]);
        let mut console = std::ffi::OsString::from("file:");
        console.push(&self.console);
        command.arg("-serial").arg(console).args(["-serial", "stdio"]);
        command.arg("-kernel").arg(&self.kernel).arg("-initrd").arg(&self.initramfs);
        // A fault of the kernel ends the machine. What the kernel does not know becomes the environment of the first
        // process.
        let options = ["console=ttyS0", "panic=-1", "oops=panic"];
        let options: Vec<&str> = options.into_iter().chain(variables.iter().map(String::as_str)).collect();
        command.args(["-append", &options.join(" ")]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    }

    fn show_console(&self) {
        let Ok(text) = fs::read(&self.console) else { return };
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        eprintln!("--- the last that the kernel said; all of it is in {} ---", self.console.display());
        for line in &lines[lines.len().saturating_sub(LAST_LINES)..] {
            eprintln!("{}", line.trim_end());
        }
    }
}

/// The emulator's process, which does not outlive its owner.
struct Machine(Child);

impl Drop for Machine {
    fn drop(&mut self) {
        // It has ended already unless something else went wrong first.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Lines as they come, until the machine is off.
fn lines(output: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = Vec::new();
        // Octets, since a test may print anything. A serial port ends lines by two of them.
        while output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line);
            if sender.send(text.trim_end_matches(['\r', '\n']).to_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}

/// What the machine has told.
#[derive(Default)]
struct Report {
    count: Count,
    /// Programs that ended well and badly, which is said last.
    end: Option<(usize, usize)>,
    /// Lines that the tests have written about cases.
    ledger: String,
}

impl Report {
    /// Takes a line in, and says whether it is one to show.
    fn line(&mut self, line: &str) -> bool {
        if let Some(line) = line.strip_prefix("guest: ledger ") {
            self.ledger.extend([line, "\n"]);
            return false;
        }
        self.count.line(line);
        self.end = self.end.or_else(|| {
            let (well, badly) = line.strip_prefix("guest: ")?.strip_suffix(" badly")?.split_once(" ended well, ")?;
            Some((well.parse().ok()?, badly.parse().ok()?))
        });
        true
    }

    fn ended_well(&self) -> bool {
        matches!(self.end, Some((1.., 0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(text: &str) -> Report {
        let mut report = Report::default();
        for line in text.lines() {
            let _shown = report.line(line);
        }
        report
    }

    const GOOD: &str = "guest: running 0-netns\nrunning 2 tests\n\
        test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";

    #[test]
    fn a_machine_that_ends_without_a_word_has_not_ended_well() {
        let report = report(GOOD);
        assert!(!report.ended_well());
        assert_eq!(report.count.finish().to_string(), "2 passed, 0 failed");
    }

    #[test]
    fn lines_about_cases_are_kept_and_not_shown() {
        let mut report = report(GOOD);
        assert!(!report.line("guest: ledger 7\tthe sentence"));
        assert_eq!(report.ledger, "7\tthe sentence\n");
    }

    #[test]
    fn the_last_word_is_how_programs_ended() {
        assert!(report(&format!("{GOOD}guest: 1 ended well, 0 badly")).ended_well());
        assert!(!report(&format!("{GOOD}guest: 1 ended well, 1 badly")).ended_well());
        assert!(!report("guest: 0 ended well, 0 badly").ended_well());
    }
}
