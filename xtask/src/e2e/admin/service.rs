//! The service whose admin listener is asked, and curl.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use super::{CERTIFICATES, HASH, Scene};
use crate::e2e::pipe::pipe;
use crate::process::Process;
use crate::{Result, ports};

const START_LIMIT: Duration = Duration::from_secs(30);

/// A service that is running.
pub(super) struct Service<'a> {
    scene: &'a Scene<'a>,
    folder: PathBuf,
    /// Where it serves.
    pub(super) addr: SocketAddr,
    /// Where its admin listener is.
    pub(super) admin: SocketAddr,
    process: Process,
}

impl<'a> Service<'a> {
    /// Starts it in a folder of this name; `admin` is what stands under `admin` in its file but for the port, which comes
    /// in the place of `PORT`.
    pub(super) fn start(scene: &'a Scene<'a>, name: &str, admin: &str, web: &str) -> Result<Self> {
        let folder = scene.folder.join(name);
        let [addr, port] = ports::free()?;
        let text = format!(
            "admin: {{ {} }}\nlogs: {{ output: stderr }}\n",
            admin.replace("PORT", &port.port().to_string())
        );
        let failed = |error| format!("{}: {error}", folder.display());
        fs::create_dir_all(&folder).map_err(failed)?;
        fs::write(folder.join("obs.yaml"), text).map_err(failed)?;
        fs::write(folder.join("web.yml"), web).map_err(failed)?;
        let mut command = Command::new(&scene.service);
        command.current_dir(&folder).arg(addr.to_string()).env("OBS_DRAIN_DELAY", "0s");
        command.env("OBS_DRAIN_TIMEOUT", "1s");
        let output = folder.join("service.output.txt");
        let mut process = Process::start_reading_input("service", command, output)?;
        process.wait_until("serving", START_LIMIT, || std::net::TcpStream::connect(addr).is_ok())?;
        Ok(Self { scene, folder, addr, admin: port, process })
    }

    /// At all addresses of the machine, over TLS, with one user.
    pub(super) fn private(scene: &'a Scene<'a>, name: &str) -> Result<Self> {
        let admin = "addr: '0.0.0.0:PORT', web_config: web.yml, requests: true";
        Self::start(scene, name, admin, &web("server"))
    }

    /// Puts another web config file into the place of the one there is.
    pub(super) fn choose(&self, web: &str) -> Result {
        let file = self.folder.join("web.yml");
        fs::write(&file, web).map_err(|error| format!("{}: {error}", file.display()))
    }

    /// A file in its folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// What it has said.
    pub(super) fn said(&self) -> String {
        fs::read_to_string(self.folder.join("service.output.txt")).unwrap_or_default()
    }

    /// What curl gets, over TLS: the status, 0 where there is none, and the body.
    pub(super) fn curl(&self, path: &str, arguments: &[&str]) -> Result<(u16, String)> {
        let url = format!("https://localhost:{}{path}", self.admin.port());
        let ca = format!("{CERTIFICATES}/ca.pem");
        self.curl_at(&url, &[&["--cacert", &ca], arguments].concat())
    }

    /// The same of any URL.
    pub(super) fn curl_at(&self, url: &str, arguments: &[&str]) -> Result<(u16, String)> {
        let mut command = Command::new(&self.scene.curl);
        command.args([
            "--silent",
            "--show-error",
            "--max-time",
            "10",
            "--noproxy",
            "*",
            "--write-out",
            "\n%{http_code}",
        ]);
        let output = pipe(command.args(arguments).arg(url), &[])?;
        let text = String::from_utf8_lossy(&output.stdout);
        let (body, status) = text.rsplit_once('\n').ok_or("curl said nothing")?;
        let status = status.parse().map_err(|_| format!("curl: no status: {text}"))?;
        let errors = String::from_utf8_lossy(&output.stderr);
        Ok((status, if status == 0 { errors.into_owned() } else { body.to_owned() }))
    }

    /// Ends it at once, as a crash does.
    pub(super) fn kill(self) -> Result {
        self.process.kill()
    }
}

/// A web config file with this certificate and one user.
pub(super) fn web(certificate: &str) -> String {
    format!(
        "tls_server_config:\n  cert_file: {CERTIFICATES}/{certificate}.pem\n  key_file: {CERTIFICATES}/{certificate}.key\n\
         http_server_config:\n  headers:\n    Strict-Transport-Security: max-age=300\n\
         basic_auth_users:\n  scraper: {HASH}\n"
    )
}
