//! The servers of one row, each with its log file and its receiver, and their load: what every way of measuring drives.

use crate::client::{self, Client, Propagation, SentTraces};
use crate::scenario::{Role, Scenario};
use crate::server::{Costs, Server, Under};
use crate::sink::Sink;
use crate::stack::Row;
use crate::verify::{self, Verdict};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is the same for all rows of a run.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) scenario: &'static Scenario,
    pub(crate) connections: usize,
    pub(crate) propagate: bool,
}

/// Started servers and all that is sent to and received from them.
pub(crate) struct Trial {
    row: &'static Row,
    /// In the order in which a request comes to them.
    nodes: Vec<Node>,
    client: Client,
    propagation: Propagation,
    sent_traces: SentTraces,
    requests: u64,
}

/// One of the servers.
struct Node {
    role: &'static Role,
    server: Server,
    sink: Sink,
    log: Scratch,
}

/// What a batch cost.
pub(crate) struct Batch {
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// Of all server processes until their telemetry had gone out.
    pub(crate) costs: Costs,
}

impl Trial {
    /// Starts `row` in every role, each run as `under` says of its name.
    pub(crate) fn start<'a>(
        row: &'static Row,
        load: Load,
        under: impl Fn(&'static Role) -> Under<'a>,
    ) -> Result<Self, String> {
        let mut nodes: Vec<Node> = Vec::new();
        for role in load.scenario.roles.iter().rev() {
            let (sink, log) = (Sink::listen()?, Scratch::new(row.name)?);
            let next = nodes.first().map(|next| next.server.app);
            let server = Server::start(row, role, next, &log.file(), &sink.endpoint(), under(role))?;
            nodes.insert(0, Node { role, server, sink, log });
        }
        let first = nodes.first().ok_or("a scenario without a service")?;
        let client = Client::connect(load.scenario, first.server.app, load.connections)?;
        let sampled = row.ratio;
        let propagation = if load.propagate { Propagation::Continue { sampled } } else { Propagation::Root };
        Ok(Self { row, nodes, client, propagation, sent_traces: Vec::new(), requests: 0 })
    }

    /// Sends `requests` requests and gives how long that took.
    pub(crate) fn send(&mut self, requests: u64) -> Result<Duration, String> {
        let start = Instant::now();
        self.client.run(requests, self.propagation, &mut self.sent_traces)?;
        self.requests += requests;
        Ok(start.elapsed())
    }

    /// Sends `requests` requests and gives what they cost, telemetry included.
    pub(crate) fn batch(&mut self, requests: u64) -> Result<Batch, String> {
        let before = self.settled_costs()?;
        let wall = self.send(requests)?;
        let after = self.settled_costs()?;
        let costs = Costs {
            cpu: after.cpu.saturating_sub(before.cpu),
            allocations: after.allocations.since(before.allocations),
        };
        Ok(Batch { wall, costs })
    }

    /// Sends `requests` requests while callgrind counts, until their telemetry has gone out.
    pub(crate) fn counted_batch(&mut self, requests: u64) -> Result<(), String> {
        self.settled_costs()?;
        self.nodes.iter_mut().try_for_each(|node| node.server.count_instructions(true))?;
        self.send(requests)?;
        self.settled_costs()?;
        self.nodes.iter_mut().try_for_each(|node| node.server.count_instructions(false))
    }

    /// The costs of all servers once all of them rest.
    fn settled_costs(&mut self) -> Result<Costs, String> {
        let mut total = Costs::default();
        for node in &mut self.nodes {
            let Costs { cpu, allocations } = node.server.settled_costs()?;
            total.cpu += cpu;
            total.allocations.count += allocations.count;
            total.allocations.bytes += allocations.bytes;
        }
        Ok(total)
    }

    /// Resident memory of the servers in bytes.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        self.nodes.iter().map(|node| node.server.resident_bytes()).sum()
    }

    /// Ends the servers and compares what they gave out with what they were sent.
    pub(crate) fn finish(mut self) -> Result<Verdict, String> {
        let mut scraped = Vec::new();
        for node in &mut self.nodes {
            node.server.flush()?;
            scraped.push(match self.row.evidence {
                Some(_) => client::get(node.server.metrics, "/metrics")?,
                None => String::new(),
            });
        }
        // Open connections would keep a server that shuts down gracefully waiting.
        drop(self.client);
        let mut verdict: Option<Verdict> = None;
        let mut sampled_traces = match self.propagation {
            Propagation::Root => None,
            Propagation::Continue { .. } => Some(self.sent_traces),
        };
        for (Node { role, server, sink, log }, scraped) in self.nodes.into_iter().zip(scraped) {
            server.quit()?;
            let Some(evidence) = self.row.evidence else { continue };
            let lines = std::fs::read_to_string(log.file()).map_err(|error| format!("log file: {error}"))?;
            let (spans, requests, ratio) = (sink.spans(role), self.requests, self.row.ratio);
            let expected =
                verify::Expected { role, requests, ratio, sampled_traces: sampled_traces.as_deref() };
            let of_this = verify::compare(&evidence, &expected, &lines, &spans, &scraped);
            verdict = Some(match verdict {
                None => of_this,
                Some(before) => before.and(role.name, of_this),
            });
            // What the first one recorded is what all behind it record, in the same traces.
            sampled_traces.get_or_insert(spans.trace_ids);
        }
        Ok(verdict.unwrap_or_else(Verdict::nothing_expected))
    }
}

/// A directory that is removed with everything in it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Result<Self, String> {
        static NEXT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let number = NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("bench-{}-{number}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    fn file(&self) -> PathBuf {
        Path::join(&self.0, "access.log")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left-overs in the temporary directory are the system's to remove.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
