//! Pools of every kind run dry, and their numbers are held against those of the servers they are connected to.

mod numbers;
mod seen;
mod traces;

use std::path::Path;

use super::install::Programs;
use super::postgres::Postgres;
use super::readers::{self, OpenMetrics};
use super::redis::Redis;
use super::report::Report;
use super::rotel::Rotel;
use crate::process::Stop;
use crate::service::{Addresses, Inherited, Lines, Plan, Service};
use crate::{Result, cargo, ports};
use numbers::{Has, Numbers};
use seen::Seen;

/// How many connections each pool may have.
const CONNECTIONS: u64 = 4;

/// One after the other: what every pool is asked to do, and what its numbers are then.
const STEPS: [(&str, &[&str], Numbers); 6] = [
    ("all families are there at zero, and nothing is connected", &[], Numbers::ZERO),
    (
        "all connections are taken, and the server knows of as many",
        &["hold/4"],
        Numbers { active: 4, acquires: 4, ..Numbers::ZERO },
    ),
    (
        "those who come now wait",
        &["want/3"],
        // What waits has not ended, and is in no count yet.
        Numbers { active: 4, waiters: 3, acquires: 4, ..Numbers::ZERO },
    ),
    (
        "each of them times out, and is counted once",
        &[],
        Numbers { active: 4, acquires: 7, timeouts: 3, ..Numbers::ZERO },
    ),
    (
        "who gives up is counted apart, and waits no more",
        &["want/2", "leave"],
        Numbers { active: 4, acquires: 9, timeouts: 3, cancelled: 2, ..Numbers::ZERO },
    ),
    (
        "who waits gets what is given back, and then all is idle",
        &["want/2", "free"],
        Numbers { idle: 4, acquires: 11, timeouts: 3, cancelled: 2, ..Numbers::ZERO },
    ),
];

/// Starts the service and the servers, and takes all pools through the steps.
pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let [binary] = cargo::build_binaries("pools", ["pools"])?;
    let [service, admin, otlp_grpc, otlp_http, postgres, redis] = ports::free()?;
    let rotel = Rotel::start(&programs.rotel, otlp_grpc, otlp_http, folder)?;
    let postgres = Postgres::start(&programs.postgres, postgres, folder)?;
    let redis = Redis::start(programs, redis, folder)?;
    let database = postgres.create("pools")?;
    let pools = Service::start(&Plan {
        lines: Lines::Told,
        name: "pools",
        binary: &binary,
        config: "examples/pools/obs.yaml",
        configuration: "",
        addresses: Addresses { service, admin },
        otlp: otlp_http,
        folder,
        inherited: Inherited::Nothing,
        variables: &[
            ("POOLS_ADDR", service.to_string()),
            ("DATABASE_URL", database.clone()),
            ("REDIS_URL", redis.url()),
            ("POOLS_EXIT_ON_STDIN_EOF", "1".to_owned()),
        ],
    })?;
    let mut seen = Seen { pools, postgres, database, redis, rotel };

    for (name, asked, expected) in STEPS {
        report.check(name, seen.ask(asked).and_then(|()| numbers::are(&seen, Has::Pools, expected)));
    }
    report.check("promtool finds no fault in text 0.0.4", readers::promtool(programs, &seen.pools));
    let strict = OpenMetrics::read(programs, &seen.pools).map(|read| format!("{} families", read.families));
    report.check("the strict parser accepts OpenMetrics", strict);
    report.check("an exemplar of each time-out leads to its span in the sink", traces::followed(&seen));
    let (_, _, last) = STEPS[STEPS.len() - 1];
    let ended = seen.ask(&["end"]).and_then(|()| numbers::are(&seen, Has::Nothing, last));
    report.check("a pool that nobody uses is told of no more, and its connections are closed", ended);
    let end = seen.pools.process.stop_by(Stop::Terminate);
    let end = end
        .and_then(|status| if status.success() { Ok(status.to_string()) } else { Err(status.to_string()) });
    report.check("the service ends with success", end);
    Ok(())
}
