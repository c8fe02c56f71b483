//! The lines that the kernel tests write about the cases that must hold, and their sums.

use anyhow::{Context as _, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// Tells the tests where to write.
pub const VARIABLE: &str = "FIREWALL_TEST_LEDGER";

/// All that the tests have written.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    headings: BTreeMap<u8, String>,
    lines: BTreeSet<Line>,
}

/// What became of a case, in one way of trying it; ordered as it is printed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Line {
    case: u8,
    name: String,
    family: String,
    side: String,
    hook: String,
    result: String,
    is_expected: bool,
}

impl Ledger {
    /// Makes room for a new one.
    pub fn clear(file: &Path) -> Result<()> {
        match fs::remove_file(file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", file.display()))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Reads what the tests have written; nothing, if they have not.
    pub fn read(file: &Path) -> Result<Self> {
        match fs::read_to_string(file) {
            Ok(text) => Self::parse(&text).with_context(|| format!("in {}", file.display())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Reads lines of the tests.
    pub fn parse(text: &str) -> Result<Self> {
        let mut ledger = Self::default();
        for text in text.lines() {
            let number = |text: &str| text.parse::<u8>().with_context(|| format!("`{text}` is no number of a case"));
            match *text.split('\t').collect::<Vec<_>>().as_slice() {
                [case, sentence] => {
                    ledger.headings.insert(number(case)?, sentence.to_owned());
                }
                [case, name, hook, family, side, result, is_expected] => {
                    let [name, family, side, hook, result] = [name, family, side, hook, result].map(str::to_owned);
                    let (case, is_expected) = (number(case)?, is_expected == "expected");
                    ledger.lines.insert(Line { case, name, family, side, hook, result, is_expected });
                }
                _ => bail!("`{text}` is neither a heading nor a line"),
            }
        }
        Ok(ledger)
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The cases that no line is about.
    pub fn missing(&self) -> Vec<u8> {
        let shown: BTreeSet<u8> = self.lines.iter().map(|line| line.case).collect();
        self.headings.keys().copied().filter(|case| !shown.contains(case)).collect()
    }

    /// The sums, in a line.
    pub fn totals(&self) -> String {
        let shown: BTreeSet<u8> = self.lines.iter().map(|line| line.case).filter(|case| *case != 0).collect();
        let mut hooks: BTreeMap<&str, usize> = BTreeMap::new();
        for hook in self.lines.iter().flat_map(|line| line.hook.split(", ")) {
            *hooks.entry(hook).or_default() += 1;
        }
        let hooks: Vec<String> = hooks.iter().map(|(hook, count)| format!("{hook} {count}")).collect();
        let unexpected = self.lines.iter().filter(|line| !line.is_expected).count();
        let how = if unexpected == 0 { "all as expected".to_owned() } else { format!("{unexpected} NOT as expected") };
        let of = match self.headings.len() {
            0 => String::new(),
            known => format!(" of {known}"),
        };
        format!("{}{of} cases, {} lines ({}): {how}", shown.len(), self.lines.len(), hooks.join(", "))
    }
}

/// A line for each, below the heading of its case.
impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |field: fn(&Line) -> &str| self.lines.iter().map(|line| field(line).chars().count()).max();
        let name_width = width(|line| &line.name).unwrap_or(0);
        let hook_width = width(|line| &line.hook).unwrap_or(0);
        let mut last = None;
        for Line { case, name, family, side, hook, result, is_expected } in &self.lines {
            if last != Some(case) {
                match self.headings.get(case) {
                    Some(sentence) => writeln!(f, "\n{case}. {sentence}")?,
                    None => writeln!(f, "\nbeside the cases")?,
                }
                last = Some(case);
            }
            let mark = if *is_expected { "" } else { "NOT EXPECTED: " };
            writeln!(f, "{case:>4} {name:name_width$}  {hook:hook_width$}  {family:4}  {side:8}  {mark}{result}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "5\tframes\txdp, tc-out\tIPv4\thost\t2 drop ipv4-header\texpected\n\
        12\tstrays\n\
        5\tlies\n\
        5\tframes\thost's tables\tIPv4\thost\t2 drop ipv4-header\texpected\n";

    #[test]
    fn lines_stand_below_the_headings_of_their_cases() {
        let ledger = Ledger::parse(TEXT).unwrap();
        assert_eq!(
            ledger.to_string(),
            "\n5. lies\n   5 frames  host's tables  IPv4  host      2 drop ipv4-header\n   \
             5 frames  xdp, tc-out    IPv4  host      2 drop ipv4-header\n"
        );
        assert_eq!(ledger.missing(), [12]);
        assert_eq!(ledger.totals(), "1 of 2 cases, 2 lines (host's tables 1, tc-out 1, xdp 1): all as expected");
    }

    #[test]
    fn what_was_not_expected_is_said() {
        let ledger = Ledger::parse("3\tx\txdp\t-\thost\tframe 1: seen pass\tunexpected\n").unwrap();
        assert!(ledger.to_string().contains("NOT EXPECTED: frame 1"), "{ledger}");
        assert_eq!(ledger.totals(), "1 cases, 1 lines (xdp 1): 1 NOT as expected");
    }

    #[test]
    fn a_line_that_is_none_is_an_error() {
        assert!(Ledger::parse("5\ta\tb\n").is_err());
        assert!(Ledger::parse("five\tsentence\n").is_err());
        assert!(Ledger::parse("").unwrap().is_empty());
    }
}
