//! `obs replay` as operators call it, on journals that a service has left.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

/// A folder of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("obs-cli-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn yaml(&self) -> PathBuf {
        self.0.join("obs.yaml")
    }

    fn journal(&self) -> PathBuf {
        self.0.join("journal")
    }

    /// The configuration of a service with durable outputs of these names, to these addresses.
    fn write(&self, outputs: &[(&str, &str)]) {
        let output = |(name, address): &(&str, &str)| {
            format!(
                "{name}: {{ type: loki, url: 'http://{address}', encoding: json, durable: true, probe: false }}"
            )
        };
        let outputs: Vec<_> = outputs.iter().map(output).collect();
        let text = format!(
            "
service: {{ name: orders }}
journal: {{ directory: {} }}
admin: {{ addr: '127.0.0.1:0' }}
logs: {{ outputs: {{ {} }} }}
",
            self.journal().display(),
            outputs.join(", ")
        );
        std::fs::write(self.yaml(), text).unwrap();
    }

    fn service(&self, outputs: &[(&str, &str)]) -> obs::Obs {
        self.write(outputs);
        obs::builder("orders").config_file(self.yaml()).build().unwrap()
    }

    /// Has lines of these numbers said by a service whose Loki is not there.
    fn leave(&self, loki: &str, numbers: std::ops::Range<u64>) -> obs::Obs {
        let obs = self.service(&[("far", loki)]);
        tracing::dispatcher::with_default(obs.dispatch(), || {
            numbers.for_each(|id| tracing::info!(target: "shop", id));
        });
        obs
    }

    fn replay(&self, directory: &Path, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_obs"));
        command.arg("replay").arg(directory).arg("--config").arg(self.yaml()).args(arguments);
        // What stands in the environment of whoever runs tests is of no concern.
        command.env_clear();
        command.output().unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn nobody() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// Tells the numbers on the lines of each push.
fn loki(address: &str) -> Receiver<Vec<u64>> {
    let listener = TcpListener::bind(address).unwrap();
    let (told, seen) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            while let Some(body) = request(&mut reader) {
                let _ = told.send(numbers(&body));
                reader.get_mut().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            }
        }
    });
    seen
}

fn request(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(body)
}

fn numbers(body: &[u8]) -> Vec<u64> {
    let mut gzip =
        Command::new("gzip").arg("-dc").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gzip.stdin.take().unwrap().write_all(body).unwrap();
    let push: Value = serde_json::from_slice(&gzip.wait_with_output().unwrap().stdout).unwrap();
    let values = push["streams"][0]["values"].as_array().unwrap();
    let id = |value: &Value| {
        serde_json::from_str::<Value>(value[1].as_str().unwrap()).unwrap()["id"].as_u64().unwrap()
    };
    values.iter().map(id).collect()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn what_a_service_has_left_is_delivered_once_and_in_order() {
    let (folder, address) = (Folder::new("delivered"), nobody());
    drop(folder.leave(&address, 0..300));
    let loki = loki(&address);
    let output = folder.replay(&folder.journal(), &[]);
    assert!(output.status.success(), "{}", said(&output));
    let journal = folder.journal().join("logs_far");
    assert!(said(&output).contains(&format!(
        "{}: 300 found, 300 delivered, 0 lost, 0 left",
        journal.canonicalize().unwrap().display()
    )));
    assert_eq!(loki.try_iter().flatten().collect::<Vec<_>>(), (0..300).collect::<Vec<_>>());
    let output = folder.replay(&journal, &[]);
    assert!(said(&output).contains("0 found, 0 delivered, 0 lost, 0 left"), "{}", said(&output));
    assert!(loki.try_iter().next().is_none());
}

#[test]
fn what_cannot_be_delivered_in_time_stays_and_the_exit_code_says_so() {
    let (folder, address) = (Folder::new("stays"), nobody());
    drop(folder.leave(&address, 0..10));
    let output = folder.replay(&folder.journal(), &["--wait", "1"]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("10 found, 0 delivered, 0 lost, 10 left"), "{}", said(&output));
    let loki = loki(&address);
    assert!(folder.replay(&folder.journal(), &[]).status.success());
    assert_eq!(loki.try_iter().flatten().count(), 10);
}

#[test]
fn a_receiver_that_is_away_and_a_journal_that_is_in_use_hold_up_no_other() {
    let (folder, away, address) = (Folder::new("beside"), nobody(), nobody());
    let all = [("busy", &*away), ("far", &*away), ("near", &*address)];
    let service = folder.service(&all);
    tracing::dispatcher::with_default(service.dispatch(), || tracing::info!(target: "shop", id = 7));
    drop(service);
    let service = folder.service(&all[..1]);
    folder.write(&all);
    let near = loki(&address);
    let output = folder.replay(&folder.journal(), &["--wait", "2"]);
    drop(service);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    let said = said(&output);
    assert!(said.contains(&format!("logs_busy is in use by process {}", std::process::id())), "{said}");
    assert!(said.contains("logs_far: 1 found, 0 delivered, 0 lost, 1 left"), "{said}");
    assert!(said.contains("logs_near: 1 found, 1 delivered, 0 lost, 0 left"), "{said}");
    assert_eq!(near.try_iter().flatten().collect::<Vec<_>>(), [7]);
}

#[test]
fn what_is_no_journal_or_not_to_be_had_is_told() {
    let (folder, address) = (Folder::new("told"), nobody());
    let obs = folder.leave(&address, 0..1);
    let failed = |directory: &Path, expected: &str| {
        let output = folder.replay(directory, &[]);
        assert_eq!(output.status.code(), Some(1), "{}", said(&output));
        assert!(said(&output).contains(expected), "{}", said(&output));
    };
    failed(&folder.journal(), &format!("logs_far is in use by process {}", std::process::id()));
    drop(obs);
    failed(&folder.0.join("nowhere"), "No such file or directory");
    failed(&folder.yaml(), "Not a directory");
    std::fs::create_dir(folder.0.join("empty")).unwrap();
    failed(&folder.0.join("empty"), "there is no journal");
    let other = folder.0.join("logs_other");
    std::fs::rename(folder.journal().join("logs_far"), &other).unwrap();
    failed(&other, "there is no output `other` in `logs.outputs`");
    let strange = folder.0.join("strange");
    std::fs::rename(&other, &strange).unwrap();
    failed(&strange, "`strange` is the name of no output of lines");
    let output = Command::new(env!("CARGO_BIN_EXE_obs"))
        .args(["replay", "x", "--config", "/nowhere/obs.yaml"])
        .output()
        .unwrap();
    assert!(said(&output).contains("/nowhere/obs.yaml"), "{}", said(&output));
}

#[test]
fn the_index_template_is_printed_as_it_can_be_put() {
    let output = Command::new(env!("CARGO_BIN_EXE_obs")).arg("template").output().unwrap();
    let template: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(template["index_patterns"][0], "logs-obs-*");
    assert!(output.status.success() && template["data_stream"].is_object(), "{}", said(&output));
}
