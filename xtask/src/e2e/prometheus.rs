//! A real Prometheus that scrapes services each second, and the two questions asked of it.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Result;
use crate::exposition::Labels;
use crate::http::{encode_query, get};
use crate::json::Json;
use crate::process::Process;

const START_LIMIT: Duration = Duration::from_secs(30);

/// A running Prometheus.
pub(super) struct Prometheus {
    address: SocketAddr,
    #[expect(dead_code, reason = "ends the process when it is dropped")]
    process: Process,
}

impl Prometheus {
    /// Starts it and waits until it answers. A target is a job with the admin address of its service.
    pub(super) fn start(
        program: &Path,
        address: SocketAddr,
        targets: &[(&str, SocketAddr)],
        folder: &Path,
    ) -> Result<Self> {
        Self::start_on(program, address, &configuration(targets), folder)
    }

    /// The same with a configuration file of one's own.
    pub(super) fn start_on(
        program: &Path,
        address: SocketAddr,
        configuration: &str,
        folder: &Path,
    ) -> Result<Self> {
        Self::start_with(program, address, configuration, &[], folder)
    }

    /// The same with further features turned on.
    pub(super) fn start_with(
        program: &Path,
        address: SocketAddr,
        configuration: &str,
        features: &[&str],
        folder: &Path,
    ) -> Result<Self> {
        let config = folder.join("prometheus.yml");
        fs::write(&config, configuration).map_err(|error| format!("{}: {error}", config.display()))?;
        let mut command = Command::new(program);
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()));
        command.arg(format!("--web.listen-address={address}"));
        let features: Vec<_> = ["exemplar-storage"].iter().chain(features).copied().collect();
        command.arg(format!("--enable-feature={}", features.join(",")));
        command.arg("--web.enable-remote-write-receiver");
        let mut process =
            Process::start_watched("prometheus", &command, folder.join("prometheus.output.txt"))?;
        let ready = || get(address, "/-/ready", &[]).is_ok_and(|response| response.status == 200);
        process.wait_until("ready", START_LIMIT, ready)?;
        Ok(Self { address, process })
    }

    /// Where it answers.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The instant vector of a query: labels and value of each series.
    pub(super) fn query(&self, query: &str) -> Result<Vec<(Labels, f64)>> {
        let answer = self.ask(&format!("/api/v1/query?query={}", encode_query(query)))?;
        let result = answer.at(&["data", "result"]).map(Json::array).unwrap_or_default();
        result
            .iter()
            .map(series)
            .collect::<Option<_>>()
            .ok_or_else(|| format!("no instant vector: {answer:?}"))
    }

    /// Whatever a query finds now, native histograms included.
    pub(super) fn stored(&self, query: &str) -> Result<Vec<(Labels, Stored)>> {
        let answer = self.ask(&format!("/api/v1/query?query={}", encode_query(query)))?;
        let result = answer.at(&["data", "result"]).map(Json::array).unwrap_or_default();
        let read = |found: &Json| Some((labels(found.at(&["metric"])?), Stored::read(found)?));
        result
            .iter()
            .map(|found| read(found).ok_or_else(|| format!("neither a number nor a histogram: {found:?}")))
            .collect()
    }

    /// The labels of every exemplar stored for a query in the last hour.
    pub(super) fn exemplars(&self, query: &str) -> Result<Vec<Labels>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let (start, end) = (now.saturating_sub(3_600), now + 60);
        let query = encode_query(query);
        let answer = self.ask(&format!("/api/v1/query_exemplars?query={query}&start={start}&end={end}"))?;
        let series = answer.at(&["data"]).map(Json::array).unwrap_or_default();
        let exemplars =
            series.iter().flat_map(|series| series.at(&["exemplars"]).map(Json::array).unwrap_or_default());
        Ok(exemplars.filter_map(|exemplar| exemplar.at(&["labels"])).map(labels).collect())
    }

    fn ask(&self, target: &str) -> Result<Json> {
        let response = get(self.address, target, &[]).map_err(|error| format!("Prometheus: {error}"))?;
        let text = response.text();
        let json = Json::parse(&text)?;
        match json.at(&["status"]).and_then(Json::text) {
            Some("success") => Ok(json),
            _ => Err(format!("Prometheus answered {}: {text}", response.status)),
        }
    }
}

/// The newest sample of a series.
pub(super) enum Stored {
    Number(f64),
    /// A native histogram: all observations, their sum, and those that are in a bucket.
    Histogram {
        count: f64,
        sum: f64,
        buckets: f64,
    },
}

impl Stored {
    fn read(found: &Json) -> Option<Self> {
        let number = |json: &Json| json.text()?.parse().ok();
        if let Some(value) = found.at(&["value"]) {
            return number(value.array().get(1)?).map(Self::Number);
        }
        let histogram = found.at(&["histogram"])?.array().get(1)?;
        let buckets = histogram.at(&["buckets"]).map(Json::array).unwrap_or_default();
        // Boundary rule, lower and upper bound, count.
        let counts = buckets.iter().map(|bucket| number(bucket.array().get(3)?));
        Some(Self::Histogram {
            count: number(histogram.at(&["count"])?)?,
            sum: number(histogram.at(&["sum"])?)?,
            buckets: counts.sum::<Option<f64>>()?,
        })
    }
}

fn configuration(targets: &[(&str, SocketAddr)]) -> String {
    let start = "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n".to_owned();
    targets.iter().fold(start, |text, (job, admin)| {
        text + &format!("  - job_name: {job}\n    static_configs:\n      - targets: [\"{admin}\"]\n")
    })
}

fn series(series: &Json) -> Option<(Labels, f64)> {
    let value = series.at(&["value"])?.array().get(1)?.text()?.parse().ok()?;
    Some((labels(series.at(&["metric"])?), value))
}

fn labels(labels: &Json) -> Labels {
    let members = labels.members().iter();
    members.filter_map(|(name, value)| Some((name.clone(), value.text()?.to_owned()))).collect()
}
