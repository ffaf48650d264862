//! The checks of what leaves by itself: a job into a real Pushgateway, open or behind TLS and a password, and a function by
//! remote write, both found by a real Prometheus, and as OTLP.

mod function;
mod gateway;
mod job;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::install::Programs;
use super::prometheus::Prometheus;
use super::report::Report;
use super::rotel::Rotel;
use crate::{Result, cargo, ports};
use gateway::Gateway;

/// What runs, and the programs that are tried on it.
struct Scene<'a> {
    job: PathBuf,
    function: PathBuf,
    gateway: Gateway,
    guarded: Gateway,
    prometheus: Prometheus,
    collector: SocketAddr,
    #[expect(dead_code, reason = "ends the process when it is dropped")]
    rotel: Rotel,
    /// Where nobody listens.
    nobody: String,
    folder: &'a Path,
}

type Check = fn(&Scene<'_>) -> Result<String>;

/// In this order, as some find what others have left.
const ALL: [(&str, Check); 10] = [
    ("job: pushes, exits with success, and Prometheus finds its series", job::found),
    ("job: a failed run keeps the time of the last success", job::failed_run),
    (
        "job: a gateway that is down costs no more than the deadline, and not the job's result",
        job::gateway_down,
    ),
    ("job: a refusal is told in the gateway's own words", job::refused),
    ("job: through TLS and basic auth", job::through_tls),
    ("job: a wrong password and an unknown authority are told", job::shut_out),
    ("function: every call's samples are in Prometheus before it answers, by remote write", function::found),
    ("function: buckets are whole, and nothing is out of order or lost", function::whole),
    ("function: an OTLP collector takes it all", function::to_collector),
    ("function: a server that is down costs no more than the deadline of each flush", function::server_down),
];

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let [job] = cargo::build_binaries_with("batch-job", &["tls"], ["batch-job"])?;
    let [function] = cargo::build_binaries("function", ["function"])?;
    let [open, guarded, prometheus, grpc, collector, nobody] = ports::free()?;
    let gateway = Gateway::start(&programs.pushgateway, open, folder)?;
    let guarded = Gateway::start_guarded(&programs.pushgateway, guarded, folder)?;
    let prometheus =
        Prometheus::start_on(&programs.prometheus, prometheus, &configuration(&gateway), folder)?;
    let rotel = Rotel::start(&programs.rotel, grpc, collector, folder)?;
    let nobody = format!("http://{nobody}");
    let scene = Scene { job, function, gateway, guarded, prometheus, collector, rotel, nobody, folder };
    for (name, check) in ALL {
        report.check(name, check(&scene));
    }
    Ok(())
}

fn configuration(gateway: &Gateway) -> String {
    format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n  - job_name: pushgateway\n    \
         honor_labels: true\n    static_configs:\n      - targets: [\"{}\"]\n",
        gateway.address
    )
}
