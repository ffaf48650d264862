//! The checks of lines by syslog: a real `rsyslogd` takes them over each way, begins anew meanwhile, and is killed; what
//! it has written is held against the books of who sent.

mod arrived;
mod daemon;
mod restarted;
mod sender;
mod watched;
mod ways;

use std::path::{Path, PathBuf};

use super::install;
use super::report::Report;
use crate::{Result, cargo};

/// What is tried, and where.
struct Scene<'a> {
    rsyslogd: PathBuf,
    sender: PathBuf,
    service: PathBuf,
    folder: &'a Path,
}

impl Scene<'_> {
    /// A new folder of one check.
    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folder.join(name);
        std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(folder)
    }
}

type Check = fn(&Scene<'_>) -> Result<String>;

const ALL: [(&str, Check); 11] = [
    ("syslog: rsyslogd has each line sent over TCP, in order, with all that stands beside it", ways::tcp),
    ("syslog: over TLS, with a certificate shown and seen", ways::tls),
    ("syslog: over UDP", ways::udp),
    ("syslog: by datagrams of Unix's, as at /dev/log", ways::datagrams),
    ("syslog: by a stream of Unix's", ways::stream),
    ("syslog: lines of 190 KB arrive whole", ways::long),
    ("syslog: rsyslogd that begins anew while nothing is sent loses nothing", restarted::at_rest),
    (
        "syslog: rsyslogd that begins anew under load loses no more than what was on its way",
        restarted::under_load,
    ),
    (
        "syslog: what rsyslogd cannot get as it was killed is in the books, and told to the next one",
        restarted::killed,
    ),
    (
        "syslog: a service without rsyslogd warns, is degraded and ready, and well once it is there",
        watched::away,
    ),
    ("syslog: what a service says it has sent is what rsyslogd says it has received", watched::counted),
];

pub(super) fn check_all(folder: &Path, report: &mut Report) -> Result {
    let rsyslogd = install::rsyslogd()?;
    let sender = cargo::build_example("obs-logs", "socket_lines")?;
    let service = cargo::build_example_with("obs", &["logs-syslog"], "watched_lines")?;
    let scene = Scene { rsyslogd, sender, service, folder };
    for (name, check) in ALL {
        report.check(name, check(&scene));
    }
    Ok(())
}
