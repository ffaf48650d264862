//! A real Pushgateway, open or behind TLS and a password.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::http::{Connection, get, send_text};
use crate::process::Process;
use crate::{Result, cargo};

const START_LIMIT: Duration = Duration::from_secs(30);

/// Who may push into a guarded one.
pub(super) const USER: &str = "ada";
pub(super) const PASSWORD: &str = "secret";
/// The password by bcrypt, as the gateway wants it.
const HASH: &str = "$2y$06$6LMLR.40gOUQ5oO54U27w.ygYJv41F2DJwhVH1ksYwKqUvWqCRwJO";

/// A running Pushgateway.
pub(super) struct Gateway {
    pub(super) address: SocketAddr,
    #[expect(dead_code, reason = "ends the process when it is dropped")]
    process: Process,
}

impl Gateway {
    /// Starts one that everybody may push into, and waits until it answers.
    pub(super) fn start(program: &Path, address: SocketAddr, folder: &Path) -> Result<Self> {
        let ready = || get(address, "/-/ready", &[]).is_ok_and(|response| response.status == 200);
        Self::run("gateway", Command::new(program), address, folder, ready)
    }

    /// Starts one that wants TLS and a password, and waits until it listens.
    pub(super) fn start_guarded(program: &Path, address: SocketAddr, folder: &Path) -> Result<Self> {
        let config = folder.join("gateway.web.yml");
        let (certificate, key) = (certificates().join("server.pem"), certificates().join("server.key"));
        let text = format!(
            "tls_server_config:\n  cert_file: {}\n  key_file: {}\nbasic_auth_users:\n  {USER}: {HASH}\n",
            certificate.display(),
            key.display()
        );
        fs::write(&config, text).map_err(|error| format!("{}: {error}", config.display()))?;
        let mut command = Command::new(program);
        command.arg(format!("--web.config.file={}", config.display()));
        Self::run("guarded", command, address, folder, || Connection::open(address).is_ok())
    }

    fn run(
        name: &str,
        mut command: Command,
        address: SocketAddr,
        folder: &Path,
        ready: impl FnMut() -> bool,
    ) -> Result<Self> {
        command.arg(format!("--web.listen-address={address}"));
        command.arg(format!("--persistence.file={}", folder.join(format!("{name}.data")).display()));
        let output = folder.join(format!("{name}.output.txt"));
        let mut process = Process::start_watched(name, &command, output)?;
        process.wait_until("ready", START_LIMIT, ready)?;
        Ok(Self { address, process })
    }

    /// Pushes as another job would.
    pub(super) fn put(&self, path: &str, text: &str) -> Result {
        let response =
            send_text(self.address, "PUT", path, text).map_err(|error| format!("gateway: {error}"))?;
        if response.status == 200 { Ok(()) } else { Err(format!("PUT {path}: {}", response.text())) }
    }

    /// Removes a group again.
    pub(super) fn delete(&self, path: &str) -> Result {
        let response =
            send_text(self.address, "DELETE", path, "").map_err(|error| format!("gateway: {error}"))?;
        if response.status == 202 { Ok(()) } else { Err(format!("DELETE {path}: {}", response.text())) }
    }
}

/// An authority and what it signed, as the tests of the HTTP client have them.
pub(super) fn certificates() -> PathBuf {
    cargo::root().join("crates/obs-export/tests/it/tls")
}
