//! Lines and spans to a real collector by http/protobuf and gRPC, each held against the numbers that were said.

mod records;

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use super::eventually::eventually;
use super::install::Programs;
use super::report::Report;
use super::rotel::Rotel;
use crate::exposition::{Scrape, label, total};
use crate::{Result, cargo, ports};
use records::Printed;

/// How many lines are said each time: with their attributes more than one batch has room for.
const LINES: usize = 20_000;

struct Scene<'a> {
    program: PathBuf,
    rotel: &'a Path,
    folder: &'a Path,
}

type Check = fn(&Scene<'_>) -> Result<String>;

const ALL: [(&str, Check); 5] = [
    ("otlp: every line arrives once by http/protobuf, whole and with its types", |scene| {
        scene.arrives("http", |at| format!("url: 'http://{}', compression: none", at.http))
    }),
    ("otlp: every line arrives once by http/protobuf in gzip", |scene| {
        scene.arrives("gzip", |at| format!("url: 'http://{}'", at.http))
    }),
    ("otlp: every line and its span arrive once by gRPC, under the same ids", |scene| {
        scene.arrives("grpc", |at| format!("url: 'http://{}', protocol: grpc", at.grpc))
    }),
    ("otlp: a collector that starts late by gRPC misses nothing", late),
    ("otlp: the port of the other protocol costs no more than is said, and is told", wrong_port),
];

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let features = ["logs-ship-grpc", "traces-grpc"];
    let program = cargo::build_example_with("obs", &features, "to_collector")?;
    let scene = Scene { program, rotel: &programs.rotel, folder };
    for (name, check) in ALL {
        report.check(name, check(&scene));
    }
    Ok(())
}

/// Where a collector listens.
#[derive(Clone, Copy)]
struct At {
    grpc: SocketAddr,
    http: SocketAddr,
}

impl Scene<'_> {
    fn ports(&self, name: &str) -> Result<(At, PathBuf)> {
        let [grpc, http] = ports::free()?;
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok((At { grpc, http }, folder))
    }

    /// Starts the program, which has its lines sent as `output` says and its spans by gRPC.
    fn say(&self, folder: &Path, lines: usize, output: &str, spans: SocketAddr) -> Result<Child> {
        let text = format!(
            "logs: {{ outputs: {{ far: {{ type: otlp, queue: 256MiB, probe: false, {output} }} }} }}\n\
             traces: {{ endpoint: 'http://{spans}', protocol: grpc, compression: gzip, probe: false }}\n"
        );
        let file = folder.join("obs.yaml");
        std::fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut command = Command::new(&self.program);
        command.arg(lines.to_string()).env("OBS_CONFIG", &file).current_dir(folder);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map_err(|error| format!("{}: {error}", self.program.display()))
    }

    fn arrives(&self, name: &str, output: impl FnOnce(At) -> String) -> Result<String> {
        let (at, folder) = self.ports(name)?;
        let rotel = Rotel::start(self.rotel, at.grpc, at.http, &folder)?;
        let books = ended(self.say(&folder, LINES, &output(at), at.grpc)?)?;
        arrived(&rotel, &books)
    }
}

/// Its books and what it said.
struct Books {
    scrape: Scrape,
    said: String,
}

impl Books {
    fn of(&self, what: &str, pipeline: &str) -> f64 {
        let name = format!("obs_pipeline_{what}_total");
        let is = |sample: &&crate::exposition::Sample| {
            sample.name == name && label(&sample.labels, "pipeline") == pipeline
        };
        total(self.scrape.samples.iter().filter(is))
    }
}

fn ended(program: Child) -> Result<Books> {
    let output = program.wait_with_output().map_err(|error| format!("the program: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return Err(format!("the program ended with {}: {said}", output.status));
    }
    Ok(Books { scrape: Scrape::parse(&String::from_utf8_lossy(&output.stdout))?, said })
}

/// That each line arrived once with all that it has, and each under the ids of a span that arrived.
fn arrived(rotel: &Rotel, books: &Books) -> Result<String> {
    let expected = LINES as f64;
    for pipeline in ["logs_far", "traces_otlp"] {
        let (produced, delivered) = (books.of("produced", pipeline), books.of("delivered", pipeline));
        if (produced, delivered) != (expected, expected) {
            return Err(format!("{pipeline}: {delivered} delivered of {produced}: {}", books.said));
        }
    }
    let (records, spans) = eventually(|| {
        let (records, spans) = (records::parse(&rotel.output()), rotel.spans());
        if records.len() < LINES || spans.len() < LINES {
            return Err(format!("{} records and {} spans of {LINES}", records.len(), spans.len()));
        }
        Ok((records, spans))
    })?;
    if records.len() + spans.len() != 2 * LINES {
        return Err(format!("{} records and {} spans, some twice", records.len(), spans.len()));
    }
    let spans: BTreeMap<_, _> = spans.iter().map(|span| (&span.span_id, &span.trace_id)).collect();
    for (number, record) in records.iter().enumerate() {
        if spans.get(&record.span_id) != Some(&&record.trace_id) {
            return Err(format!("no span of {record:?}"));
        }
        let even = number % 2 == 0;
        let expected = Printed {
            service: String::from("to-collector"),
            severity: String::from("SEVERITY_NUMBER_INFO(9)"),
            body: format!("line {number}"),
            trace_id: record.trace_id.clone(),
            span_id: record.span_id.clone(),
            attributes: [
                ("target", String::from("Str(to_collector)")),
                ("number", format!("Int({number})")),
                ("ratio", String::from("Double(0.5)")),
                ("even", format!("Bool({even})")),
            ]
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec(),
        };
        if *record != expected {
            return Err(format!("{record:?}, not {expected:?}"));
        }
    }
    Ok(format!("{} records, {} spans", records.len(), spans.len()))
}

fn late(scene: &Scene<'_>) -> Result<String> {
    let (at, folder) = scene.ports("late")?;
    let output = format!("url: 'http://{}', protocol: grpc", at.grpc);
    let nobody = TcpListener::bind(at.grpc).map_err(|error| format!("{}: {error}", at.grpc))?;
    let program = scene.say(&folder, LINES, &output, at.grpc)?;
    // Spans and lines are turned away, one of them more than once at least.
    for _ in 0..3 {
        nobody.accept().map_err(|error| format!("nobody came: {error}"))?;
    }
    drop(nobody);
    let rotel = Rotel::start(scene.rotel, at.grpc, at.http, &folder)?;
    arrived(&rotel, &ended(program)?)
}

fn wrong_port(scene: &Scene<'_>) -> Result<String> {
    let (at, folder) = scene.ports("wrong")?;
    let rotel = Rotel::start(scene.rotel, at.grpc, at.http, &folder)?;
    for (output, told) in [
        (
            format!("url: 'http://{}', protocol: grpc, retry_for: 1s", at.http),
            "HTTP status 404 and no grpc-status",
        ),
        (format!("url: 'http://{}', retry_for: 1s", at.grpc), "connection failed"),
    ] {
        let books = ended(scene.say(&folder, 10, &output, at.grpc)?)?;
        let dropped = books.of("dropped", "logs_far");
        if dropped != 10.0 || !books.said.contains(told) {
            return Err(format!("{dropped} dropped of 10 ({output}): {}", books.said));
        }
    }
    let spans = eventually(|| match rotel.spans().len() {
        20 => Ok(20),
        spans => Err(format!("{spans} spans of 20")),
    })?;
    Ok(format!("{spans} spans beside it"))
}
