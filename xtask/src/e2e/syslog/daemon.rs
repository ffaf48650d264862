//! A running `rsyslogd` that writes what it has read of each message to a file, as one JSON object a line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::Scene;
use crate::json::Json;
use crate::process::Process;
use crate::{Result, ports};

const START_LIMIT: Duration = Duration::from_secs(30);

/// The certificates of the tests of obs-export.
const CERTIFICATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/obs-export/tests/it/tls");

/// Each part of a message by the name that rsyslog has for it.
const PARTS: [(&str, &str); 8] = [
    ("pri", "pri"),
    ("version", "protocol-version"),
    ("hostname", "hostname"),
    ("app", "app-name"),
    ("procid", "procid"),
    ("msgid", "msgid"),
    ("data", "structured-data"),
    ("msg", "msg"),
];

/// What a sender is told to send by one way.
pub(super) type Way = fn(&Daemon) -> Vec<String>;

/// What it has counted at a listener since its start.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    pub(super) messages: u64,
    pub(super) bytes: u64,
}

/// Where it listens and writes, the same from start to start.
pub(super) struct Daemon {
    program: PathBuf,
    folder: PathBuf,
    tcp: SocketAddr,
    tls: SocketAddr,
    udp: SocketAddr,
    process: Option<Process>,
    starts: u32,
}

impl Daemon {
    /// Starts it in a folder of its own.
    pub(super) fn start(scene: &Scene<'_>, folder: &Path) -> Result<Self> {
        let [tcp, tls, udp] = ports::free()?;
        let (program, folder) = (scene.rsyslogd.clone(), folder.to_owned());
        let mut daemon = Self { program, folder, tcp, tls, udp, process: None, starts: 0 };
        let text = daemon.configuration();
        std::fs::write(daemon.file("rsyslog.conf"), text).map_err(|error| error.to_string())?;
        daemon.again()?;
        Ok(daemon)
    }

    /// Starts it once more.
    pub(super) fn again(&mut self) -> Result {
        // It does not take away a socket that was left behind.
        let _ = std::fs::remove_file(self.file("stream.socket"));
        self.starts += 1;
        let mut command = Command::new(&self.program);
        command.arg("-n").arg("-f").arg(self.file("rsyslog.conf"));
        command.arg("-i").arg(self.file(&format!("pid-{}", self.starts)));
        let output = self.file(&format!("rsyslogd-{}.output.txt", self.starts));
        let mut process = Process::start_watched("rsyslogd", &command, output)?;
        let (tcp, tls, log, stream) =
            (self.tcp, self.tls, self.file("log.socket"), self.file("stream.socket"));
        process.wait_until("its sockets", START_LIMIT, || {
            [tcp, tls].iter().all(|address| std::net::TcpStream::connect(address).is_ok())
                && std::os::unix::net::UnixStream::connect(&stream).is_ok()
                && std::os::unix::net::UnixDatagram::unbound()
                    .is_ok_and(|socket| socket.connect(&log).is_ok())
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Has it end, with all that it has read written.
    pub(super) fn stop(&mut self) -> Result {
        match self.process.take() {
            Some(mut process) => process.stop().map(drop),
            None => Ok(()),
        }
    }

    /// Kills it by SIGKILL.
    pub(super) fn kill(&mut self) -> Result {
        match self.process.take() {
            Some(process) => process.kill(),
            None => Ok(()),
        }
    }

    /// What a sender is told to send to it over each way.
    pub(super) fn tcp(&self) -> Vec<String> {
        vec![format!("syslog=tcp://{}", self.tcp)]
    }

    pub(super) fn tls(&self) -> Vec<String> {
        let file = |key: &str, name: &str| format!("{key}={CERTIFICATES}/{name}");
        vec![
            format!("syslog=tls://{}", self.tls),
            file("ca_file", "ca.pem"),
            file("certificate", "client.pem"),
            file("key_file", "client.key"),
        ]
    }

    pub(super) fn udp(&self) -> Vec<String> {
        vec![format!("syslog=udp://{}", self.udp)]
    }

    pub(super) fn datagrams(&self) -> Vec<String> {
        vec![format!("syslog=unix://{}", self.file("log.socket").display())]
    }

    pub(super) fn stream(&self) -> Vec<String> {
        vec![format!("syslog=unix://{}", self.file("stream.socket").display())]
    }

    /// What is in its names of the listeners at which bytes are counted.
    pub(super) fn tcp_listener(&self) -> String {
        format!("imptcp(127.0.0.1/{}/IPv4)", self.tcp.port())
    }

    pub(super) fn stream_listener(&self) -> String {
        self.file("stream.socket").display().to_string()
    }

    /// What it says of a listener, which it does each second.
    pub(super) fn counted(&self, listener: &str) -> Result<Counted> {
        let text = std::fs::read_to_string(self.file("counters")).map_err(|error| error.to_string())?;
        let told =
            text.split_terminator('\n').filter_map(|line| Json::parse(line.get(line.find('{')?..)?).ok());
        let named =
            |told: &Json| told.at(&["name"]).and_then(Json::text).is_some_and(|name| name.contains(listener));
        let last =
            told.rev().find(named).ok_or_else(|| format!("nothing of {listener} among its counters"))?;
        let number = |name: &str| {
            let number = last.at(&[name]).and_then(Json::number).map(|number| number as u64);
            number.ok_or_else(|| format!("no {name} of {listener}"))
        };
        Ok(Counted { messages: number("submitted")?, bytes: number("bytes.received")? })
    }

    /// What came in.
    pub(super) fn messages(&self) -> PathBuf {
        self.file("messages")
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn configuration(&self) -> String {
        let part = |(out, name): (&str, &str)| {
            format!("property(outname=\"{out}\" name=\"{name}\" format=\"jsonf\")\n")
        };
        let parts: String = PARTS.map(part).concat();
        let path = |name: &str| self.file(name).display().to_string();
        let (messages, log, stream) = (path("messages"), path("log.socket"), path("stream.socket"));
        let counters = path("counters");
        let (tcp, tls, udp) = (self.tcp.port(), self.tls.port(), self.udp.port());
        // Read by one thread each, so that order is kept; written at once, so that a kill loses none that was read.
        format!(
            "global(maxMessageSize=\"512k\" defaultNetstreamDriver=\"gtls\"
defaultNetstreamDriverCAFile=\"{CERTIFICATES}/ca.pem\"
defaultNetstreamDriverCertFile=\"{CERTIFICATES}/server.pem\"
defaultNetstreamDriverKeyFile=\"{CERTIFICATES}/server.key\")
module(load=\"impstats\" interval=\"1\" format=\"json\" log.syslog=\"off\" log.file=\"{counters}\")
module(load=\"imptcp\" threads=\"1\")
module(load=\"imtcp\" streamDriver.name=\"gtls\" streamDriver.mode=\"1\" streamDriver.authMode=\"x509/certvalid\")
module(load=\"imudp\")
module(load=\"imuxsock\" sysSock.use=\"off\")
template(name=\"parts\" type=\"list\" option.jsonf=\"on\") {{
{parts}}}
ruleset(name=\"all\") {{
action(type=\"omfile\" file=\"{messages}\" template=\"parts\")
}}
input(type=\"imptcp\" address=\"127.0.0.1\" port=\"{tcp}\" ruleset=\"all\")
input(type=\"imptcp\" path=\"{stream}\" ruleset=\"all\")
input(type=\"imtcp\" address=\"127.0.0.1\" port=\"{tls}\" ruleset=\"all\")
input(type=\"imudp\" address=\"127.0.0.1\" port=\"{udp}\" ruleset=\"all\" rcvbufSize=\"8m\")
input(type=\"imuxsock\" socket=\"{log}\" useSpecialParser=\"off\" parseHostname=\"on\" rateLimit.interval=\"0\" ruleset=\"all\")
"
        )
    }
}
