//! What a real Prometheus stored of the registries.

use std::net::SocketAddr;

use super::books::{Books, Key};
use crate::Result;
use crate::e2e::prometheus::{Prometheus, Stored};

/// One job for each format, with each registry as a target of it.
pub(super) fn configuration(address: SocketAddr, jobs: &[(&str, &str)], registries: usize) -> String {
    let mut text = "global:\n  scrape_interval: 1s\n  scrape_timeout: 1s\nscrape_configs:\n".to_owned();
    for (job, path) in jobs {
        text += &format!("  - job_name: {job}\n    static_configs:\n");
        for registry in 0..registries {
            text += &format!(
                "      - targets: [\"{address}\"]\n        labels: {{registry: \"{registry}\", \
                 __metrics_path__: /{registry}/{path}}}\n"
            );
        }
    }
    text
}

/// Holds all samples of a job against what was recorded. A native histogram is one sample, whose count, sum and buckets
/// must be those of the fixed ones.
pub(super) fn compare(prometheus: &Prometheus, job: &str, books: &Books) -> Result<String> {
    let (mut found, mut natives) = (Books::default(), Vec::new());
    for (labels, stored) in prometheus.stored(&format!("{{job=\"{job}\"}}"))? {
        let (mut name, mut registry, mut own) = (String::new(), None, Vec::new());
        for (label, value) in labels {
            match label.as_str() {
                "__name__" => name = value,
                "registry" => registry = value.parse().ok(),
                "job" | "instance" => {}
                _ => own.push((label, value)),
            }
        }
        if !name.contains("family_") {
            continue;
        }
        let registry = registry.ok_or_else(|| format!("{name} is of no registry"))?;
        match stored {
            Stored::Number(value) => found.put(registry, name, own, value)?,
            Stored::Histogram { count, sum, buckets } => {
                own.sort();
                natives.push(((registry, name, own), count, sum, buckets));
            }
        }
    }
    let is_native = |key: &Key| job == "protobuf" && key.1.starts_with("native_");
    let mut expected = Books::default();
    for key in books.keys().filter(|key| !is_native(key)) {
        let value = books.get(key).unwrap_or(f64::NAN);
        expected.put(key.0, key.1.clone(), key.2.clone(), value)?;
    }
    expected.agree(&found)?;
    if let Some(key) = found.keys().find(|key| expected.get(key).is_none()) {
        return Err(format!("{key:?} is stored and was not recorded"));
    }
    let counts = books.keys().filter(|key| is_native(key) && key.1.ends_with("_count")).count();
    if natives.len() != counts {
        return Err(format!("{} native histograms, recorded were {counts}", natives.len()));
    }
    for ((registry, name, labels), count, sum, buckets) in &natives {
        let of = |suffix: &str| books.get(&(*registry, format!("{name}{suffix}"), labels.clone()));
        let (Some(recorded), Some(total)) = (of("_count"), of("_sum")) else {
            return Err(format!("{name}{labels:?} is stored and was not recorded"));
        };
        let close = (sum - total).abs() <= 1e-9 * total.abs().max(1.0);
        if *count != recorded || *buckets != recorded || !close {
            return Err(format!(
                "{name}{labels:?}: {count} observations, {buckets} in buckets, their sum {sum}; recorded were \
                 {recorded}, their sum {total}"
            ));
        }
    }
    let natives = if counts > 0 { format!(", {counts} native histograms") } else { String::new() };
    Ok(format!("{} samples{natives}", found.keys().count()))
}
