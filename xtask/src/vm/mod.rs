//! `cargo xtask test vm`: suites of the kernel tests on the oldest kernel that is supported, Debian 12's Linux 6.1.
//!
//! qemu boots that kernel with a file system in memory, which holds the test programs, firewall-ctl, what both are linked
//! with, and a first process (`tests/src/bin/guest`) that runs them and turns the machine off. Nothing is installed in the
//! kernel's name on this machine, and nothing here needs root but installing qemu.

mod guest;
mod image;
mod kernel;
mod libraries;
mod modules;
mod programs;

use crate::machine::Here;
use crate::test::Outcome;
use crate::{build, ledger, tools, workspace};
use anyhow::{Context as _, Result, bail};
use guest::Guest;
use image::Image;
use kernel::Kernel;
use std::ffi::OsString;
use std::fs;

/// What runs there, cheapest first. The other suites say nothing about a kernel: `cli`, `lockout` and `demo` are about
/// commands and what they print.
const SUITES: [Suite; 6] = [
    Suite { name: "verifier", in_ci: true, left_out: &[] },
    Suite {
        name: "attack",
        in_ci: false,
        left_out: &[
            LeftOut { test: "seeds::of_decisions_are_current", because: SEEDS },
            LeftOut { test: "seeds::of_packets_are_current", because: SEEDS },
            LeftOut { test: "drift::programs_whose_pins_were_removed_are_put_back_with_tcx", because: TCX },
            LeftOut { test: "drift::links_that_are_detached_are_put_back_with_tcx", because: TCX },
            LeftOut { test: "drift::a_program_that_gets_ahead_is_overtaken", because: TCX },
        ],
    },
    Suite { name: "differential", in_ci: false, left_out: &[] },
    Suite { name: "netns", in_ci: false, left_out: &[] },
    Suite { name: "restart", in_ci: false, left_out: &[] },
    Suite { name: "adoption", in_ci: false, left_out: &[] },
];

const SEEDS: &str = "it compares files of the sources, which are not there, and asks nothing of the kernel";

const TCX: &str = "TCX came with Linux 6.6; filters of clsact are held by no link, and need no pin";

/// Modules of the kernel that these suites need, where it does not contain them.
const MODULES: [&str; 5] = ["veth", "sch_ingress", "cls_bpf", "tcp_diag", "udp_diag"];

/// Programs that suites start by name.
const TOOLS: [&str; 3] = ["ip", "sleep", "tc"];

/// Test programs run side by side while they wait; under emulation they compute most of the time.
const THREADS: &str = "2";

/// How many times as long as elsewhere what has to happen may take, and how many cases are made up where nobody asks for
/// more: a daemon takes most of a minute to have its programs verified, and a frame some milliseconds.
const PATIENCE: &str = "4";
const CASES: &str = "300";

/// A test program, and what of it cannot run there.
struct Suite {
    name: &'static str,
    /// Whether every change has to pass it. The others take minutes under emulation.
    in_ci: bool,
    left_out: &'static [LeftOut],
}

/// A test that cannot run on that kernel.
struct LeftOut {
    test: &'static str,
    because: &'static str,
}

/// The suites that every change has to pass there.
pub fn in_ci() -> Vec<String> {
    SUITES.iter().filter(|suite| suite.in_ci).map(|suite| suite.name.to_owned()).collect()
}

/// Finds what the virtual machine is made of, or gets it.
pub fn find_or_get() -> Result<()> {
    tools::find_or_install(&Here)?;
    guest::qemu()?;
    Kernel::find_or_get().map(drop)
}

/// Runs suites, all when none is named, with variables and arguments for the test programs.
pub fn run(names: &[String], variables: &[(&str, String)], rest: &[OsString]) -> Result<Outcome> {
    let selected = select(names)?;
    tools::find_or_install(&Here)?;
    let qemu = guest::qemu()?;
    let kernel = Kernel::find_or_get()?;
    build::programs(false)?;
    let names: Vec<&str> = selected.iter().map(|suite| suite.name).collect();
    let programs = programs::build(&names)?;

    let directory = workspace::root().join("target/vm");
    let mut image = Image::new();
    image.device("/dev/console", [5, 1])?;
    image.program("/init", &build::program("guest", false)?)?;
    image.program("/bin/firewall-ctl", &build::program("firewall-ctl", false)?)?;
    for tool in TOOLS {
        image.program(&format!("/bin/{tool}"), &programs::tool(tool)?)?;
    }
    for (place, module) in modules::in_order(&MODULES, &kernel)?.iter().enumerate() {
        image.file(&format!("/modules/{place:02}"), 0o644, fs::read(module)?)?;
    }
    for (place, (suite, program)) in selected.iter().zip(&programs).enumerate() {
        let at = format!("/suites/{place:02}-{}", suite.name);
        image.program(&format!("{at}/program"), program)?;
        image.file(&format!("{at}/arguments"), 0o644, arguments(suite, rest)?.into_bytes())?;
        for LeftOut { test, because } in suite.left_out {
            println!("left out of {} on this kernel: {test}: {because}", suite.name);
        }
    }
    let path = directory.join("initramfs.cpio");
    image.write(&path)?;
    let own = [
        ("PATH", "/bin"),
        ("FIREWALL_CTL", "/bin/firewall-ctl"),
        ("RUST_TEST_THREADS", THREADS),
        ("FIREWALL_TEST_PATIENCE", PATIENCE),
        ("FIREWALL_TEST_CASES", CASES),
        (ledger::VARIABLE, "/tmp/ledger"),
    ];
    let own = own.into_iter().map(|(name, value)| (name, value.to_owned()));
    let variables: Vec<_> =
        own.chain(variables.iter().cloned()).map(|(name, value)| format!("{name}={value}")).collect();
    Guest { qemu, kernel: kernel.image(), initramfs: path, console: directory.join("console.log") }.run(&variables)
}

/// The suites of some names.
fn select(names: &[String]) -> Result<Vec<&'static Suite>> {
    if names.is_empty() {
        return Ok(SUITES.iter().collect());
    }
    let known = || SUITES.iter().map(|suite| suite.name).collect::<Vec<_>>().join(", ");
    let find = |name: &String| SUITES.iter().find(|suite| suite.name == name);
    let select =
        |name| find(name).with_context(|| format!("no suite `{name}` in the virtual machine; there are: {}", known()));
    names.iter().map(select).collect()
}

/// Arguments of a test program, one a line.
fn arguments(suite: &Suite, rest: &[OsString]) -> Result<String> {
    let mut lines = String::new();
    let left_out = suite.left_out.iter().flat_map(|left_out| ["--skip", left_out.test]);
    for argument in left_out.map(Some).chain(rest.iter().map(|argument| argument.to_str())) {
        match argument {
            Some(argument) if !argument.contains('\n') => lines.extend([argument, "\n"]),
            Some(_) | None => bail!("arguments for the virtual machine have to be UTF-8 without line breaks"),
        }
    }
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_are_selected_by_name() {
        assert_eq!(select(&[]).unwrap().len(), SUITES.len());
        assert_eq!(select(&["netns".to_owned()]).unwrap()[0].name, "netns");
        let error = select(&["cli".to_owned()]).map(drop).unwrap_err().to_string();
        assert!(error.starts_with("no suite `cli`") && error.contains("netns"), "{error}");
    }

    #[test]
    fn every_suite_is_one_of_the_kernel_tests() {
        for Suite { name, in_ci: _, left_out: _ } in SUITES {
            let directory = workspace::root().join("tests/tests").join(name);
            assert!(directory.is_dir() || directory.with_extension("rs").is_file(), "{name}");
        }
    }

    #[test]
    fn what_cannot_run_is_told_to_the_test_program() {
        let suite = Suite { name: "x", in_ci: false, left_out: &[LeftOut { test: "a::b", because: "of a test" }] };
        assert_eq!(arguments(&suite, &["--nocapture".into()]).unwrap(), "--skip\na::b\n--nocapture\n");
        assert!(arguments(&suite, &["a\nb".into()]).is_err());
    }
}
