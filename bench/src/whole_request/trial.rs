//! One server with its log file, its receiver and its load: what every way of measuring drives.

use crate::client::{self, Client, Propagation, SentTraces};
use crate::server::{Costs, Server, Under};
use crate::sink::Sink;
use crate::stack::Row;
use crate::verify::{self, Verdict};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// What is the same for all rows of a run.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) connections: usize,
    pub(crate) propagate: bool,
}

/// A started server and all that is sent to and received from it.
pub(crate) struct Trial {
    row: &'static Row,
    server: Server,
    client: Client,
    sink: Sink,
    log: Scratch,
    propagation: Propagation,
    sent_traces: SentTraces,
    requests: u64,
}

/// What a batch cost.
pub(crate) struct Batch {
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// Of the server process until its telemetry had gone out.
    pub(crate) costs: Costs,
}

impl Trial {
    /// Starts `row`.
    pub(crate) fn start(row: &'static Row, load: Load, under: Under<'_>) -> Result<Self, String> {
        let (sink, log) = (Sink::listen()?, Scratch::new(row.name)?);
        let server = Server::start(row, &log.file(), &sink.endpoint(), under)?;
        let client = Client::connect(server.app, load.connections)?;
        let sampled = row.ratio;
        let propagation = if load.propagate { Propagation::Continue { sampled } } else { Propagation::Root };
        Ok(Self { row, server, client, sink, log, propagation, sent_traces: Vec::new(), requests: 0 })
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
        let before = self.server.settled_costs()?;
        let wall = self.send(requests)?;
        let after = self.server.settled_costs()?;
        let costs = Costs {
            cpu: after.cpu.saturating_sub(before.cpu),
            allocations: after.allocations.since(before.allocations),
        };
        Ok(Batch { wall, costs })
    }

    /// Sends `requests` requests while callgrind counts, until their telemetry has gone out.
    pub(crate) fn counted_batch(&mut self, requests: u64) -> Result<(), String> {
        self.server.settled_costs()?;
        self.server.count_instructions(true)?;
        self.send(requests)?;
        self.server.settled_costs()?;
        self.server.count_instructions(false)
    }

    /// Resident memory of the server in bytes.
    pub(crate) fn resident_bytes(&self) -> Option<u64> {
        self.server.resident_bytes()
    }

    /// Ends the server and compares what it gave out with what it was sent.
    pub(crate) fn finish(mut self) -> Result<Verdict, String> {
        self.server.flush()?;
        let scraped = match self.row.evidence {
            Some(_) => client::get(self.server.metrics, "/metrics")?,
            None => String::new(),
        };
        // Open connections would keep a server that shuts down gracefully waiting.
        drop(self.client);
        self.server.quit()?;
        let Some(evidence) = self.row.evidence else { return Ok(Verdict::nothing_expected()) };
        let lines = std::fs::read_to_string(self.log.file()).map_err(|error| format!("log file: {error}"))?;
        let expected = verify::Expected {
            requests: self.requests,
            ratio: self.row.ratio,
            sampled_traces: match self.propagation {
                Propagation::Root => None,
                Propagation::Continue { .. } => Some(&self.sent_traces),
            },
        };
        Ok(verify::compare(&evidence, &expected, &lines, &self.sink.spans(), &scraped))
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
