//! Doing what a command line says.

use super::call::{Call, Guard};
use super::drops::{self, Known};
use super::emergency::{self, EmergencyDetach};
use super::failure::{Failure, code};
use super::output::{self, Format, Screen};
use super::{Cli, Command, Global, flush, pages, ssh};
use crate::api::client::{Answer, CallOptions, Client};
use crate::daemon::{self, DaemonArgs};
use serde_json::Value;
use std::process::ExitCode;

/// Does it, and prints what comes of it to stdout.
pub(super) fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let Cli { global, command } = cli;
    match work(command) {
        Work::Judge(call) => return judge(&global, &call),
        Work::Call(call) => ask(&global, &call),
        Work::Flush(call) => flush(&global, &call),
        Work::Follow(call) => follow(&global, &call),
        Work::Print(text) => print(&text),
        Work::Man(man) => man.write(),
        Work::Daemon(args) => run_daemon(*args),
        Work::EmergencyDetach(emergency) => {
            let removed = emergency.detach()?;
            print(&emergency::render(format(&global), &removed))
        }
    }
    .map(|()| ExitCode::SUCCESS)
}

/// What a command comes to.
pub(super) enum Work {
    Call(Call),
    /// Answered with what becomes of a packet.
    Judge(Call),
    Flush(Call),
    /// Asked again and again, for what is new.
    Follow(Call),
    Print(String),
    Man(super::generate::Man),
    Daemon(Box<DaemonArgs>),
    EmergencyDetach(EmergencyDetach),
}

pub(super) fn work(command: Command) -> Work {
    match command {
        Command::Call(command) => Work::Call(command.call()),
        Command::FlushFlows(command) => Work::Flush(command.call()),
        Command::Drops(command) => match command.call() {
            (call, false) => Work::Call(call),
            (call, true) => Work::Follow(call),
        },
        Command::Explain(command) => Work::Judge(command.call()),
        Command::Simulate(command) => Work::Judge(command.call()),
        Command::EmergencyDetach(command) => Work::EmergencyDetach(command),
        Command::Daemon(args) => Work::Daemon(Box::new(args)),
        Command::Completions(completions) => Work::Print(completions.render()),
        Command::Man(man) => Work::Man(man),
    }
}

/// Sends a request to the controller and prints the answer. Where a list goes on stands behind it, but for JSON.
fn ask(global: &Global, call: &Call) -> Result<(), Failure> {
    let mut body = answer(global, call)?;
    let is_whole = global.query.is_some() || call.paging.is_none();
    let rest = if is_whole { None } else { pages::rest(format(global), &mut body) };
    show(global, call.operation, &body)?;
    rest.map_or(Ok(()), |rest| print(&rest))
}

/// Prints what becomes of a packet, which the exit code tells as well: by the last of those who were asked.
fn judge(global: &Global, call: &Call) -> Result<ExitCode, Failure> {
    let body = answer(global, call)?;
    show(global, call.operation, &body)?;
    let judged = ["ByKernel", "ByModel", "After"].into_iter().find_map(|member| body.get(member));
    let verdict = judged.and_then(|judgement| judgement.get("Verdict"));
    let is_dropped = verdict.and_then(Value::as_str) == Some("drop");
    Ok(if is_dropped { ExitCode::from(code::DROPPED) } else { ExitCode::SUCCESS })
}

/// Cuts flows and prints how many.
fn flush(global: &Global, call: &Call) -> Result<(), Failure> {
    let whole = flush::flush(call, |call| answer(global, call))?;
    let body = serde_json::to_value(&whole).map_err(|error| Failure::new("the answer has no JSON form", error))?;
    show(global, call.operation, &body)
}

/// Prints what is dropped, until somebody ends it or nobody reads any more.
fn follow(global: &Global, call: &Call) -> Result<(), Failure> {
    let format = format(global);
    let read = |body| {
        serde_json::from_value(body).map_err(|error| Failure::new("the controller's answer is not understood", error))
    };
    let mut known = Known::default();
    // What was there before is not news.
    known.new_in(read(answer(global, call)?)?);
    loop {
        std::thread::sleep(drops::PERIOD);
        for drop in known.new_in(read(answer(global, call)?)?) {
            let is_read = output::print_on(&drops::line(format, &drop));
            if !is_read.map_err(|error| Failure::new("can't write the answer", error))? {
                return Ok(());
            }
        }
    }
}

/// Sends a request to the controller, or as many as make up the list that is wanted.
fn answer(global: &Global, call: &Call) -> Result<Value, Failure> {
    match &call.paging {
        Some(paging) => pages::gather(paging, call, |call| answer_once(global, call)),
        None => answer_once(global, call),
    }
}

/// Sends a request to the controller, and says what there is to say beside the answer.
fn answer_once(global: &Global, call: &Call) -> Result<Value, Failure> {
    for note in &call.notes {
        output::complain(&format!("note: {note}\n"));
    }
    let Answer { body, warnings } = Client::new(&global.socket)
        .call_blocking(call.operation, &call.body(), &options(call))
        .map_err(|error| Failure::of_call(call.operation, error))?;
    for warning in warnings.iter().map(String::as_str).chain(own_warnings(&body)) {
        output::complain(&format!("warning: {warning}\n"));
    }
    Ok(body)
}

fn show(global: &Global, operation: &str, body: &Value) -> Result<(), Failure> {
    let (format, screen) = (format(global), Screen::of_stdout(global.colour));
    match &global.query {
        Some(query) => print(&output::render_part(format, &screen, &query.of(body)?)),
        None => print(&output::render(format, &screen, operation, body)),
    }
}

fn format(global: &Global) -> Format {
    global.output.unwrap_or_else(Format::preferred)
}

fn options(call: &Call) -> CallOptions {
    match &call.guard {
        Some(Guard { force, confirm_within }) => {
            CallOptions { ssh_connection: ssh::connection(), force: *force, confirm_within: *confirm_within }
        }
        None => CallOptions::default(),
    }
}

/// Answers of our own operations carry their warnings with them.
fn own_warnings(body: &Value) -> impl Iterator<Item = &str> {
    body.get("Warnings").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
}

fn print(text: &str) -> Result<(), Failure> {
    output::print(text).map_err(|error| Failure::new("can't write the answer", error))
}

fn run_daemon(args: DaemonArgs) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("can't start the controller's threads", error))?;
    runtime.block_on(daemon::run(args)).map_err(Failure::from)
}
