//! A chapter: commands, and what is tried after them.

use super::interrupt::Interrupt;
use super::paint::Paint;
use super::stage::Machine;
use super::story::Stopped;
use firewall_tests::controller::{Answer, Controller};
use firewall_tests::traffic::{Attempt, Connection, Failure, http, ping, probe_icmp, tcp};
use firewall_tests::wait::{SILENCE, deadline};
use std::net::{IpAddr, SocketAddr};
use std::thread;
use std::time::Duration;

/// Tries so far, and how many went as expected.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tally {
    /// All tries.
    pub all: usize,
    /// Those that went as expected.
    pub good: usize,
}

impl Tally {
    /// Whether there were tries and none differed.
    pub fn as_expected(self) -> bool {
        self.all > 0 && self.all == self.good
    }
}

/// What is expected of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// It goes through, and an answer comes back.
    Answer,
    /// It is dropped on the way, silently.
    Silence,
}

impl Expected {
    /// How long to wait for an answer.
    fn patience(self) -> Duration {
        match self {
            Self::Answer => deadline(),
            Self::Silence => SILENCE,
        }
    }
}

/// Something to try.
pub struct Try<'a> {
    from: &'a str,
    to: String,
    what: String,
    expected: Expected,
    attempt: Attempt<'a>,
}

impl<'a> Try<'a> {
    /// A page of a web server.
    pub fn http(from: &'a Machine, to: &str, address: IpAddr, expected: Expected) -> Self {
        let target = SocketAddr::new(address, super::stage::port::HTTP);
        let attempt = http(&from.namespace, target);
        Self { from: from.name, to: to.to_owned(), what: format!("GET http://{target}/"), expected, attempt }
    }

    /// A new TCP connection to a port, and a word over it.
    pub fn tcp(from: &'a Machine, to: &str, address: IpAddr, port: u16, expected: Expected) -> Self {
        let target = SocketAddr::new(address, port);
        let attempt = tcp(&from.namespace, None, target);
        Self { from: from.name, to: to.to_owned(), what: format!("connect to {target}"), expected, attempt }
    }

    /// A word over a connection that is open.
    pub fn open(from: &'a str, to: &str, connection: &'a mut Connection, expected: Expected) -> Self {
        let what = "a word over the open connection".to_owned();
        Self { from, to: to.to_owned(), what, expected, attempt: connection.talk("select 2") }
    }

    /// An ICMP echo.
    pub fn ping(from: &'a Machine, to: &str, address: IpAddr, expected: Expected) -> Self {
        let attempt = ping(&from.namespace, None, address);
        Self { from: from.name, to: to.to_owned(), what: format!("ping {address}"), expected, attempt }
    }

    /// An ICMP timestamp: another type, which the kernel answers as readily.
    pub fn timestamp(from: &'a Machine, to: &str, address: IpAddr, expected: Expected) -> Self {
        let attempt = probe_icmp(&from.namespace, None, address, 13, 14);
        Self { from: from.name, to: to.to_owned(), what: format!("ICMP timestamp {address}"), expected, attempt }
    }
}

/// Tells chapters, one after the other.
#[derive(Debug)]
pub struct Teller<'a> {
    interrupt: &'a Interrupt,
    paint: Paint,
    /// How it went so far.
    pub tally: Tally,
    chapters: usize,
    /// What identifiers are called, once something has been made.
    names: Vec<(String, String)>,
}

impl<'a> Teller<'a> {
    /// Begins.
    pub fn new(interrupt: &'a Interrupt, paint: Paint) -> Self {
        Self { interrupt, paint, tally: Tally::default(), chapters: 0, names: Vec::new() }
    }

    fn go_on(&self) -> Result<(), Stopped> {
        if self.interrupt.came() { Err(Stopped::Interrupted) } else { Ok(()) }
    }

    /// Opens a chapter.
    pub fn chapter(&mut self, title: &str, text: &str) -> Result<(), Stopped> {
        self.go_on()?;
        self.chapters += 1;
        println!("{}\n   {}", self.paint.title(&format!("{}. {title}", self.chapters)), self.paint.aside(text));
        Ok(())
    }

    /// Something that happens without a command.
    pub fn say(&self, text: &str) {
        println!("   {}", self.paint.aside(text));
    }

    /// Gives a name to what a command has made: commands show it in the place of the identifier from then on.
    pub fn call(&mut self, id: &str, name: &str) {
        let name = format!("${name}");
        self.say(&format!("{id}, called {name} from here on"));
        self.names.push((id.to_owned(), name));
    }

    /// Words as one would type them.
    fn typed(&self, words: &[&str]) -> String {
        let typed = words.iter().map(|word| match self.names.iter().find(|(id, _)| id == word) {
            Some((_, name)) => name.clone(),
            None if word.contains(' ') => format!("'{word}'"),
            None => (*word).to_owned(),
        });
        typed.collect::<Vec<_>>().join(" ")
    }

    /// Gives a command, which has to succeed.
    pub fn command(&self, controller: &Controller<'_>, arguments: &[&str]) -> Result<serde_json::Value, Stopped> {
        self.go_on()?;
        println!("   {}", self.paint.command(&format!("$ firewall-ctl {}", self.typed(arguments))));
        let Answer { command, code, stdout, stderr } = controller.ctl(arguments);
        if code != Some(0) {
            return Err(Stopped::Failed(anyhow::anyhow!("{command} ended with {code:?}:\n{stderr}{stdout}")));
        }
        if stdout.trim().is_empty() {
            return Ok(serde_json::Value::Null);
        }
        serde_json::from_str(&stdout)
            .map_err(|error| Stopped::Failed(anyhow::anyhow!("{command} did not print JSON ({error}):\n{stdout}")))
    }

    /// Tries several things at the same time, and prints what came of each.
    pub fn tries(&mut self, tries: Vec<Try<'_>>) -> Result<(), Stopped> {
        self.go_on()?;
        let mut table = self.paint.table(&["from", "to", "what was tried", "expected", "seen", ""]);
        let results = thread::scope(|scope| {
            let running: Vec<_> = tries
                .into_iter()
                .map(|Try { from, to, what, expected, attempt }| {
                    (from, to, what, expected, scope.spawn(move || attempt.make(expected.patience())))
                })
                .collect();
            running
                .into_iter()
                .map(|(from, to, what, expected, thread)| {
                    let result = thread.join().unwrap_or_else(|_| Err(Failure::Other("the try panicked".to_owned())));
                    (from, to, what, expected, result)
                })
                .collect::<Vec<_>>()
        });
        for (from, to, what, expected, result) in results {
            let (expected, good) = match expected {
                Expected::Answer => ("answer", result.is_ok()),
                Expected::Silence => ("silence", result == Err(Failure::Silence)),
            };
            let seen = match result {
                Ok(()) => "answer".to_owned(),
                Err(Failure::Silence) => "silence".to_owned(),
                Err(failure) => failure.to_string(),
            };
            self.tally.all += 1;
            self.tally.good += usize::from(good);
            table.add_row([from.into(), to.into(), what.into(), expected.into(), seen.into(), self.paint.mark(good)]);
        }
        for line in table.lines() {
            println!("   {line}");
        }
        println!();
        // What was tried while a signal came may have been disturbed by it.
        self.go_on()
    }
}
