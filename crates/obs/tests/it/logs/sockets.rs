//! Outputs to syslog and the journal by the file alone.

use std::io::Read;
use std::net::{TcpListener, UdpSocket};
use std::time::{Duration, Instant};

use obs::health::{Importance, Status};
use serde_json::{Value, json};

use super::running::{Running, yaml};
use crate::process::alone;
use crate::remotes::checks::Checked;
use crate::remotes::probes::{said, told};
use crate::scrape::Scrape;
use crate::service::{LONG, until};

/// Head and MSG of a message: its structured data, by its brackets, belongs to the head.
fn message(bytes: &[u8]) -> (String, Value) {
    let text = str::from_utf8(bytes).unwrap();
    let (head, msg) = text.split_at(text.find('{').unwrap());
    (head.to_owned(), serde_json::from_str(msg).unwrap())
}

#[test]
fn lines_go_to_syslog_as_the_file_has_it() {
    let (tcp, udp) = (TcpListener::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    udp.set_read_timeout(Some(LONG)).unwrap();
    let text = format!(
        "
logs:
  outputs:
    central: {{ type: syslog, probe: false, url: ['tcp://127.0.0.1:1', 'tcp://{}'], facility: local4, sd_id: shop@99999, hostname: h1 }}
    local: {{ type: syslog, url: 'udp://{}', max_datagram: 1KiB, hostname: h2, drop: [span_id] }}
  routes:
    - {{ match: {{ level: ERROR }}, output: central }}
    - {{ default: local }}
",
        tcp.local_addr().unwrap(),
        udp.local_addr().unwrap()
    );
    let running = Running::build("syslog", &text);
    running.within(|| {
        tracing::error!(target: "shop::card", order = 7, "no answer");
        tracing::info!(target: "shop::cart", order = 8, "shown");
    });
    running.flush();
    let mut stream = tcp.accept().unwrap().0;
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut bytes = vec![0; 4_096];
    let read = stream.read(&mut bytes).unwrap();
    let framed = str::from_utf8(&bytes[..read]).unwrap();
    let (length, rest) = framed.split_once(' ').unwrap();
    assert_eq!(length.parse(), Ok(rest.len()));
    let (head, msg) = message(rest.as_bytes());
    // Local use 4, Error: 20 * 8 + 3.
    assert!(head.starts_with("<163>1 ") && head.contains(" h1 orders "), "{head}");
    assert!(head.contains(" shop::card -") || head.contains("[shop@99999 trace_id="), "{head}");
    assert_eq!((&msg["order"], &msg["message"]), (&json!(7), &json!("no answer")));
    let received = udp.recv(&mut bytes).unwrap();
    let (head, msg) = message(&bytes[..received]);
    // System daemons, Informational: 3 * 8 + 6.
    assert!(head.starts_with("<30>1 ") && head.contains(" h2 orders "), "{head}");
    assert_eq!((&msg["order"], msg.get("span_id")), (&json!(8), None));
}

#[cfg(target_os = "linux")]
#[test]
fn lines_go_to_the_journal_as_the_file_has_it() {
    let path = std::env::temp_dir().join(format!("obs-it-journal-{}", std::process::id()));
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    let text = format!(
        "logs: {{ outputs: {{ journal: {{ type: journald, socket: '{}', rename: {{ order: number }} }} }} }}",
        path.display()
    );
    let running = Running::build("journal", &text);
    running.within(|| tracing::warn!(target: "shop", order = 7, "no answer"));
    running.flush();
    let mut bytes = vec![0; 4_096];
    let read = socket.recv(&mut bytes).unwrap();
    std::fs::remove_file(&path).unwrap();
    let entry = str::from_utf8(&bytes[..read]).unwrap();
    for field in ["PRIORITY=4", "SYSLOG_IDENTIFIER=orders", "MESSAGE=no answer", "NUMBER=7", "TARGET=shop"] {
        assert!(entry.lines().any(|line| line == field), "{entry}");
    }
}

#[test]
fn what_cannot_be_sent_so_is_told_with_its_place() {
    for (output, expected) in [
        ("{ type: syslog }", "1:23: logs.outputs.a: has no `url`"),
        ("{ type: syslog, url: 'logs:514' }", "logs.outputs.a: its `url` is none of `tcp://host:601`"),
        ("{ type: syslog, url: ['udp://a', 'http://b'] }", "logs.outputs.a: its `url` number 2 is none of"),
        ("{ type: syslog, url: 'tcp://logs:0' }", "its `url` has a port that is no number from 1 to 65535"),
        ("{ type: syslog, url: 'tcp://ada:hunter2@logs' }", "its `url` has more than a host and a port"),
        ("{ type: syslog, url: 'unix://dev/log' }", "its `url` has no path from the root"),
        (
            "{ type: syslog, url: 'udp://l', facility: kern }",
            "1:65: logs.outputs.a.facility: `kern` is wrong, expected `user`",
        ),
        ("{ type: syslog, url: 'udp://l', sd_id: obs }", "its `sd_id` is no name of structured data"),
        ("{ type: syslog, url: 'udp://l', hostname: 'a b' }", "its `hostname` is no name of a host"),
        ("{ type: syslog, url: 'tls://logs' }", "not built in"),
        ("{ type: syslog, url: 'tls://logs', ca_file: /x }", "not built in"),
        ("{ type: syslog, url: 'udp://l', ca_file: x }", "ca_file: has no effect: no `url` is `tls://`"),
        ("{ type: syslog, url: 'tcp://l', max_datagram: 2KiB }", "has no effect: no `url` is `udp://`"),
        (
            "{ type: syslog, url: 'udp://l', token: x }",
            "has no effect: `type` is none of `loki`, `elasticsearch` and `otlp`",
        ),
        ("{ type: syslog, url: 'udp://l', socket: /x }", "has no effect: `type` is not `journald`"),
        ("{ type: stdout, facility: user }", "has no effect: `type` is not `syslog`"),
        ("{ type: journald, url: 'unix:///x' }", "has no effect: `type` is no other machine"),
        ("{ type: file, path: /x, retry_for: 1s }", "`otlp`, `syslog` and `journald`"),
    ] {
        let text = format!("logs: {{ outputs: {{ a: {output} }} }}");
        let error = yaml(&format!("sockets-{}", text.len()), &text).builder().build().unwrap_err();
        let told = format!("{error}{:?}", std::error::Error::source(&error).map(ToString::to_string));
        assert!(told.contains(expected) && !told.contains("hunter2"), "{output}: {told}");
    }
}

#[test]
fn several_outputs_may_go_to_one_kind_of_receiver() {
    let text = "logs: { outputs: { a: { type: syslog, url: 'udp://127.0.0.1:9' }, b: { type: syslog, url: \
                'udp://127.0.0.1:10' }, c: { type: loki, url: 'http://127.0.0.1:1' }, d: { type: loki, url: \
                'http://127.0.0.1:2' } } }";
    assert!(yaml("sockets-several", text).builder().build().is_ok());
}

/// A port on which nobody listens.
fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn unreached(name: &str) -> crate::config::file::Yaml {
    let text = "
logs:
  outputs:
    main: { type: memory, format: json }
    central: { type: syslog, url: ['tcp://127.0.0.1:1', 'udp://nowhere.invalid', 'unix://FOLDER/none'] }
    journal: { type: journald, socket: FOLDER/nobody }
    quiet: { type: syslog, url: 'tcp://127.0.0.1:2', probe: false }
  routes: [{ default: main }]
";
    yaml(name, text)
}

#[test]
fn what_is_not_there_is_told_once_with_its_name_its_place_and_the_cause() {
    let name = "what_is_not_there_is_told_once_with_its_name_its_place_and_the_cause";
    let stderr = alone(module_path!(), name, &[], || {
        let yaml = unreached("sockets-unreached");
        let obs = yaml.builder().install().unwrap();
        // There is no journal to be asked on other systems.
        until("all were asked", || told(&obs).len() >= if cfg!(target_os = "linux") { 4 } else { 3 });
        let told = told(&obs);
        let mut found: Vec<_> = told.iter().map(said).collect();
        found.sort_unstable();
        let (none, nobody) = (format!("unix://{}", yaml.beside("none").display()), yaml.beside("nobody"));
        let mut expected = vec![
            ["log output central", "tcp://127.0.0.1:1", "connection refused"],
            ["log output central", "udp://nowhere.invalid:514", "name not known"],
            ["log output central", none.as_str(), "no such socket"],
        ];
        if cfg!(target_os = "linux") {
            expected.push(["log output journal", nobody.to_str().unwrap(), "no such socket"]);
        }
        assert_eq!(found, expected);
    });
    let told = "obs: log output central (tcp://127.0.0.1:1) does not answer as it should: connection refused";
    assert_eq!(stderr.matches(told).count(), 1, "{stderr}");
    assert!(!stderr.contains("quiet"), "{stderr}");
}

#[test]
fn neither_a_start_nor_an_end_waits_for_who_says_nothing() {
    // Takes connections, and no handshake comes about; over TCP it is there.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let outputs =
        format!("far: {{ type: syslog, url: 'tcp://{}', timeout: 1h }}", silent.local_addr().unwrap());
    let text = format!(
        "logs: {{ outputs: {{ main: {{ type: memory, format: json }}, {outputs} }}, routes: [{{ default: main }}] }}"
    );
    let began = Instant::now();
    let running = Running::build("sockets-silent", &text);
    let (_asked, _) = silent.accept().unwrap();
    assert_eq!(told(&running.obs).len(), 0);
    drop(running);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn an_output_that_does_not_get_through_degrades_the_service_until_it_does_again() {
    let port = closed();
    let far = format!(
        "far: {{ type: syslog, url: 'tcp://127.0.0.1:{port}', health: true, probe: false, retry_for: 1ms }}"
    );
    let checked = Checked::start("sockets-check", &format!("logs: {{ outputs: {{ {far} }} }}"));
    until("nothing was sent, and nothing is wrong", || checked.check("logs_far").status == Status::Passed);
    assert_eq!(checked.check("logs_far").importance, Importance::Degraded);

    checked.say();
    until("that is found", || checked.check("logs_far").status == Status::Failed);
    until("the loss is told once, the trouble as long as it is the last", || {
        checked.check("logs_far").error.is_some_and(|error| {
            error.strip_prefix("connection refused, ").is_some_and(|rest| rest.ends_with(" s ago"))
        })
    });
    assert_eq!(checked.readyz(), 200, "it is not critical");
    let number = |metric: &str| Scrape::of(checked.obs.recorder()).sum(metric, &[("pipeline", "logs_far")]);
    assert_eq!(
        (number("obs_pipeline_sent_batches_total"), number("obs_pipeline_sent_bytes_total")),
        (1.0, 0.0)
    );
    assert_eq!(number("obs_pipeline_last_success_timestamp_seconds"), 0.0, "there was none");
    let failure = number("obs_pipeline_last_failure_timestamp_seconds");
    assert!(failure > 1.7e9, "{failure}");

    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    checked.say();
    until("it is well again", || checked.check("logs_far").status == Status::Passed);
    let (mut stream, _) = listener.accept().unwrap();
    // All that it has read is all that was sent.
    drop(checked.obs);
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    assert!(bytes.windows(4).any(|word| word == b"said"));
}

#[test]
fn what_has_no_check_by_that_name_is_told() {
    let name = "n".repeat(60);
    for output in ["type: syslog, url: 'udp://127.0.0.1:9'", "type: journald"] {
        let text = format!("logs: {{ outputs: {{ {name}: {{ {output}, health: true }} }} }}");
        let error = yaml(&format!("sockets-long-{}", output.len()), &text).builder().build().unwrap_err();
        let told = format!("{error}{:?}", std::error::Error::source(&error).map(ToString::to_string));
        assert!(told.contains("its `health`") && told.contains("longer than 64 bytes"), "{told}");
    }
}
