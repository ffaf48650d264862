//! What Prometheus gets, while others keep connections open and guess at passwords.

use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use super::service::Service;
use super::{CERTIFICATES, PASSWORD, Scene};
use crate::e2e::eventually::eventually;
use crate::e2e::prometheus::Prometheus;
use crate::{Result, ports};

/// How many connections are open and say nothing.
const IDLE: usize = 800;
/// How many scrapes are waited for.
const SCRAPES: f64 = 8.0;

pub(super) fn over_tls(scene: &Scene<'_>) -> Result<String> {
    let service = Service::private(scene, "scraped")?;
    let [address] = ports::free()?;
    let job = |name: &str, password: &str| {
        format!(
            "  - job_name: {name}\n    scheme: https\n    basic_auth: {{ username: scraper, password: {password} }}\n    \
             tls_config: {{ ca_file: {CERTIFICATES}/ca.pem, server_name: localhost }}\n    static_configs:\n      \
             - targets: ['127.0.0.1:{}']\n",
            service.admin.port()
        )
    };
    let configuration = format!(
        "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n{}{}",
        job("user", PASSWORD),
        job("stranger", "guessed")
    );
    let prometheus = Prometheus::start_on(&scene.programs.prometheus, address, &configuration, scene.folder)?;
    let one = |query: &str| match prometheus.query(query)?.as_slice() {
        [(_, value)] => Ok(*value),
        other => Err(format!("{query}: {other:?}")),
    };
    eventually(|| match (one("up{job=\"user\"}")?, one("up{job=\"stranger\"}")?) {
        (1.0, 0.0) => Ok(()),
        other => Err(format!("up: {other:?}")),
    })?;
    let missing = "count_over_time(up{job=\"user\"}[1h]) - sum_over_time(up{job=\"user\"}[1h])";
    // One may come to the moment in which the service starts.
    let before = one(missing)?;
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                // Refused by a full house or not, it is no affair of theirs.
                let idle: Vec<_> = (0..IDLE).map(|_| TcpStream::connect(service.admin)).collect();
                sleep(Duration::from_millis(500));
                drop(idle);
            }
        });
        scope.spawn(|| {
            let mut guess = 0;
            while !is_over.load(Ordering::Relaxed) {
                guess += 1;
                let _ = service.curl("/metrics", &["--user", &format!("scraper:{guess}")]);
            }
        });
        let since = one("count_over_time(up{job=\"user\"}[1h])");
        let waited = since.and_then(|since| {
            eventually(|| match one("count_over_time(up{job=\"user\"}[1h])")? - since {
                scrapes if scrapes >= SCRAPES => Ok(scrapes),
                scrapes => Err(format!("{scrapes} scrapes")),
            })
        });
        is_over.store(true, Ordering::Relaxed);
        waited
    })?;
    let missed = one(missing)? - before;
    let refused =
        |reason: &str| one(&format!("max(obs_admin_refused_total{{job=\"user\",reason=\"{reason}\"}})"));
    let (busy, unauthorized) = eventually(|| match (refused("busy")?, refused("unauthorized")?) {
        (busy, unauthorized) if busy > 0.0 && unauthorized > 0.0 => Ok((busy, unauthorized)),
        other => Err(format!("nobody was refused: {other:?}")),
    })?;
    // A busy machine may have no time for one of them within its second.
    match missed <= 2.0 {
        true => Ok(format!(
            "{busy} idle connections and {unauthorized} wrong passwords refused, {missed} scrapes missed"
        )),
        false => Err(format!("{missed} scrapes missed")),
    }
}
