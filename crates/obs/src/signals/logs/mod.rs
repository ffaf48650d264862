//! Logs: lines of events, of requests and of panics.

#[cfg_attr(not(feature = "logs-ship"), path = "far_absent.rs")]
mod far;
#[cfg_attr(not(all(feature = "logs-journald", target_os = "linux")), path = "journald_absent.rs")]
mod journald;
#[cfg_attr(not(all(feature = "journal", unix)), path = "kept_absent.rs")]
mod kept;
mod outputs;
mod routes;
#[cfg_attr(not(feature = "logs-syslog"), path = "syslog_absent.rs")]
mod syslog;
#[cfg_attr(
    not(any(
        feature = "logs-ship",
        feature = "logs-syslog",
        all(feature = "logs-journald", target_os = "linux")
    )),
    path = "watched_absent.rs"
)]
mod watched;

use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::time::Duration;

use obs_core::{Base, Observer};
use obs_logs::{
    AccessLog, BuildError, Builder, Caller, Filter, FilterError, Logs, LogsGuard, Memory, Output, RateLimit,
    Route, Sampling,
};
use tracing::Level;

#[cfg(all(feature = "journal", unix, feature = "traces"))]
pub(crate) use kept::replay;

use super::{Reloader, Reopener, Signal};
use crate::Error;
use crate::admin::{Access, Endpoint, Runs};
use crate::config::{Config, FlightRecorder, LogDestination, LogLevel, Logs as Choices, Mistake};
use crate::remotes::Watched;

/// Logs that are running; `None` where lines go nowhere.
pub(crate) struct Part(Option<Running>);

struct Running {
    logs: Logs,
    access: Arc<AccessLog>,
    guard: LogsGuard,
    /// Outputs in memory, by name.
    memories: Vec<(String, Memory)>,
}

/// What [`std::panic::set_hook`] takes.
pub(crate) type PanicHook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync + 'static>;

impl Part {
    pub(crate) fn start(config: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        let choices = &config.logs;
        if choices.outputs.is_empty() {
            return match outputs::single(choices) {
                None => Ok(Self(None)),
                Some(output) => Self::to(output, config, base),
            };
        }
        let mut memories = Vec::new();
        let named = |output: &LogDestination| {
            let named = outputs::named(output, config, &config.journal, &mut memories);
            named.map_err(|problem| failed(format!("log output {}: {problem}", output.name)))
        };
        let outputs = choices.outputs.iter().map(named).collect::<Result<_, _>>()?;
        let routes = routes::all(&choices.routes);
        let part = Self::with(outputs, routes, config, base)?;
        Ok(Self(part.0.map(|running| Running { memories, ..running })))
    }

    /// Lines to this output, whatever routes there are.
    pub(crate) fn to(output: Output, config: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        Self::with(vec![output], Vec::new(), config, base)
    }

    fn with(
        outputs: Vec<Output>,
        routes: Vec<Route>,
        config: &Config,
        base: &Arc<Base>,
    ) -> Result<Self, Error> {
        let choices = &config.logs;
        let filter: Filter = choices.filter.parse().map_err(|error: obs_logs::FilterError| failed(error))?;
        let caller = if choices.caller { Caller::Shown } else { Caller::Hidden };
        let builder = Logs::builder(Arc::clone(base)).filter(filter).caller(caller).routes(routes);
        let builder = outputs.into_iter().fold(builder, Builder::output);
        let builder = sampling(choices).into_iter().fold(builder, Builder::sampling);
        let recorder = recorder(&choices.flight_recorder).map_err(failed)?;
        let builder = recorder.into_iter().fold(builder, Builder::recorder);
        let (logs, guard) = builder.build().map_err(|error| failed(told(error, config)))?;
        logs.when_levels_change(crate::install::levels_changed);
        let access = Arc::new(AccessLog::new(logs.clone()));
        Ok(Self(Some(Running { logs, access, guard, memories: Vec::new() })))
    }

    /// The engine, where lines go anywhere.
    pub(crate) fn engine(&self) -> Option<&Logs> {
        self.0.as_ref().map(|running| &running.logs)
    }

    /// The output in memory of this name.
    pub(crate) fn memory(&self, name: &str) -> Option<&Memory> {
        let memories = self.0.iter().flat_map(|running| &running.memories);
        memories.into_iter().find(|(known, _)| known == name).map(|(_, memory)| memory)
    }

    /// The hook to set; `otherwise` is told of panics that no output takes.
    pub(crate) fn panic_hook(&self, otherwise: PanicHook) -> PanicHook {
        match &self.0 {
            Some(running) => obs_logs::panic::hook(running.logs.clone(), otherwise),
            None => otherwise,
        }
    }
}

fn failed(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::Signal { name: "logs", source: source.into() }
}

/// What is said of outputs that cannot be had, without a path that `${..}` has put in.
fn told(error: BuildError, config: &Config) -> Box<dyn std::error::Error + Send + Sync> {
    let concealed = |output: &LogDestination| config.conceals(&format!("logs.outputs.{}.path", output.name));
    let is_concealed = config.conceals("logs.file.path") || config.logs.outputs.iter().any(concealed);
    match error {
        BuildError::Open { source, .. } if is_concealed => {
            format!("the log file cannot be opened for appending; `${{..}}` is in its path, which is not shown: {source}").into()
        }
        BuildError::Twice(_) if is_concealed => {
            "a log file is named twice; `${..}` is in a path, which is not shown".into()
        }
        error => error.into(),
    }
}

/// Levels, outputs and routes, unless they are well formed.
pub(crate) fn mistakes(config: &Config) -> Vec<Mistake> {
    let levels = config.logs.filter.parse::<Filter>();
    let levels = levels.err().map(|error| Mistake::new("logs.level", error));
    let held = recorder(&config.logs.flight_recorder).err();
    let held = held.map(|error| Mistake::new("logs.flight_recorder.level", error));
    let lines = config.logs.outputs.iter().filter_map(|output| {
        let named = outputs::named(output, config, &config.journal, &mut Vec::new());
        let problem = named.and_then(|named| Ok(named.check(&config.resource)?)).err()?;
        let path = format!("logs.outputs.{}", output.name);
        Some(match problem.key {
            Some(key) => Mistake::new(&format!("{path}.{key}"), problem.what),
            None => Mistake::new(&path, problem),
        })
    });
    levels.into_iter().chain(held).chain(lines).chain(routes::mistakes(&config.logs)).collect()
}

/// Which lines are written of many, where not all are.
fn sampling(choices: &Choices) -> Option<Sampling> {
    let (chosen, limit) = (&choices.sampling, &choices.rate_limit);
    if chosen.first.is_none() && limit.lines.is_none() && !chosen.follow_trace {
        return None;
    }
    let mut sampling = match chosen.first {
        Some(first) => Sampling::new().tick(chosen.tick).first(first).thereafter(chosen.thereafter),
        None => Sampling::off(),
    };
    if chosen.follow_trace {
        sampling = sampling.follow_trace();
    }
    if let Some(lines) = limit.lines {
        sampling = sampling.limit(RateLimit::new(lines).tick(limit.tick).up_to(level(limit.up_to).into()));
    }
    Some(sampling)
}

/// The flight recorder's settings, where anything is held.
fn recorder(choices: &FlightRecorder) -> Result<Option<obs_logs::FlightRecorder>, FilterError> {
    let Some(level) = &choices.level else { return Ok(None) };
    let mut recorder = obs_logs::FlightRecorder::new()
        .filter(level.parse()?)
        .request_bytes(choices.request_bytes)
        .process_bytes(choices.process_bytes);
    if !choices.errors {
        recorder = recorder.no_errors();
    }
    if let Some(slow) = choices.slow {
        recorder = recorder.slow(slow);
    }
    Ok(Some(if choices.slow_quantile { recorder.slow_quantile() } else { recorder }))
}

/// A level, as the engine of logs has it.
fn level(level: LogLevel) -> Level {
    match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    }
}

impl Signal for Part {
    fn endpoints(&self) -> Vec<Endpoint> {
        let endpoint = |running: &Running| {
            let logs = running.logs.clone();
            let respond = move |request: &_| obs_logs::admin::respond(&logs, request);
            // A change has every call site ask again, and is written to the log: apart.
            Endpoint::new(obs_logs::admin::LOGLEVEL, Access::Guarded, Runs::Apart, respond)
                .about("which lines are written, and how that is changed for a while")
        };
        self.0.iter().map(endpoint).collect()
    }

    fn observer(&self) -> Option<Box<dyn Observer>> {
        self.0.as_ref().map(|running| Box::new(Arc::clone(&running.access)) as _)
    }

    fn reloader(&self) -> Option<Reloader> {
        let logs = self.0.as_ref()?.logs.clone();
        // What is wrong has been told as mistakes, and nothing is taken up with one.
        Some(Box::new(move |config| {
            let new = &config.logs;
            if let Ok(filter) = new.filter.parse() {
                let _ = logs.reconfigure(filter, &routes::all(&new.routes), sampling(new));
            }
        }))
    }

    fn reopener(&self) -> Option<Reopener> {
        let logs = self.0.as_ref()?.logs.clone();
        // Without a file the signal does what it always did.
        logs.has_files().then(|| Box::new(move || logs.reopen()) as _)
    }

    fn watched(&self, config: &Config) -> Vec<Watched> {
        self.engine().map(|logs| watched::watched(logs, &config.logs)).unwrap_or_default()
    }

    fn flush(&self, deadline: Duration) -> bool {
        self.0.as_ref().is_none_or(|running| running.guard.flush(deadline).is_ok())
    }

    fn shutdown(&mut self, deadline: Duration) {
        if let Some(running) = &mut self.0 {
            running.guard.shutdown(deadline);
        }
    }
}
