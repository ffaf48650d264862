//! Starts the servers, sends the requests, runs the checks in the order in which a fault would explain the next.

use super::check::{self, Seen};
use super::folder::Folder;
use super::install::{self, Programs};
use super::prometheus::Prometheus;
use super::report::Report;
use super::restarts;
use super::rotel::Rotel;
use super::traffic;
use crate::arguments::Arguments;
use crate::quickstart::{self, Settings};
use crate::service::{Addresses, Inherited};
use crate::{Result, ports};

pub(crate) fn run(arguments: &[String]) -> Result {
    let mut arguments = Arguments::new(arguments);
    let install = arguments.flag("--install");
    arguments.end()?;
    if install {
        return install::install();
    }
    let mut report = Report::default();
    if let Err(error) = check_all(&mut report) {
        report.check("set-up", Err(error));
    }
    println!("\n{}", report.closing_line());
    // The lines above say it all.
    if report.all_passed() { Ok(()) } else { Err(String::new()) }
}

fn check_all(report: &mut Report) -> Result {
    let programs = Programs::find()?;
    let binary = quickstart::build()?;
    // Declared first, dropped last: the folder outlives the processes that write to it.
    let mut folder = Folder::new()?;
    let path = folder.path();
    let [service, admin, otlp_grpc, otlp_http, prometheus] = ports::free()?;
    let rotel = Rotel::start(&programs.rotel, otlp_grpc, otlp_http, path)?;
    let addresses = Addresses { service, admin };
    let settings = Settings { addresses, otlp: otlp_http, folder: path, inherited: Inherited::Nothing };
    let quickstart = quickstart::start(&binary, &settings)?;
    let prometheus = Prometheus::start(&programs.prometheus, prometheus, admin, path)?;

    report.check("Prometheus: the target is up", check::target_up(&prometheus));
    let sent = traffic::send(service, &traffic::plan(traffic::REQUESTS));
    let seen = Seen { sent, quickstart, prometheus, rotel, programs };
    for (name, check) in check::ALL {
        report.check(name, check(&seen));
    }
    let Seen { quickstart, programs, .. } = seen;
    report.check("quickstart: ends on SIGTERM, with success", check::ends(quickstart));
    report.check(
        "restarts: wrk sees no error and nothing but 2xx",
        restarts::under_wrk(&programs.wrk, &binary, path),
    );
    report.check(
        "restarts: every request written has its answer",
        restarts::under_strict_clients(&binary, path),
    );
    if report.all_passed() {
        folder.discard();
    }
    Ok(())
}
