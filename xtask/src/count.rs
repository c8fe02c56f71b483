//! Counts the tests of all test programs from what they print.

use std::fmt;

/// The sum so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Count {
    passed: u64,
    failed: u64,
    /// Announced by a program that has not given its result yet.
    pending: u64,
}

impl Count {
    /// Takes in one line of a test program's output.
    pub fn line(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(announced) = announced(line) {
            self.give_up_pending();
            self.pending = announced;
        } else if let Some((passed, failed)) = result(line) {
            self.passed += passed;
            self.failed += failed;
            self.pending = 0;
        }
    }

    /// Adds another one, of programs that have all ended.
    pub fn add(&mut self, Self { passed, failed, pending }: &Self) {
        self.passed += passed;
        self.failed += failed + pending;
    }

    /// The sum, when all programs have ended.
    pub fn finish(mut self) -> Self {
        self.give_up_pending();
        self
    }

    /// Did every test pass?
    pub fn is_good(&self) -> bool {
        self.failed == 0
    }

    /// A program that ended without a result took its tests with it.
    fn give_up_pending(&mut self) {
        self.failed += std::mem::take(&mut self.pending);
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, pending: _ } = self;
        write!(f, "{passed} passed, {failed} failed")
    }
}

/// `running 5 tests`.
fn announced(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("running ")?;
    rest.strip_suffix(" tests").or(rest.strip_suffix(" test"))?.parse().ok()
}

/// `test result: FAILED. 3 passed; 1 failed; 0 ignored; 0 measured; 2 filtered out; finished in 0.01s`.
fn result(line: &str) -> Option<(u64, u64)> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let count = |what: &str| counts.split("; ").find_map(|count| count.strip_suffix(what)?.parse().ok());
    Some((count(" passed")?, count(" failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(output: &str) -> Count {
        let mut count = Count::default();
        output.lines().for_each(|line| count.line(line));
        count.finish()
    }

    #[test]
    fn results_of_several_programs_are_summed() {
        let sum = count(
            "running 3 tests\ntest a ... ok\ntest b ... ok\ntest c ... ok\n\n\
             test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
             running 5 tests\ntest d ... FAILED\n\
             test result: FAILED. 3 passed; 1 failed; 1 ignored; 0 measured; 7 filtered out; finished in 12.10s\n\
             running 1 test\n\
             test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        );
        assert_eq!(sum.to_string(), "7 passed, 1 failed");
        assert!(!sum.is_good());
    }

    #[test]
    fn tests_of_a_program_that_died_have_failed() {
        let died_last = count("running 4 tests\ntest a ... ok\n");
        assert_eq!(died_last.to_string(), "0 passed, 4 failed");
        let died_first = count(
            "running 4 tests\nrunning 2 tests\n\
             test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n",
        );
        assert_eq!(died_first.to_string(), "2 passed, 4 failed");
    }

    #[test]
    fn counts_are_added() {
        let result = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n";
        let mut sum = count(result);
        sum.add(&count("running 3 tests\n"));
        assert_eq!(sum.to_string(), "2 passed, 3 failed");
    }

    #[test]
    fn what_tests_print_themselves_is_not_counted() {
        let sum = count("running late\ntest result: pending\n3 passed; 1 failed\nnot running 3 tests\n");
        assert_eq!(sum, Count::default());
        assert!(sum.is_good());
    }
}
