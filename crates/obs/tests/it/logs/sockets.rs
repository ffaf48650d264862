//! Outputs to syslog and the journal by the file alone.

use std::io::Read;
use std::net::{TcpListener, UdpSocket};

use serde_json::{Value, json};

use super::running::{Running, yaml};
use crate::service::LONG;

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
    central: {{ type: syslog, url: ['tcp://127.0.0.1:1', 'tcp://{}'], facility: local4, sd_id: shop@99999, hostname: h1 }}
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
