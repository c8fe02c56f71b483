//! The demonstration: security groups between real network namespaces, told in chapters.
//!
//! Everything runs in namespaces of its own, through the real daemon and its command line. Each chapter gives commands,
//! tries what they should change, and prints what was expected and what was seen. The exit code is 0 only if both agree
//! everywhere.

mod chapter;
mod interrupt;
mod paint;
mod stage;
mod story;

use interrupt::Interrupt;
use paint::Paint;
use std::process::ExitCode;
use std::time::Instant;

/// Exit code of a program that was told to stop.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("The demonstration makes network namespaces and loads BPF programs: run it as root, with sudo.");
        return ExitCode::FAILURE;
    }
    let paint = Paint::for_stdout();
    let interrupt = Interrupt::install();
    let started = Instant::now();
    // All that was made goes when the story is over, whichever way it ends.
    let told = story::tell(&interrupt, paint);
    let seconds = started.elapsed().as_secs_f32();
    match told {
        Ok(tally) if tally.as_expected() => {
            let line = format!("{} of {} as expected, in {seconds:.1} s", tally.good, tally.all);
            println!("{}  Nothing is left behind.", paint.good(&line));
            ExitCode::SUCCESS
        }
        Ok(tally) => {
            let line = format!("{} of {} are not as expected", tally.all - tally.good, tally.all);
            println!("{}", paint.bad(&line));
            ExitCode::FAILURE
        }
        Err(story::Stopped::Interrupted) => {
            eprintln!("Interrupted; nothing is left behind.");
            ExitCode::from(INTERRUPTED)
        }
        Err(story::Stopped::Failed(error)) => {
            eprintln!("{} {error:#}", paint.bad("The demonstration stopped:"));
            ExitCode::FAILURE
        }
    }
}
