//! The real servers: where they are looked for, and how a machine gets them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use crate::{Result, cargo};

/// Packages of Debian: the server with `promtool`, what keeps pushes, what keeps orders, what pools connect to besides, what makes a venv,
/// what makes load, what moves log files away, a terminal, what takes lines by syslog, with its TLS, and what carries messages.
const DEBIAN: [&str; 13] = [
    "prometheus",
    "prometheus-pushgateway",
    "postgresql",
    "redis-server",
    "python3",
    "python3-venv",
    "wrk",
    "nghttp2-client",
    "logrotate",
    "tmux",
    "rsyslog",
    "rsyslog-gnutls",
    "rabbitmq-server",
];

/// Where Debian keeps the programs of each version of PostgreSQL.
const POSTGRES: &str = "/usr/lib/postgresql";

/// Packages of PyPI: an OTLP sink as a wheel, the strict OpenMetrics parser, OpenTelemetry's propagators, a client of RabbitMQ, and one of
/// gRPC that knows `grpc.health.v1`.
const PYPI: [&str; 8] = [
    "rotel==0.0.1a15",
    "prometheus_client==0.26.0",
    "opentelemetry-api==1.45.2",
    "opentelemetry-propagator-b3==1.45.1",
    "opentelemetry-propagator-jaeger==1.45.1",
    "pika==1.4.4",
    "grpcio==1.85.3",
    "grpcio-health-checking==1.85.1",
];

/// As Debian calls the program.
const PUSHGATEWAY: &str = "prometheus-pushgateway";

/// In a folder that is in nobody's `PATH` but root's.
const LOGROTATE: &str = "logrotate";
const RSYSLOGD: &str = "rsyslogd";
/// What it speaks TLS by, in a folder `rsyslog` somewhere below.
const RSYSLOG_TLS: (&str, &str) = ("/usr/lib", "rsyslog/lmnsd_gtls.so");

/// What carries messages: by its own script, since the one in `PATH` would have it run as another user, and the daemon of Erlang's that
/// knows the nodes.
const RABBITMQ: (&str, &str) = ("/usr/lib/rabbitmq/bin", "rabbitmq-server");
const EPMD: &str = "epmd";

/// What brings all of it.
const INSTALL: &str = "cargo xtask e2e --install";

/// The programs a run needs.
pub(super) struct Programs {
    /// The folder with `initdb`, `postgres` and `psql`.
    pub(super) postgres: PathBuf,
    pub(super) prometheus: PathBuf,
    pub(super) promtool: PathBuf,
    pub(super) pushgateway: PathBuf,
    pub(super) python: PathBuf,
    pub(super) redis_cli: PathBuf,
    pub(super) redis_server: PathBuf,
    pub(super) rotel: PathBuf,
    pub(super) wrk: PathBuf,
    pub(super) h2load: PathBuf,
}

impl Programs {
    /// Finds all of them; what is missing is named together with the line that brings it.
    pub(super) fn find() -> Result<Self> {
        let in_path = |name: &str| in_path(name).ok_or_else(|| missing(name));
        let python = venv()?.join("bin/python");
        let rotel = has_pypi(&python).then(|| rotel(&python)).flatten();
        Ok(Self {
            postgres: postgres().ok_or_else(|| missing("postgres"))?,
            prometheus: in_path("prometheus")?,
            promtool: in_path("promtool")?,
            pushgateway: in_path(PUSHGATEWAY)?,
            redis_cli: in_path("redis-cli")?,
            redis_server: in_path("redis-server")?,
            rotel: rotel.ok_or_else(|| missing(&format!("a venv with {}", PYPI.join(", "))))?,
            wrk: in_path("wrk")?,
            h2load: in_path("h2load")?,
            python,
        })
    }
}

fn missing(what: &str) -> String {
    format!("{what} is not on this machine; this brings it:\n  {INSTALL}")
}

/// A terminal that tells what it shows.
pub(super) fn tmux() -> Result<PathBuf> {
    in_path("tmux").ok_or_else(|| missing("tmux"))
}

/// What moves log files away.
pub(super) fn logrotate() -> Result<PathBuf> {
    beside_path(LOGROTATE).ok_or_else(|| missing(LOGROTATE))
}

/// What takes lines by syslog.
pub(super) fn rsyslogd() -> Result<PathBuf> {
    let program = beside_path(RSYSLOGD).ok_or_else(|| missing(RSYSLOGD))?;
    let (folder, module) = RSYSLOG_TLS;
    let below = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut folders = below.chain([PathBuf::from(folder)]);
    match folders.any(|folder| folder.join(module).is_file()) {
        true => Ok(program),
        false => Err(missing("the TLS of rsyslogd")),
    }
}

/// What carries messages.
pub(super) struct RabbitMq {
    pub(super) server: PathBuf,
    pub(super) epmd: PathBuf,
}

pub(super) fn rabbitmq() -> Result<RabbitMq> {
    let (folder, name) = RABBITMQ;
    let own = Path::new(folder).join(name);
    let server = if own.is_file() { Some(own) } else { in_path(name) };
    Ok(RabbitMq {
        server: server.ok_or_else(|| missing(name))?,
        epmd: in_path(EPMD).ok_or_else(|| missing(EPMD))?,
    })
}

/// Brings what is missing, and does nothing where nothing is.
pub(super) fn install() -> Result {
    let programs = ["prometheus", "promtool", PUSHGATEWAY, "redis-cli", "redis-server", "wrk", "h2load"];
    let lacks = |program: &&str| in_path(program).is_none();
    if programs.iter().any(lacks)
        || beside_path(LOGROTATE).is_none()
        || tmux().is_err()
        || rsyslogd().is_err()
        || rabbitmq().is_err()
        || postgres().is_none()
        || !makes_venvs()
    {
        apt_get(&["update"])?;
        apt_get(&[&["install", "-y", "--no-install-recommends"][..], &DEBIAN].concat())?;
    }
    let venv = venv()?;
    let python = venv.join("bin/python");
    if !has_pypi(&python) {
        if let Some(folder) = venv.parent() {
            fs::create_dir_all(folder)
                .map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
        }
        cargo::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        cargo::run(Command::new(&python).args(quiet).args(PYPI))?;
    }
    let programs = Programs::find()?;
    println!("postgres    {}", programs.postgres.display());
    println!("prometheus  {}", programs.prometheus.display());
    println!("redis       {}", programs.redis_server.display());
    println!("pushgateway {}", programs.pushgateway.display());
    println!("logrotate   {}", logrotate()?.display());
    println!("rsyslogd    {}", rsyslogd()?.display());
    println!("rabbitmq    {}", rabbitmq()?.server.display());
    println!("rotel       {}", programs.rotel.display());
    println!("wrk         {}", programs.wrk.display());
    Ok(())
}

fn apt_get(arguments: &[&str]) -> Result {
    let mut command = Command::new("apt-get");
    command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
    cargo::run(&mut command).map_err(|error| format!("{error}\n(it needs Debian or a relative, and root)"))
}

/// Outside of the repository and of its builds, so that neither a clean clone nor `cargo clean` fetches it again.
/// `OBS_E2E_CACHE` names another folder.
pub(super) fn cache() -> Result<PathBuf> {
    let folder = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    folder("OBS_E2E_CACHE")
        .or_else(|| folder("XDG_CACHE_HOME").map(|cache| cache.join("obs-e2e")))
        .or_else(|| folder("HOME").map(|home| home.join(".cache/obs-e2e")))
        .ok_or_else(|| "set OBS_E2E_CACHE to a folder for the servers".to_owned())
}

fn venv() -> Result<PathBuf> {
    Ok(cache()?.join("venv"))
}

fn in_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn beside_path(name: &str) -> Option<PathBuf> {
    let program = Path::new("/usr/sbin").join(name);
    in_path(name).or_else(|| program.is_file().then_some(program))
}

/// Of several versions the newest; elsewhere than on Debian the one in `PATH`.
fn postgres() -> Option<PathBuf> {
    let versions = fs::read_dir(POSTGRES).into_iter().flatten().flatten();
    let number = |entry: &fs::DirEntry| entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
    let newest = versions.max_by_key(number).map(|entry| entry.path().join("bin"));
    let with_server = newest.filter(|folder| folder.join("postgres").is_file());
    with_server.or_else(|| in_path("postgres")?.parent().map(Path::to_owned))
}

fn makes_venvs() -> bool {
    python(OsStr::new("python3"), "import venv, ensurepip").is_some()
}

/// Whether the venv has exactly the versions of the list.
fn has_pypi(interpreter: &Path) -> bool {
    let names = PYPI.map(|package| package.split("==").next().unwrap_or_default());
    let script = format!(
        "from importlib.metadata import version\nprint(' '.join(f'{{name}}=={{version(name)}}' for name in {names:?}))"
    );
    python(interpreter.as_os_str(), &script).is_some_and(|versions| versions == PYPI.join(" "))
}

fn rotel(interpreter: &Path) -> Option<PathBuf> {
    let script = "import rotel.agent\nprint(rotel.agent.Agent.agent_path)";
    python(interpreter.as_os_str(), script).map(PathBuf::from).filter(|program| program.is_file())
}

/// What a script prints; nothing when it fails.
fn python(interpreter: &OsStr, script: &str) -> Option<String> {
    let output = Command::new(interpreter).args(["-c", script]).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}
