//! `cargo xtask test [SUITE]…`: all tests, with the sum at the end.

use crate::clients::{self, Clients};
use crate::count::Count;
use crate::ledger::{self, Ledger};
use crate::machine::Here;
use crate::{build, process, root, shapes, tools, vm, workspace};
use anyhow::{Context as _, Result, bail};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, thread};

/// Packages by the words that select them; what is in `firewall-tests` needs the kernel.
const PACKAGES: [(&str, &str); 4] =
    [("common", "firewall-common"), ("ctl", "firewall-ctl"), ("tests", KERNEL), ("xtask", "xtask")];
const KERNEL: &str = "firewall-tests";
/// The word for the virtual machine.
const VM: &str = "vm";
/// The suite whose lines are printed when it is asked for.
const ATTACK: &str = "attack";

/// From so many cases on, it pays to compile what makes them up and judges them for speed: they take a sixth of the time.
const MANY_CASES: u64 = 100_000;
const OPTIMISED: [&str; 3] = ["firewall-common", "firewall-ctl", KERNEL];

/// Which tests to run.
#[derive(clap::Args)]
pub struct Arguments {
    /// Packages (common, ctl, tests, xtask) or files of tests/tests, by name; all when none is given. After `vm`, such files
    /// on Linux 6.1 in a virtual machine; all that can run there when none is given
    suites: Vec<String>,
    /// Made-up cases of each test that makes them up (differential: packets; attack: mutated frames), and print what they
    /// came to
    #[arg(long, value_name = "N")]
    cases: Option<u64>,
    /// What made-up cases follow from, to see others than in every run
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Arguments of the test programs: a filter, --nocapture, …
    #[arg(last = true)]
    rest: Vec<OsString>,
    /// Everything here, and then what every change has to pass in the virtual machine
    #[arg(skip)]
    everywhere: bool,
}

impl Arguments {
    /// Every test on this kernel, and what every change has to pass in the virtual machine.
    pub fn everywhere() -> Self {
        Self { suites: Vec::new(), cases: None, seed: None, rest: Vec::new(), everywhere: true }
    }

    /// What the tests that make up cases find in their environment.
    fn numbers(&self) -> Vec<(&'static str, String)> {
        let numbers = [("FIREWALL_TEST_CASES", self.cases), ("FIREWALL_TEST_SEED", self.seed)];
        numbers.into_iter().filter_map(|(name, number)| Some((name, number?.to_string()))).collect()
    }
}

/// What became of a run of tests.
pub struct Outcome {
    pub count: Count,
    /// Whether everything was built, and every program ended as one whose tests pass.
    pub ended_well: bool,
    /// The lines about cases that the tests have written.
    pub ledger: Ledger,
}

/// Builds what the tests start, runs them, and ends with `N passed, N failed`.
pub fn run(arguments: &Arguments) -> Result<()> {
    let (words, is_in_vm) = match arguments.suites.split_first() {
        Some((first, words)) if first == VM => (words, true),
        Some(_) | None => (arguments.suites.as_slice(), false),
    };
    let mut outcomes = Vec::new();
    if !is_in_vm {
        outcomes.push(run_here(words, arguments)?);
    }
    if is_in_vm || arguments.everywhere {
        let in_ci = vm::in_ci();
        let suites = if is_in_vm { words } else { &in_ci };
        outcomes.push(match vm::run(suites, &arguments.numbers(), &arguments.rest) {
            // What went wrong there hides nothing of what has come of the tests here.
            Err(error) if arguments.everywhere => {
                eprintln!("error: {error:#}");
                Outcome { count: Count::default(), ended_well: false, ledger: Ledger::default() }
            }
            outcome => outcome?,
        });
    }
    let mut count = Count::default();
    for outcome in &outcomes {
        if words.iter().any(|word| word == ATTACK) {
            println!("{}", outcome.ledger);
        }
        if !outcome.ledger.is_empty() {
            println!("{}", outcome.ledger.totals());
        }
        count.add(&outcome.count);
    }
    println!("{count}");
    if !count.is_good() {
        bail!("tests failed");
    }
    if !outcomes.iter().all(|outcome| outcome.ended_well) {
        bail!("no test failed, but something did not build or did not end well: see above");
    }
    // A filter leaves cases out.
    match outcomes.iter().map(|outcome| outcome.ledger.missing()).find(|missing| !missing.is_empty()) {
        Some(missing) if arguments.rest.is_empty() => {
            bail!("no test has shown case {missing:?}: a test of the suite `{ATTACK}` has to write a line for it")
        }
        Some(_) | None => Ok(()),
    }
}

/// Runs tests on the kernel that runs here.
fn run_here(words: &[String], arguments: &Arguments) -> Result<Outcome> {
    let selection = Selection::parse(words, &kernel_suites(&workspace::root().join("tests/tests"))?)?;
    let mut command = process::cargo();
    command.args(["test", "--no-fail-fast"]);
    let mut prefix = Vec::new();
    let ledger = workspace::root().join("target/test-ledger");
    Ledger::clear(&ledger)?;
    if selection.needs_kernel() {
        // Asked for first: a build of minutes that ends in "needs root" is no service.
        let firewall_ctl = build::program("firewall-ctl", false)?;
        let numbers = arguments.numbers();
        let mut variables = vec![("FIREWALL_CTL", firewall_ctl.as_path()), (ledger::VARIABLE, &ledger)];
        variables.extend(numbers.iter().map(|(name, number)| (*name, Path::new(number))));
        let clients = if selection.needs_clients() { Some(clients::find_or_install()?) } else { None };
        if let Some(Clients { environment, aws }) = &clients {
            shapes::run(&shapes::Arguments::check())?;
            variables.extend([("FIREWALL_CLIENTS", environment.as_path()), ("FIREWALL_AWS", aws)]);
        }
        tools::find_or_install(&Here)?;
        prefix = root::prefix("the kernel tests", &variables)?;
        build::programs(false)?;
        command.envs(variables);
        // Kernel tests wait most of the time, each in namespaces of its own.
        if std::env::var_os("RUST_TEST_THREADS").is_none() {
            let processors = thread::available_parallelism().map_or(1, usize::from);
            command.env("RUST_TEST_THREADS", (3 * processors).max(4).to_string());
        }
    }
    if !prefix.is_empty() {
        // Only the test programs run as root: what cargo writes stays the caller's.
        command.arg("--config").arg(runner(&prefix)?);
    }
    if arguments.cases.is_some_and(|cases| cases >= MANY_CASES) {
        for package in OPTIMISED {
            command.arg("--config").arg(format!("profile.dev.package.{package}.opt-level=2"));
        }
    }
    command.args(selection.arguments()).arg("--").args(&arguments.rest);
    if arguments.cases.is_some() {
        command.arg("--show-output");
    }
    let (count, ended_well) = run_counting(&mut command)?;
    Ok(Outcome { count, ended_well, ledger: Ledger::read(&ledger)? })
}

/// Runs cargo, passing its output on line by line; the count, and whether cargo was content.
fn run_counting(command: &mut Command) -> Result<(Count, bool)> {
    let text = process::shown(command);
    println!("$ {text}");
    let mut child = command.stdout(Stdio::piped()).spawn().with_context(|| format!("cannot run `{text}`"))?;
    let output = child.stdout.take().expect("was piped just above");
    let mut output = BufReader::new(output);
    let mut stdout = std::io::stdout().lock();
    let mut count = Count::default();
    let mut line = Vec::new();
    let mut ended = true;
    // Octets, since a test may print anything.
    while output.read_until(b'\n', &mut line)? > 0 {
        stdout.write_all(&line)?;
        stdout.flush()?;
        count.line(&String::from_utf8_lossy(&line));
        ended = line.ends_with(b"\n");
        line.clear();
    }
    if !ended {
        // A program died within a line; the count has one of its own.
        writeln!(stdout)?;
    }
    Ok((count.finish(), child.wait()?.success()))
}

/// The prefix as cargo's configuration: what it starts test programs with.
fn runner(prefix: &[OsString]) -> Result<String> {
    let words: Option<Vec<String>> = prefix.iter().map(|word| Some(toml_string(word.to_str()?))).collect();
    let words = words.context("the environment is not UTF-8, which cargo's configuration must be")?;
    Ok(format!("target.'cfg(unix)'.runner=[{}]", words.join(",")))
}

fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', r#"\""#))
}

/// What was selected, as cargo knows it.
#[derive(Debug, PartialEq, Eq)]
enum Selection {
    All,
    Some { packages: BTreeSet<&'static str>, kernel_suites: BTreeSet<String> },
}

impl Selection {
    fn parse(words: &[String], known: &BTreeSet<String>) -> Result<Self> {
        if words.is_empty() {
            return Ok(Self::All);
        }
        let (mut packages, mut kernel_suites) = (BTreeSet::new(), BTreeSet::new());
        for word in words {
            if let Some((_, package)) = PACKAGES.iter().find(|(short, long)| word == short || word == long) {
                packages.insert(*package);
            } else if known.contains(word) {
                kernel_suites.insert(word.clone());
            } else {
                if word == VM {
                    bail!("`{VM}` comes first; what follows are suites that run in the virtual machine");
                }
                let words =
                    PACKAGES.iter().map(|(short, _)| *short).chain(known.iter().map(String::as_str)).chain([VM]);
                bail!("no suite `{word}`; there are: {}", words.collect::<Vec<_>>().join(", "));
            }
        }
        if !packages.is_empty() && !kernel_suites.is_empty() {
            bail!("packages and single suites cannot be mixed: cargo would look for the suites in these packages");
        }
        Ok(Self::Some { packages, kernel_suites })
    }

    fn needs_kernel(&self) -> bool {
        match self {
            Self::All => true,
            Self::Some { packages, kernel_suites } => packages.contains(KERNEL) || !kernel_suites.is_empty(),
        }
    }

    fn needs_clients(&self) -> bool {
        match self {
            Self::All => true,
            Self::Some { packages, kernel_suites } => {
                packages.contains(KERNEL) || kernel_suites.contains(clients::SUITE)
            }
        }
    }

    fn arguments(&self) -> Vec<String> {
        match self {
            // The default members: the kernel programs are tested through the kernel.
            Self::All => Vec::new(),
            // Suites are looked for in all of them: naming the package would have cargo compile dependencies anew, with
            // no more features than this package asks for.
            Self::Some { packages, kernel_suites } => {
                let packages = packages.iter().flat_map(|package| ["--package".into(), (*package).into()]);
                let suites = kernel_suites.iter().flat_map(|suite| ["--test".into(), suite.clone()]);
                packages.chain(suites).collect()
            }
        }
    }
}

/// The names of the test programs in a package's `tests`: a file, or a directory with a main.rs.
fn kernel_suites(directory: &Path) -> Result<BTreeSet<String>> {
    if !directory.exists() {
        return Ok(BTreeSet::new());
    }
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut names = BTreeSet::new();
    for entry in entries {
        let path: PathBuf = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") || path.join("main.rs").exists() {
            names.extend(path.file_stem().and_then(|name| name.to_str()).map(str::to_owned));
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(words: &[&str]) -> Result<Selection> {
        let known = BTreeSet::from(["netns".to_owned(), "packet".to_owned()]);
        Selection::parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), &known)
    }

    #[test]
    fn no_word_selects_all() {
        let all = select(&[]).unwrap();
        assert!(all.needs_kernel());
        assert!(all.arguments().is_empty());
    }

    #[test]
    fn packages_are_selected_by_short_or_full_name() {
        let pure = select(&["common", "firewall-ctl"]).unwrap();
        assert!(!pure.needs_kernel());
        assert_eq!(pure.arguments(), ["--package", "firewall-common", "--package", "firewall-ctl"]);
        assert!(select(&["tests"]).unwrap().needs_kernel());
    }

    #[test]
    fn suites_of_the_kernel_tests_are_selected_by_file_name() {
        let packet = select(&["packet", "netns"]).unwrap();
        assert!(packet.needs_kernel());
        assert_eq!(packet.arguments(), ["--test", "netns", "--test", "packet"]);
        assert!(!packet.needs_clients());
        assert!(select(&[]).unwrap().needs_clients() && select(&["tests"]).unwrap().needs_clients());
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let error = select(&["pakcet"]).unwrap_err().to_string();
        assert_eq!(error, "no suite `pakcet`; there are: common, ctl, tests, xtask, netns, packet, vm");
        assert!(select(&["common", "packet"]).is_err());
        assert!(select(&["packet", "vm"]).unwrap_err().to_string().contains("comes first"));
    }

    #[test]
    fn the_runner_survives_spaces_and_quotes() {
        let prefix = ["sudo", "A=b c", r#"D="e\f""#].map(OsString::from);
        assert_eq!(runner(&prefix).unwrap(), r#"target.'cfg(unix)'.runner=["sudo","A=b c","D=\"e\\f\""]"#);
    }
}
