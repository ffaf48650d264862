//! A PostgreSQL and a Redis go, hang and come back, and readiness follows: over HTTP, by `Check` and by `Watch` as grpcio has
//! them. Probes are quick meanwhile.

mod judge;
mod latency;

use std::net::SocketAddr;
use std::path::Path;

use super::eventually::eventually;
use super::install::Programs;
use super::postgres::Postgres;
use super::redis::Redis;
use super::report::Report;
use crate::json::Json;
use crate::process::{GRACE, Stop};
use crate::service::{Addresses, Inherited, Lines, Plan, Service};
use crate::{Result, cargo, http, ports};
use judge::Judge;

const SERVING: &str = "SERVING";
const NOT_SERVING: &str = "NOT_SERVING";

/// Names that are watched from the beginning.
const WATCHED: [&str; 4] = ["", "shop.Payments", "search", "shop.Nobody"];

struct Scene<'a> {
    programs: &'a Programs,
    folder: &'a Path,
    service: Service,
    judge: Judge,
    postgres: Postgres,
    /// `None` while it is stopped.
    redis: Option<Redis<'a>>,
    redis_address: SocketAddr,
}

type Check = fn(&mut Scene<'_>) -> Result<String>;

const CHECKS: [(&str, Check); 9] = [
    ("health: with both, all names that are known serve, and a list has them", all_serve),
    (
        "health: a Redis that is stopped takes what depends on it out, with its error under verbose",
        redis_stopped,
    ),
    ("health: a Redis that is started again brings it back", redis_back),
    ("health: a PostgreSQL and a Redis that hang are cut, and told as such", both_hang),
    ("health: probes are answered at once while both hang", latency::quick),
    ("health: what goes on again is found without a restart", both_go_on),
    (
        "health: a PostgreSQL that is stopped is told by its error, and one that is back is found",
        postgres_restarts,
    ),
    ("health: each watch was told every change, in order and once", watches),
    ("health: a drain is told to watches first, ends them, and does not wait for them", drain),
];

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let [binary] = cargo::build_binaries("health", ["health"])?;
    let [address, admin, postgres, redis_address, nobody] = ports::free()?;
    let postgres = Postgres::start(&programs.postgres, postgres, folder)?;
    let redis = Redis::start(programs, redis_address, folder)?;
    let service = Service::start(&Plan {
        lines: Lines::Told,
        name: "health",
        binary: &binary,
        config: "examples/health/obs.yaml",
        configuration: "",
        addresses: Addresses { service: address, admin },
        otlp: nobody,
        folder,
        inherited: Inherited::Nothing,
        variables: &[
            ("HEALTH_ADDR", address.to_string()),
            ("DATABASE_URL", postgres.create("health")?),
            ("REDIS_URL", redis.url()),
            ("HEALTH_EXIT_ON_STDIN_EOF", "1".to_owned()),
            ("OTEL_TRACES_EXPORTER", "none".to_owned()),
        ],
    })?;
    let judge = Judge::start(&programs.python, address, folder)?;
    let redis = Some(redis);
    let mut scene = Scene { programs, folder, service, judge, postgres, redis, redis_address };
    for name in WATCHED {
        scene.judge.ask(&format!("watch {name}"))?;
    }
    for (name, check) in CHECKS {
        report.check(name, check(&mut scene));
    }
    Ok(())
}

impl Scene<'_> {
    /// Waits until each name has the status, by `Check`, and the whole over HTTP.
    fn come_to(&mut self, ready: bool, names: &[(&str, &str)]) -> Result {
        eventually(|| {
            let answer = probe(self.service.admin, "/readyz")?;
            let expected = if ready { (200, "ready") } else { (503, "dependencies unavailable") };
            if (answer.status, answer.text().as_str()) != expected {
                return Err(format!("/readyz answers {} {}", answer.status, answer.text()));
            }
            for (name, expected) in names {
                let said = self.judge.ask(&format!("check {name}"))?;
                if said != *expected {
                    return Err(format!("Check of `{name}` says {said}, not {expected}"));
                }
            }
            Ok(())
        })
    }

    /// Waits until a check's error under verbose has these words in it.
    fn error(&self, check: &str, words: &str) -> Result<String> {
        eventually(|| {
            let error = self.verbose(check)?;
            if error.contains(words) { Ok(error) } else { Err(format!("{check}: {error}")) }
        })
    }

    fn verbose(&self, check: &str) -> Result<String> {
        let text = probe(self.service.admin, "/readyz?verbose")?.text();
        let json = Json::parse(&text)?;
        let checks = json.at(&["checks"]).map(Json::array).unwrap_or_default();
        let text = |json: &Json, name: &str| json.at(&[name]).and_then(Json::text).map(str::to_owned);
        let found = checks.iter().find(|found| text(found, "name").as_deref() == Some(check));
        Ok(found.and_then(|found| text(found, "error")).unwrap_or_default())
    }

    /// What a watch has been told so far.
    fn told(&mut self, name: &str) -> Result<String> {
        self.judge.ask(&format!("told {name}"))
    }

    fn redis(&self) -> Result<&Redis<'_>> {
        self.redis.as_ref().ok_or_else(|| "the Redis is stopped".to_owned())
    }
}

fn probe(admin: SocketAddr, target: &str) -> Result<http::Response> {
    http::get(admin, target, &[]).map_err(|error| format!("GET {target}: {error}"))
}

fn all_serve(scene: &mut Scene<'_>) -> Result<String> {
    let known = ["", "shop.Orders", "checkout", "shop.Payments", "search", "liveness", "startup"];
    let mut names: Vec<_> = known.map(|name| (name, SERVING)).into();
    names.push(("shop.Nobody", "NOT_FOUND"));
    scene.come_to(true, &names)?;
    let listed = scene.judge.ask("list")?;
    let mut expected: Vec<_> = known[1..].to_vec();
    expected.sort_unstable();
    let expected: Vec<_> = ["-"].iter().chain(&expected).map(|name| format!("{name}={SERVING}")).collect();
    if listed != expected.join(" ") {
        return Err(format!("List says {listed}"));
    }
    Ok(listed)
}

fn redis_stopped(scene: &mut Scene<'_>) -> Result<String> {
    scene.redis.take().ok_or("the Redis is stopped")?.stop()?;
    let names = [("", NOT_SERVING), ("shop.Orders", NOT_SERVING), ("search", NOT_SERVING)];
    scene.come_to(false, &names)?;
    scene.come_to(false, &[("checkout", SERVING), ("shop.Payments", SERVING), ("liveness", SERVING)])?;
    scene.error("redis", "Connection refused")
}

fn redis_back(scene: &mut Scene<'_>) -> Result<String> {
    scene.redis = Some(Redis::start(scene.programs, scene.redis_address, scene.folder)?);
    scene.come_to(true, &[("", SERVING), ("search", SERVING)])?;
    Ok(String::new())
}

fn both_hang(scene: &mut Scene<'_>) -> Result<String> {
    scene.redis()?.hang()?;
    scene.postgres.hang()?;
    let names =
        [("", NOT_SERVING), ("search", NOT_SERVING), ("checkout", NOT_SERVING), ("liveness", SERVING)];
    scene.come_to(false, &names)?;
    let [postgres, redis] = ["postgres", "redis"].map(|check| scene.error(check, "timed out after 400ms"));
    Ok(format!("postgres: {}; redis: {}", postgres?, redis?))
}

fn both_go_on(scene: &mut Scene<'_>) -> Result<String> {
    scene.postgres.go_on()?;
    scene.redis()?.go_on()?;
    scene.come_to(true, &[("", SERVING), ("search", SERVING), ("checkout", SERVING)])?;
    Ok(String::new())
}

fn postgres_restarts(scene: &mut Scene<'_>) -> Result<String> {
    scene.postgres.stop()?;
    scene.come_to(false, &[("", NOT_SERVING), ("shop.Payments", NOT_SERVING), ("search", SERVING)])?;
    let error = scene.error("postgres", "Connection refused")?;
    scene.postgres.start_again()?;
    scene.come_to(true, &[("", SERVING), ("shop.Payments", SERVING)])?;
    Ok(error)
}

fn watches(scene: &mut Scene<'_>) -> Result<String> {
    let times = |count| [SERVING, NOT_SERVING].repeat(count).join(" ") + " " + SERVING;
    for (name, expected) in [
        ("", times(3)),
        ("shop.Payments", times(2)),
        ("search", times(2)),
        ("shop.Nobody", "SERVICE_UNKNOWN".to_owned()),
    ] {
        eventually(|| match scene.told(name)? {
            told if told == expected => Ok(()),
            told => Err(format!("the watch of `{name}` was told {told}, not {expected}")),
        })?;
    }
    scene.told("")
}

fn drain(scene: &mut Scene<'_>) -> Result<String> {
    scene.service.process.tell(Stop::Terminate);
    for name in WATCHED {
        let last = if name == "shop.Nobody" { "SERVICE_UNKNOWN OK" } else { "SERVING NOT_SERVING OK" };
        eventually(|| match scene.told(name)? {
            told if told.ends_with(last) => Ok(()),
            told => Err(format!("the watch of `{name}` was told {told}")),
        })?;
    }
    let begun = std::time::Instant::now();
    // Not asked once more, which would end it at once.
    let status = scene.service.process.wait_for(GRACE)?;
    if status.success() {
        Ok(format!("{status}, {:.1} s after the watches", begun.elapsed().as_secs_f64()))
    } else {
        Err(status.to_string())
    }
}
