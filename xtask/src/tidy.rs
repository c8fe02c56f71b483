//! House rules that neither rustfmt nor clippy knows.

use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

/// A file that needs more scrolling than this wants a split along a concept.
const LINES: usize = 500;

/// In a comment, before the reason why a file may be longer.
const LONG: &str = "Long because ";

/// Directories where only one machine has something of ours. Split, so that the rule does not find itself.
const FOREIGN_ROOTS: [&str; 3] = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/wo", "rk/")];

/// Code that is not there yet, and notes about it.
const UNFINISHED: [&str; 4] =
    [concat!("to", "do!"), concat!("un", "implemented!"), concat!("FIX", "ME"), concat!("XX", "X")];

/// A place that breaks a rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Finding {
    file: PathBuf,
    line: usize,
    rule: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, rule } = self;
        write!(f, "{}:{line}: {rule}", file.display())
    }
}

/// Checks all text files of the workspace.
pub fn check(root: &Path) -> Result<Vec<Finding>> {
    let mut files = Vec::new();
    collect(root, Path::new(""), &mut files)?;
    files.sort();
    let mut findings = Vec::new();
    for file in files {
        let content = fs::read(root.join(&file)).with_context(|| format!("cannot read {}", file.display()))?;
        // What is not text has no lines.
        if let Ok(text) = String::from_utf8(content) {
            findings.extend(check_file(&file, &text));
        }
    }
    Ok(findings)
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let path = root.join(directory);
    for entry in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
        let entry = entry?;
        let relative = directory.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() && entry.file_name() != "target" && entry.file_name() != ".git" {
            collect(root, &relative, files)?;
        } else if kind.is_file() && entry.file_name() != ".git" {
            files.push(relative);
        }
    }
    Ok(())
}

fn check_file(file: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |line: usize, rule: String| findings.push(Finding { file: file.to_owned(), line, rule });
    for (number, line) in (1..).zip(text.lines()) {
        for root in FOREIGN_ROOTS.into_iter().filter(|root| holds_path(line, root)) {
            find(number, format!("a path under {root} exists on one machine only"));
        }
    }
    if file.extension().is_none_or(|extension| extension != "rs") {
        return findings;
    }
    for (number, line) in (1..).zip(text.lines()) {
        for word in UNFINISHED.into_iter().filter(|word| line.contains(word)) {
            find(number, format!("{word}: code that is not there yet"));
        }
    }
    for attribute in attributes(text) {
        if let Some(rule) = attribute.rule() {
            find(attribute.line, rule.to_owned());
        }
    }
    let lines = text.lines().count();
    let has_reason = text.lines().any(|line| line.trim_start().starts_with("//") && line.contains(LONG));
    if lines > LINES && !has_reason {
        find(LINES + 1, format!("{lines} lines: split along a concept, or say `// {LONG}…`"));
    }
    findings
}

/// Does the line hold a path that begins with `root`? `a/root/b` is another path, and goes on unseen.
fn holds_path(line: &str, root: &str) -> bool {
    line.match_indices(root).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        before.is_none_or(|letter| !(letter.is_alphanumeric() || "_.-~}$*".contains(letter)))
    })
}

/// An attribute as written, without the brackets.
struct Attribute<'a> {
    line: usize,
    text: &'a str,
}

impl Attribute<'_> {
    /// The rule that it breaks.
    fn rule(&self) -> Option<&'static str> {
        let name = self.text.split(|letter: char| !(letter.is_alphanumeric() || letter == '_')).next()?;
        match name {
            "allow" => Some("a lint is silenced by `expect` with a reason, which tells when it is no longer needed"),
            "expect" if !self.text.contains("reason =") => Some("an exception from a lint without a reason"),
            "ignore" if !self.text.contains('=') => Some("an ignored test without a reason"),
            "cfg_attr" if self.text.contains("allow(") => Some("a lint is silenced by `expect` with a reason"),
            _ => None,
        }
    }
}

/// Attributes that begin a line, as rustfmt leaves them; those inside of text and comments do not.
fn attributes(text: &str) -> impl Iterator<Item = Attribute<'_>> {
    let mut at = 0;
    let lines = text.split_inclusive('\n').map(move |line| {
        let start = at;
        at += line.len();
        (start, line)
    });
    (1..).zip(lines).filter_map(move |(number, (start, line))| {
        let trimmed = line.trim_start();
        let inner = trimmed.strip_prefix("#[").or(trimmed.strip_prefix("#!["))?;
        let begin = start + line.len() - inner.len();
        Some(Attribute { line: number, text: &text[begin..begin + closing(&text[begin..])] })
    })
}

/// Where the bracket that is open at the start of `text` closes.
fn closing(text: &str) -> usize {
    let mut depth = 1_usize;
    let mut quoted = false;
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '[' if !quoted => depth += 1,
            ']' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return at;
                }
            }
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rules broken by a Rust file, as `line: beginning of the rule`.
    fn broken(text: &str) -> Vec<(usize, String)> {
        let findings = check_file(Path::new("a.rs"), text).into_iter();
        findings.map(|finding| (finding.line, finding.rule.chars().take(12).collect())).collect()
    }

    fn at(line: usize, rule: &str) -> (usize, String) {
        (line, rule.to_owned())
    }

    #[test]
    fn unfinished_code_is_found() {
        let text = format!("fn a() {{\n    {}()\n}}\n// {}: later\n", UNFINISHED[0], UNFINISHED[2]);
        assert_eq!(broken(&text).into_iter().map(|(line, _)| line).collect::<Vec<_>>(), [2, 4]);
    }

    #[test]
    fn exceptions_need_a_reason_and_allow_has_none() {
        // The line's start is written apart, so that these lines begin no attribute.
        let text = [
            "[expect(dead_code)]",
            "[expect(dead_code, reason = \"read by the kernel [sic]\")]",
            "[expect(\n    dead_code,\n    reason = \"two\",\n)]",
            "[expect(\n    dead_code,\n)]",
            "![allow(dead_code, reason = \"no\")]",
            "[ignore]",
            "[ignore = \"needs hardware\"]",
            "[cfg_attr(test, allow(dead_code))]",
            "[cfg_attr(not(test), no_main)]",
            "[test]",
        ];
        let text = text.map(|line| format!("#{line}\n")).concat();
        assert_eq!(
            broken(&text),
            [
                at(1, "an exception"),
                at(7, "an exception"),
                at(10, "a lint is si"),
                at(11, "an ignored t"),
                at(13, "a lint is si"),
            ]
        );
    }

    #[test]
    fn long_files_need_a_reason() {
        let line = "fn a() {}\n";
        assert_eq!(broken(&line.repeat(LINES)), []);
        assert_eq!(broken(&line.repeat(LINES + 1)), [at(501, "501 lines: s")]);
        assert_eq!(broken(&format!("// {LONG}one table is one place.\n{}", line.repeat(LINES))), []);
    }

    #[test]
    fn paths_of_one_machine_are_found_in_any_text_file() {
        let lines = |text: String| {
            let findings = check_file(Path::new("README.md"), &text).into_iter();
            findings.map(|finding| finding.line).collect::<Vec<_>>()
        };
        let [first, second, third] = FOREIGN_ROOTS;
        assert_eq!(lines(format!("see {first}me/x\nor `{second}x`\n{third}y")), [1, 2, 3]);
        assert_eq!(lines(format!("a{first}b\n../docs{second}x\n$HOME{third}")), [0_usize; 0]);
    }

    #[test]
    fn text_that_is_no_code_may_be_long() {
        assert_eq!(check_file(Path::new("CHANGELOG.md"), &"line\n".repeat(LINES + 1)), []);
    }
}
