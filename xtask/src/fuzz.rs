//! `cargo xtask fuzz [TARGET]…`: octets that a fuzzer makes up, to see more and more of the code.
//!
//! This builds and starts the targets of `tests/fuzz` as cargo-fuzz would, without having to install it, and by the stable
//! toolchain: passes of LLVM count which branches are taken. There is no address sanitizer, which the stable toolchain
//! lacks: what is fuzzed is safe code, and panics where it would read outside.

use crate::machine::{Here, Machine};
use crate::{debian, process, workspace};
use anyhow::{Context as _, Result, bail};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::Duration;

/// All targets.
const TARGETS: [&str; 3] = ["packet", "decision", "request"];

/// Seconds for each target where nobody says.
const SECONDS: u64 = 30;
/// From so many seconds on, it pays to compile all that is fuzzed for speed.
const MANY_SECONDS: u64 = 180;
/// Levels of optimisation by package; the oracle takes most of the time.
const QUICKLY_BUILT: [(&str, u8); 1] = [("firewall-tests", 1)];
const OPTIMISED: [(&str, u8); 3] = [("firewall-common", 2), ("firewall-ctl", 2), ("firewall-tests", 2)];

/// Lines that are shown of what a target has said when it was not alone.
const LAST_LINES: usize = 30;
/// Time between two looks whether targets that run side by side have ended.
const PAUSE: Duration = Duration::from_millis(100);

/// Which targets, and for how long.
#[derive(clap::Args)]
pub struct Arguments {
    /// Targets (packet, decision, request); all when none is given
    targets: Vec<String>,
    /// Seconds, the same for all targets, which run side by side; 0 for ever, until something is found
    #[arg(long, default_value_t = SECONDS)]
    seconds: u64,
    /// Write the seeds of tests/fuzz/seeds anew, after the diaries of tests/tests/attack have changed, and fuzz nothing
    #[arg(long)]
    write_seeds: bool,
    /// Arguments of libFuzzer: -jobs=N, a file to try once more, …
    #[arg(last = true)]
    rest: Vec<String>,
}

impl Arguments {
    /// All targets for as long as nobody minds.
    pub fn bounded() -> Self {
        Self { targets: Vec::new(), seconds: SECONDS, write_seeds: false, rest: Vec::new() }
    }
}

/// Builds the targets and runs them side by side; what is found stays in `target/fuzz/artifacts`.
pub fn run(Arguments { targets, seconds, write_seeds, rest }: Arguments) -> Result<()> {
    if write_seeds {
        let mut command = process::cargo();
        command.args(["test", "--test", "attack", "--", "seeds::"]).env("FIREWALL_WRITE_SEEDS", "1");
        return process::run(&mut command);
    }
    if let Some(unknown) = targets.iter().find(|target| !TARGETS.contains(&target.as_str())) {
        bail!("no target `{unknown}`; there are: {}", TARGETS.join(", "));
    }
    let targets = if targets.is_empty() { TARGETS.map(str::to_owned).to_vec() } else { targets };
    let directory = workspace::root().join("target/fuzz");
    find_or_install_compiler(&Here)?;
    build(&targets, seconds)?;
    let programs = workspace::programs()?;
    let fuzzers = targets.into_iter().map(|target| Fuzzer::new(target, &directory, &programs, seconds, &rest));
    let mut fuzzers: Vec<Fuzzer> = fuzzers.collect::<Result<_>>()?;
    match fuzzers.as_mut_slice() {
        [alone] => process::run(&mut alone.command).with_context(|| alone.remedy()),
        several => side_by_side(several),
    }
}

/// A target that is ready to run.
struct Fuzzer {
    target: String,
    command: Command,
    artifacts: PathBuf,
    /// Takes what it says where it is not alone.
    log: PathBuf,
}

impl Fuzzer {
    fn new(target: String, directory: &Path, programs: &Path, seconds: u64, rest: &[String]) -> Result<Self> {
        let (corpus, artifacts) = (directory.join("corpus").join(&target), directory.join("artifacts").join(&target));
        for directory in [&corpus, &artifacts] {
            fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
        }
        let mut command = Command::new(programs.join(&target));
        command.current_dir(workspace::root());
        command.arg(format!("-artifact_prefix={}/", artifacts.display()));
        command.arg(format!("-max_total_time={seconds}")).args(["-timeout=10", "-print_final_stats=1"]).args(rest);
        if !rest.iter().any(|argument| workspace::root().join(argument).is_file()) {
            // What is found goes to the first; the seeds stay as they are.
            command.arg(&corpus).arg(workspace::root().join("tests/fuzz/seeds").join(&target));
        }
        let log = directory.join(format!("{target}.log"));
        Ok(Self { target, command, artifacts, log })
    }

    fn start(&mut self) -> Result<Child> {
        let log = || format!("cannot write {}", self.log.display());
        let file = File::create(&self.log).with_context(log)?;
        self.command.stdout(file.try_clone().with_context(log)?).stderr(file);
        let text = process::shown(&self.command);
        println!("$ {text}");
        self.command.spawn().with_context(|| format!("cannot run `{text}`"))
    }

    /// Shows the last that it has said, and gives how it has ended.
    fn end(&self, status: ExitStatus) -> Result<()> {
        let text = fs::read(&self.log).with_context(|| format!("cannot read {}", self.log.display()))?;
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        println!("--- the last of {} ---", self.log.display());
        lines[lines.len().saturating_sub(LAST_LINES)..].iter().for_each(|line| println!("{line}"));
        if !status.success() {
            bail!("{} ended with {status}: {}", self.target, self.remedy());
        }
        Ok(())
    }

    fn remedy(&self) -> String {
        let Self { target, command: _, artifacts, log: _ } = self;
        format!("to see it again: cargo xtask fuzz {target} -- FILE; what was found is in {}", artifacts.display())
    }
}

/// Runs targets until all have ended, or something was found.
fn side_by_side(fuzzers: &mut [Fuzzer]) -> Result<()> {
    let mut running = Vec::new();
    for fuzzer in fuzzers {
        let child = fuzzer.start()?;
        running.push((&*fuzzer, child));
    }
    let mut result = Ok(());
    while result.is_ok() && !running.is_empty() {
        thread::sleep(PAUSE);
        for at in (0..running.len()).rev() {
            let (fuzzer, child) = &mut running[at];
            if let Some(status) = child.try_wait().context("cannot look at a target")? {
                result = result.and(fuzzer.end(status));
                running.swap_remove(at);
            }
        }
    }
    for (_, mut child) in running {
        // It may have ended in this moment.
        drop(child.kill());
        drop(child.wait());
    }
    result
}

/// libFuzzer is written in C++ and compiled with the targets.
fn find_or_install_compiler(machine: &dyn Machine) -> Result<()> {
    let has = || machine.variable("CXX").is_some() || !machine.on_path("c++").is_empty();
    if !has() && debian::can_install(machine) {
        println!("libFuzzer needs a compiler for C++; installing Debian's.");
        debian::install(&["g++"])?;
    }
    if !has() {
        bail!("libFuzzer needs a compiler for C++: `c++` on PATH, or one that CXX names (Debian: g++)");
    }
    Ok(())
}

/// Without optimisation what is fuzzed is slow, and with it slow to build. What it leans on is that of every other build.
fn build(targets: &[String], seconds: u64) -> Result<()> {
    let mut command = process::cargo();
    command.args(["build", "--package", "firewall-fuzz", "--locked"]);
    command.args(targets.iter().flat_map(|target| ["--bin", target]));
    let levels = if matches!(seconds, 1..MANY_SECONDS) { QUICKLY_BUILT.as_slice() } else { OPTIMISED.as_slice() };
    for (package, level) in levels {
        command.arg("--config").arg(format!("profile.dev.package.{package}.opt-level={level}"));
    }
    command.env("RUSTC_WORKSPACE_WRAPPER", workspace::root().join("tests/fuzz/instrument.sh"));
    process::run(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::fake::Fake;

    #[test]
    fn the_compiler_may_be_named_or_on_the_path() {
        let bare = Fake::default().variable("PATH", "/usr/bin");
        let error = find_or_install_compiler(&bare).unwrap_err().to_string();
        assert!(error.contains("g++"), "{error}");
        find_or_install_compiler(&bare.file("/usr/bin/c++")).unwrap();
        find_or_install_compiler(&Fake::default().variable("CXX", "clang++")).unwrap();
    }

    #[test]
    fn the_first_that_ends_badly_ends_the_others() {
        let directory = workspace::root().join("target/fuzz-test");
        fs::create_dir_all(&directory).unwrap();
        let fuzzer = |name: &str, script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            let log = directory.join(format!("{name}-{}.log", std::process::id()));
            Fuzzer { target: name.into(), command, artifacts: "found".into(), log }
        };
        side_by_side(&mut [fuzzer("a", "echo a"), fuzzer("b", "echo b")]).unwrap();
        let error = side_by_side(&mut [fuzzer("c", "exec sleep infinity"), fuzzer("d", "exit 77")]).unwrap_err();
        assert!(error.to_string().starts_with("d ended with exit status: 77: to see it again"), "{error}");
        fs::remove_dir_all(&directory).unwrap();
    }
}
