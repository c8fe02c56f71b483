//! `cargo xtask test [SUITE]…`: all tests, with the sum at the end.

use crate::count::Count;
use crate::{build, process, root, vm, workspace};
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

/// Which tests to run.
#[derive(clap::Args)]
pub struct Arguments {
    /// Packages (common, ctl, tests, xtask) or files of tests/tests, by name; all when none is given. After `vm`, such files
    /// on Linux 6.1 in a virtual machine; all that can run there when none is given
    suites: Vec<String>,
    /// Arguments of the test programs: a filter, --nocapture, …
    #[arg(last = true)]
    rest: Vec<OsString>,
    /// Everything here, and then everything in the virtual machine
    #[arg(skip)]
    everywhere: bool,
}

impl Arguments {
    /// Every test, on this kernel and in the virtual machine.
    pub fn everywhere() -> Self {
        Self { suites: Vec::new(), rest: Vec::new(), everywhere: true }
    }
}

/// Builds what the tests start, runs them, and ends with `N passed, N failed`.
pub fn run(Arguments { suites, rest, everywhere }: Arguments) -> Result<()> {
    let (count, is_good) = match suites.split_first() {
        Some((first, suites)) if first == VM => {
            check_vm_suites(suites)?;
            vm::run(suites, &rest)?
        }
        Some(_) | None if !everywhere => run_here(&suites, &rest)?,
        Some(_) | None => {
            let (here, here_is_good) = run_here(&suites, &rest)?;
            // The sum stands for both: what went wrong here hides nothing of what would go wrong there.
            let (there, there_is_good) = vm::run(&[], &rest)?;
            (here.and(there), here_is_good && there_is_good)
        }
    };
    println!("{count}");
    match (count.is_good(), is_good) {
        (true, true) => Ok(()),
        (false, _) => bail!("tests failed"),
        (true, false) => bail!("no test failed, but something did not build or did not end well: see above"),
    }
}

fn check_vm_suites(words: &[String]) -> Result<()> {
    match words.iter().find(|word| vm::suites().all(|suite| suite != *word)) {
        None => Ok(()),
        Some(word) => {
            let suites: Vec<_> = vm::suites().collect();
            bail!("no suite `{word}` in the virtual machine; there are: {}", suites.join(", "))
        }
    }
}

/// Runs tests on the kernel that runs here; the count, and whether everything built and ended well.
fn run_here(suites: &[String], rest: &[OsString]) -> Result<(Count, bool)> {
    let selection = Selection::parse(suites, &kernel_suites(&workspace::root().join("tests/tests"))?)?;
    let mut command = process::cargo();
    command.args(["test", "--no-fail-fast"]);
    let mut prefix = Vec::new();
    if selection.needs_kernel() {
        // Asked for first: a build of minutes that ends in "needs root" is no service.
        let firewall_ctl = build::program("firewall-ctl", false)?;
        prefix = root::prefix("the kernel tests", &[("FIREWALL_CTL", &firewall_ctl)])?;
        build::programs(false)?;
        command.env("FIREWALL_CTL", firewall_ctl);
        // Kernel tests wait most of the time, each in namespaces of its own.
        if std::env::var_os("RUST_TEST_THREADS").is_none() {
            let processors = thread::available_parallelism().map_or(1, usize::from);
            command.env("RUST_TEST_THREADS", processors.max(4).to_string());
        }
    }
    if !prefix.is_empty() {
        // Only the test programs run as root: what cargo writes stays the caller's.
        command.arg("--config").arg(runner(&prefix)?);
    }
    command.args(selection.arguments()).arg("--").args(rest);
    run_counting(&mut command)
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
    }

    #[test]
    fn an_unknown_word_is_answered_with_the_known_ones() {
        let error = select(&["pakcet"]).unwrap_err().to_string();
        assert_eq!(error, "no suite `pakcet`; there are: common, ctl, tests, xtask, netns, packet, vm");
        assert!(select(&["common", "packet"]).is_err());
        assert!(select(&["packet", "vm"]).unwrap_err().to_string().contains("comes first"));
    }

    #[test]
    fn suites_that_say_nothing_about_a_kernel_are_not_in_the_virtual_machine() {
        check_vm_suites(&["netns".to_owned(), "verifier".to_owned()]).unwrap();
        let error = check_vm_suites(&["cli".to_owned()]).unwrap_err().to_string();
        assert!(error.starts_with("no suite `cli`") && error.contains("netns"), "{error}");
    }

    #[test]
    fn every_suite_of_the_virtual_machine_exists() {
        let known = kernel_suites(&workspace::root().join("tests/tests")).unwrap();
        let unknown: Vec<_> = vm::suites().filter(|suite| !known.contains(*suite)).collect();
        assert_eq!(unknown, Vec::<&str>::new());
    }

    #[test]
    fn the_runner_survives_spaces_and_quotes() {
        let prefix = ["sudo", "A=b c", r#"D="e\f""#].map(OsString::from);
        assert_eq!(runner(&prefix).unwrap(), r#"target.'cfg(unix)'.runner=["sudo","A=b c","D=\"e\\f\""]"#);
    }
}
