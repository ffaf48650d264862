//! gRPC with grpcio at either end, and with h2load: what others count is what our numbers, lines and spans say.

mod judge;
mod load;
mod talk;

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::counts::{Counts, counts, equal};
use super::eventually::eventually;
use super::install::Programs;
use super::lines::{self, access_lines, field};
use super::report::Report;
use super::rotel::Rotel;
use crate::exposition::label;
use crate::service::{TEXT, configuration_of_this_shell, scrape, whole_lines};
use crate::{Result, cargo, ports};
use judge::Seen;
use talk::Talk;

const SERVICE: &str = "e2e.Judge";

/// What our client is told, how often, and the code it says came of that.
const CALLS: [(&str, usize, &[&str]); 9] = [
    ("unary hello", 20, &["OK"]),
    ("list 7", 20, &["OK"]),
    ("gather 5", 20, &["OK"]),
    ("chat 3", 20, &["OK"]),
    ("unary fail 5", 5, &["NotFound"]),
    ("unary fail 13", 5, &["Internal"]),
    ("unary fail 14", 5, &["Unavailable"]),
    // In tonic's words where its own clock was first, in Python's where that was; to all of us it is a deadline.
    ("soon unary wait", 3, &["Cancelled", "DeadlineExceeded"]),
    // Our side says how many came; Python says that it was given up.
    ("cancel list wait", 3, &["OK"]),
];

/// Where our programs are and what they leave.
struct Place<'a> {
    binary: PathBuf,
    folder: &'a Path,
    otlp: SocketAddr,
}

impl Place<'_> {
    /// One of them, with `/metrics` at `admin`.
    fn command(&self, name: &str, arguments: &[&str], admin: SocketAddr) -> Result<Command> {
        let text = format!(
            "admin: {{ addr: '{admin}' }}\nlogs: {{ output: file, file: {{ path: {name}.lines.json }} }}\n\
             traces: {{ endpoint: 'http://{}', probe: false, linger: 100ms }}\ndrain: {{ delay: 0s }}\n",
            self.otlp
        );
        let file = self.folder.join(format!("{name}.yaml"));
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut command = Command::new(&self.binary);
        configuration_of_this_shell().for_each(|name| {
            command.env_remove(name);
        });
        command.args(arguments).env("OBS_CONFIG", &file).current_dir(self.folder);
        Ok(command)
    }

    fn lines(&self, name: &str) -> Result<Vec<lines::Line>> {
        lines::parse(whole_lines(&self.folder.join(format!("{name}.lines.json"))))
    }
}

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let binary = cargo::build_example_with("obs", &["client-tonic"], "grpc")?;
    let [grpc, http, server, client] = ports::free()?;
    let rotel = Rotel::start(&programs.rotel, grpc, http, folder)?;
    let place = Place { binary, folder, otlp: http };

    let mut ours = Talk::start("serve", place.command("serve", &["serve"], server)?, folder)?;
    let address = ours.hear()?;
    let mut python =
        Talk::start("python-client", judge::command(&programs.python, &["client", &address]), folder)?;
    let seen = python.hear().and_then(|said| judge::read(&said));
    report.check(
        "grpc: grpcio has its answers, its ids come back in metadata",
        seen.as_ref().map(told).map_err(Clone::clone),
    );
    if let Ok(seen) = &seen {
        report.check(
            "grpc: rpc_server counts by method and code what grpcio counts",
            counted(server, "rpc_server", &seen.calls),
        );
        report.check(
            "grpc: rpc_server counts the messages each way that grpcio counts",
            messages(server, seen),
        );
        let told = eventually(|| access(&place.lines("serve")?, seen));
        report.check("grpc: each call of grpcio has its access line", told);
        report.check("grpc: each call of grpcio is the parent of its server span", spans(&rotel, seen));
    }
    let load = load::Load { program: &programs.h2load, address: &address, admin: server, folder };
    report.check("grpc: h2load's requests are all answered and all counted", load.answered());
    report.check(
        "grpc: streams that h2load leaves behind are cancelled, and none stays in flight",
        load.reset(),
    );
    let ended = ours.end().and_then(|status| match (status.success(), ours.hear()?) {
        (true, said) if said == "drained" => Ok(said),
        (_, said) => Err(format!("{status}, {said}")),
    });
    report.check("grpc: the service ends drained", ended);

    report.check(
        "grpc: calls of grpcio's server are what it counts, with our spans in its metadata",
        called(programs, &place, &rotel, client),
    );
    Ok(())
}

fn told(seen: &Seen) -> String {
    format!("{} calls in {} ways", seen.each.len(), seen.calls.len())
}

/// The counter of one side is what the other side has seen.
fn counted(admin: SocketAddr, family: &str, expected: &Counts) -> Result<String> {
    eventually(|| {
        let scrape = scrape(admin, TEXT)?;
        let name = format!("{family}_requests_total");
        let own = scrape.named(&name).filter(|sample| label(&sample.labels, "service") == SERVICE);
        equal(&counts(own.map(|sample| (&sample.labels, sample.value)), &["method", "code"]), expected)?;
        match scrape.sum("rpc_server_requests_in_flight") {
            0.0 => Ok(format!("{} series", expected.len())),
            other => Err(format!("{other} in flight")),
        }
    })
}

fn messages(admin: SocketAddr, seen: &Seen) -> Result<String> {
    let scrape = scrape(admin, TEXT)?;
    for side in ["request", "response"] {
        for (method, sent, received) in &seen.messages {
            let name = format!("rpc_server_{side}_messages_total");
            let own = scrape.named(&name).filter(|sample| label(&sample.labels, "method") == method);
            let count: f64 = own.map(|sample| sample.value).sum();
            // Those of calls that did not go well are no part of what Python counts.
            let bad =
                seen.each.iter().filter(|call| call.method == *method && call.code != "OK").count() as f64;
            let least = if side == "request" { *sent } else { *received };
            if count < least || count > least + bad {
                return Err(format!("{name} of {method} is {count}, with {least} and at most {bad} more"));
            }
        }
    }
    Ok(format!("{} methods", seen.messages.len()))
}

fn access(lines: &[lines::Line], seen: &Seen) -> Result<String> {
    let access = access_lines(lines)?;
    for call in &seen.each {
        let line = access.get(call.trace_id.as_str());
        let line = line.ok_or_else(|| format!("no access line of {call:?}"))?;
        let method = format!("{SERVICE}/{}", call.method);
        let request_id = format!("py-{}", call.span_id);
        let expected = [("rpc_method", method), ("rpc_code", call.code.clone()), ("request_id", request_id)];
        if let Some((name, value)) = expected.iter().find(|(name, value)| field(line, name) != value) {
            return Err(format!("{name} of {call:?} is `{}`, not `{value}`", field(line, name)));
        }
    }
    Ok(format!("{} lines", seen.each.len()))
}

fn spans(rotel: &Rotel, seen: &Seen) -> Result<String> {
    eventually(|| {
        let spans = rotel.spans();
        let by_trace: HashMap<_, _> = spans.iter().map(|span| (span.trace_id.as_str(), span)).collect();
        for call in &seen.each {
            let span = by_trace.get(call.trace_id.as_str());
            let span = span.ok_or_else(|| format!("no span of {call:?}"))?;
            let is_it = span.parent_id == call.span_id && span.kind == "SPAN_KIND_SERVER";
            if !is_it || span.name != format!("{SERVICE}/{}", call.method) {
                return Err(format!("the span of {call:?} is {span:?}"));
            }
        }
        Ok(format!("{} spans", seen.each.len()))
    })
}

/// Our client and Python's server.
fn called(programs: &Programs, place: &Place<'_>, rotel: &Rotel, admin: SocketAddr) -> Result<String> {
    let mut python =
        Talk::start("python-server", judge::command(&programs.python, &["server"]), place.folder)?;
    let address = format!("127.0.0.1:{}", python.hear()?);
    let mut ours = Talk::start("call", place.command("call", &["call", &address], admin)?, place.folder)?;
    for (call, times, codes) in CALLS {
        for _ in 0..times {
            ours.tell(call)?;
            let said = ours.hear()?;
            if !said.split(' ').next().is_some_and(|code| codes.contains(&code)) {
                return Err(format!("`{call}` ended as `{said}`, not {}", codes.join(" or ")));
            }
        }
    }
    python.tell("")?;
    let seen = judge::read(&python.hear()?)?;
    // Whoever gives up has no code.
    let mut expected = seen.calls.clone();
    let given_up = expected.remove(&vec!["List".to_owned(), "CANCELLED".to_owned()]);
    counted(admin, "rpc_client", &expected)?;
    let cancelled = scrape(admin, TEXT)?.sum("rpc_client_requests_cancelled_total");
    if given_up != Some(cancelled) {
        return Err(format!("{cancelled} given up, and {given_up:?} as Python has it"));
    }
    ours.end()?;
    let told = eventually(|| {
        let spans = rotel.spans();
        let clients = spans.iter().filter(|span| span.kind == "SPAN_KIND_CLIENT");
        let ids: HashSet<_> = clients.map(|span| (span.trace_id.as_str(), span.span_id.as_str())).collect();
        match seen.each.iter().find(|call| !ids.contains(&(call.trace_id.as_str(), call.span_id.as_str()))) {
            None => Ok(seen.each.len()),
            Some(stray) => Err(format!("no span of ours is {stray:?}")),
        }
    })?;
    Ok(format!("{told} calls"))
}
