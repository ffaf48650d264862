//! Probes of an installation as an orchestrator makes them: a connection each, while the service's dependencies hang.

use super::Subject;
use crate::workload::expect;
use obs::Admin;
use obs::config::LogOutput;
use obs::health::{Importance, Settings};
use std::future::pending;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How many dependencies there are.
const CHECKS: usize = 8;
const REQUEST: &[u8] = b"GET /readyz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

/// `GET /readyz`, from connecting to the last byte.
pub(crate) fn probe() -> Subject {
    let builder = obs::builder("micro").no_config_file().log_output(LogOutput::Off);
    let builder = builder.admin(Admin::At(([127, 0, 0, 1], 0).into()));
    let obs = builder.build().expect("defaults");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");
    for number in 0..CHECKS {
        // None of them keeps the service out of traffic, or there would be no `ready` to count.
        let settings = Settings::new().importance(Importance::Degraded);
        let check =
            obs.health().check_with(format!("hangs-{number}"), settings, pending::<Result<(), String>>);
        check.expect("a good name");
    }
    obs.health().run_on(runtime.handle());
    obs.ready();
    let admin = obs.admin_addr().expect("it is there");
    let ready = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&ready);
    Subject::new(
        move |count| {
            let good = (0..count).filter(|_| is_ready(admin)).count();
            ready.fetch_add(good as u64, Relaxed);
        },
        move |total| {
            let _running = (&obs, &runtime);
            expect("ready", seen.load(Relaxed), total)
        },
    )
}

fn is_ready(admin: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(admin)?;
        stream.write_all(REQUEST)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok::<_, std::io::Error>(answer)
    };
    ask().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nready"))
}
