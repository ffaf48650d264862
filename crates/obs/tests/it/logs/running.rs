//! An installation that a file alone has made, and what comes out of it.

use std::path::PathBuf;
use std::process::Command;

use obs::Obs;
use serde_json::Value;

use crate::config::file::Yaml;
use crate::scrape::Scrape;
use crate::service::{LONG, exchange, request};

/// What stands in a file of these tests for the folder it is in.
const FOLDER: &str = "FOLDER";

/// A service of its own, and its `obs.yaml`.
#[derive(Debug)]
pub(super) struct Running {
    // Ends before its folder goes.
    pub(super) obs: Obs,
    pub(super) yaml: Yaml,
}

/// A file of these tests; `name` must be used once.
pub(super) fn yaml(name: &str, text: &str) -> Yaml {
    let yaml = Yaml::new(&format!("logs-{name}"), "");
    yaml.write(placed(&yaml, text));
    yaml
}

/// The text with the folder of `yaml` in it.
fn placed(yaml: &Yaml, text: &str) -> String {
    text.replace(FOLDER, yaml.beside("").to_str().unwrap().trim_end_matches('/'))
}

impl Running {
    /// Beside others in the process; its lines come from [`Running::within`].
    #[track_caller]
    pub(super) fn build(name: &str, text: &str) -> Self {
        let yaml = yaml(name, text);
        let obs = yaml.builder().build().unwrap();
        Self { obs, yaml }
    }

    /// The process's own.
    #[track_caller]
    pub(super) fn install(name: &str, text: &str) -> Self {
        let yaml = yaml(name, text);
        let obs = yaml.builder().install().unwrap();
        Self { obs, yaml }
    }

    /// What is logged meanwhile is logged here.
    pub(super) fn within<T>(&self, act: impl FnOnce() -> T) -> T {
        tracing::dispatcher::with_default(self.obs.dispatch(), act)
    }

    /// Another file in the place of the one it has read.
    pub(super) fn rewrite(&self, text: &str) {
        let new = self.yaml.beside("new.yaml");
        std::fs::write(&new, placed(&self.yaml, text)).unwrap();
        std::fs::rename(new, &self.yaml.path).unwrap();
    }

    /// As an operator asks for a reload.
    pub(super) fn hang_up(&self) {
        let status = Command::new("kill").args(["-HUP", &std::process::id().to_string()]).status();
        assert!(status.unwrap().success());
    }

    pub(super) fn flush(&self) {
        assert!(self.obs.flush(LONG));
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.yaml.beside(name)
    }

    /// What is in a file so far.
    #[track_caller]
    pub(super) fn text(&self, name: &str) -> String {
        self.flush();
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The same, as data.
    #[track_caller]
    pub(super) fn lines(&self, name: &str) -> Vec<Value> {
        parsed(self.text(name).lines())
    }

    /// The lines of an output in memory so far.
    #[track_caller]
    pub(super) fn memory(&self, output: &str) -> Vec<Value> {
        parsed(self.obs.lines_in(output).unwrap().iter().map(String::as_str))
    }

    /// `/metrics`, over the wire.
    pub(super) fn scrape(&self) -> Scrape {
        let admin = self.obs.admin_addr().unwrap();
        Scrape::parse(&exchange(admin, &request("GET", "/metrics", "")).unwrap().body)
    }

    pub(super) fn sum(&self, metric: &str, labels: &[(&str, &str)]) -> f64 {
        self.scrape().sum(metric, labels)
    }
}

/// Lines of JSON, as data.
#[track_caller]
pub(super) fn parsed<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Value> {
    lines.map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect()
}

/// The numbers in the field `id` of lines, in their order; lines without are left out.
pub(super) fn ids(lines: &[Value]) -> Vec<u64> {
    lines.iter().filter_map(|line| line["id"].as_u64()).collect()
}
