//! The checks of the admin listener: a real curl and a real Prometheus ask it over TLS with users, over a port, and at a
//! path, while others mean no good.

mod asked;
mod scraped;
mod service;

use std::path::{Path, PathBuf};

use super::install::{self, Programs};
use super::report::Report;
use crate::{Result, cargo};

/// Certificates of an authority of the tests.
const CERTIFICATES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/obs-export/tests/it/tls");
/// By the bcrypt of Python, of [`PASSWORD`].
const HASH: &str = "$2b$04$pzuWZ3EpBKBG4G/ROQP2OuK3MoOMt4ceABkBZFWJRCU8L0Y4zT1r6";
const PASSWORD: &str = "s3cret";

/// What is tried, and where.
struct Scene<'a> {
    programs: &'a Programs,
    curl: PathBuf,
    service: PathBuf,
    folder: &'a Path,
}

type Check = fn(&Scene<'_>) -> Result<String>;

const ALL: [(&str, Check); 5] = [
    ("admin: curl over TLS gets all of it as a user, and probes alone as anybody else", asked::over_tls),
    ("admin: a certificate is renewed, and a wrong one not taken up, while it is asked", asked::renewed),
    ("admin: curl at a path, which a killed process has left behind", asked::at_a_path),
    (
        "admin: Prometheus scrapes over TLS as a user, beside idle connections and wrong passwords",
        scraped::over_tls,
    ),
    ("admin: beyond this machine without TLS, there are metrics and probes alone", asked::beyond),
];

pub(super) fn check_all(programs: &Programs, folder: &Path, report: &mut Report) -> Result {
    let curl = install::curl()?;
    let service = cargo::build_example_with("obs", &["admin-basic-auth", "admin-tls"], "admin")?;
    let scene = Scene { programs, curl, service, folder };
    for (name, check) in ALL {
        report.check(name, check(&scene));
    }
    Ok(())
}
