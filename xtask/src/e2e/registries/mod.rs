//! Registries made of chance: whoever reads them, in whatever format, finds what was recorded.
//!
//! The seed is another one each time and is printed; `OBS_E2E_SEED` has a run made again.

mod books;
mod program;
mod scraped;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use super::eventually::eventually;
use super::install::Programs;
use super::pipe::{pipe, said};
use super::prometheus::Prometheus;
use super::report::Report;
use crate::json::Json;
use crate::service::{OPENMETRICS, TEXT};
use crate::{Result, cargo, http, ports};
use books::{Books, Key};
use program::Program;

/// How many registries a run makes.
const REGISTRIES: usize = 8;

/// Reads by the strict parser and prints each sample as JSON.
const STRICT: &str = include_str!("strict.py");

/// What Prometheus has to be told so that it asks for protobuf.
const NATIVE: &str = "native-histograms";

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let seed = seed()?;
    println!("seed {seed}");
    let binary = cargo::build_example("obs-metrics", "registries")?;
    let program = Program::start(&binary, seed, REGISTRIES)?;
    let [plain, native] = ports::free()?;
    let (texts, protobufs) = (folder.join("texts"), folder.join("protobufs"));
    for folder in [&texts, &protobufs] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let jobs = [("text", "text"), ("openmetrics", "metrics")];
    let configuration = scraped::configuration(program.address, &jobs, REGISTRIES);
    let plain = Prometheus::start_with(&programs.prometheus, plain, &configuration, &[], &texts)?;
    let configuration = scraped::configuration(program.address, &[("protobuf", "metrics")], REGISTRIES);
    let native = Prometheus::start_with(&programs.prometheus, native, &configuration, &[NATIVE], &protobufs)?;

    report.check("registries: promtool finds no fault in any text", promtool(programs, &program));
    report.check("registries: the strict parser finds what was recorded", strict(programs, &program));
    for (name, prometheus, job) in [
        ("registries: Prometheus finds it in text 0.0.4", &plain, "text"),
        ("registries: Prometheus finds it in OpenMetrics", &plain, "openmetrics"),
        ("registries: Prometheus finds it in protobuf, native histograms included", &native, "protobuf"),
    ] {
        report.check(name, eventually(|| scraped::compare(prometheus, job, &program.books)));
    }
    Ok(())
}

fn seed() -> Result<u64> {
    match env::var("OBS_E2E_SEED") {
        Ok(seed) => seed.parse().map_err(|_| format!("OBS_E2E_SEED is `{seed}`, expected a whole number")),
        Err(_) => Ok(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64),
    }
}

fn promtool(programs: &Programs, program: &Program) -> Result<String> {
    let mut bytes = 0;
    for registry in 0..REGISTRIES {
        let response = http::get(program.address, &format!("/{registry}/text"), &[("accept", TEXT)])
            .map_err(|error| error.to_string())?;
        let mut command = Command::new(&programs.promtool);
        let output = pipe(command.args(["check", "metrics"]), &response.body)?;
        let said = said(&output);
        if !output.status.success() || !said.is_empty() {
            return Err(format!("registry {registry}: {}: {said}", output.status));
        }
        bytes += response.body.len();
    }
    Ok(format!("{bytes} bytes of {REGISTRIES} registries"))
}

fn strict(programs: &Programs, program: &Program) -> Result<String> {
    let (mut found, mut exemplars) = (Books::default(), 0);
    for registry in 0..REGISTRIES {
        let path = format!("/{registry}/metrics");
        let response = http::get(program.address, &path, &[("accept", OPENMETRICS)])
            .map_err(|error| error.to_string())?;
        let output = pipe(Command::new(&programs.python).args(["-c", STRICT]), &response.body)?;
        let said = said(&output);
        if !output.status.success() {
            return Err(format!("registry {registry}: {}", said.lines().last().unwrap_or_default()));
        }
        for line in said.lines() {
            let json = Json::parse(line)?;
            exemplars += usize::from(json.at(&["exemplar"]) == Some(&Json::Bool(true)));
            found.note(registry, &json)?;
        }
    }
    let expected = program.books.clone();
    let missing = |one: &Books, other: &Books| -> BTreeSet<Key> {
        one.keys().filter(|key| other.get(key).is_none()).cloned().collect()
    };
    if let Some(key) = missing(&expected, &found).first() {
        return Err(format!("{key:?} was recorded and is not there"));
    }
    if let Some(key) = missing(&found, &expected).first() {
        return Err(format!("{key:?} is there and was not recorded"));
    }
    expected.agree(&found)?;
    if exemplars == 0 {
        return Err("no exemplar in any registry".to_owned());
    }
    Ok(format!("{} samples, {exemplars} exemplars", found.keys().count()))
}
