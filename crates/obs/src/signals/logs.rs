//! Logs: lines of events, of requests and of panics.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use obs_core::{Base, Observer};
use obs_logs::{
    AccessLog, BuildError, Caller, Colours, Filter, FilterError, Format, Logs, LogsGuard, Output,
};

use super::{Reloader, Signal};
use crate::Error;
use crate::config::{Config, FlightRecorder, LogFormat, LogOutput, Logs as Choices, Mistake, Rotation};

/// Logs that are running; `None` where lines go nowhere.
pub(crate) struct Part(Option<Running>);

struct Running {
    logs: Logs,
    access: Arc<AccessLog>,
    guard: LogsGuard,
}

/// What [`std::panic::set_hook`] takes.
pub(crate) type PanicHook = Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync + 'static>;

impl Part {
    pub(crate) fn start(config: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        match output(&config.logs) {
            None => Ok(Self(None)),
            Some(output) => Self::to(output, config, base),
        }
    }

    /// Lines to this output.
    pub(crate) fn to(output: Output, config: &Config, base: &Arc<Base>) -> Result<Self, Error> {
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| Error::Signal { name: "logs", source };
        let choices = &config.logs;
        let filter: Filter = choices.filter.parse().map_err(|error: FilterError| failed(error.into()))?;
        let caller = if choices.caller { Caller::Shown } else { Caller::Hidden };
        let mut builder = Logs::builder(Arc::clone(base)).filter(filter).caller(caller).output(output);
        if let Some(choices) = &choices.flight_recorder {
            builder = builder.recorder(recorder(choices).map_err(|error| failed(error.into()))?);
        }
        let (logs, guard) = builder.build().map_err(|error| failed(told(error, config)))?;
        let access = Arc::new(AccessLog::new(logs.clone()));
        Ok(Self(Some(Running { logs, access, guard })))
    }

    /// The engine, where lines go anywhere.
    pub(crate) fn engine(&self) -> Option<&Logs> {
        self.0.as_ref().map(|running| &running.logs)
    }

    /// The hook to set; `otherwise` is told of panics that no output takes.
    pub(crate) fn panic_hook(&self, otherwise: PanicHook) -> PanicHook {
        match &self.0 {
            Some(running) => obs_logs::panic::hook(running.logs.clone(), otherwise),
            None => otherwise,
        }
    }
}

/// What is said of outputs that cannot be had, without a path that `${..}` has put in.
fn told(error: BuildError, config: &Config) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        BuildError::Open { source, .. } if config.conceals("logs.file.path") => {
            format!("the log file cannot be opened for appending; `${{..}}` is in its path, which is not shown: {source}").into()
        }
        error => error.into(),
    }
}

/// The levels, unless they are well formed.
pub(crate) fn mistakes(config: &Config) -> Vec<Mistake> {
    let levels = config.logs.filter.parse::<Filter>();
    let recorded = config.logs.flight_recorder.as_ref().map(recorder);
    let mistakes = [
        levels.err().map(|error| Mistake::new("logs.level", error)),
        recorded.and_then(Result::err).map(|error| Mistake::new("logs.flight_recorder.level", error)),
    ];
    mistakes.into_iter().flatten().collect()
}

/// The flight recorder's settings.
fn recorder(choices: &FlightRecorder) -> Result<obs_logs::FlightRecorder, FilterError> {
    let mut recorder = obs_logs::FlightRecorder::new()
        .filter(choices.level.parse()?)
        .request_bytes(choices.request_bytes)
        .process_bytes(choices.process_bytes);
    if let Some(slow) = choices.slow {
        recorder = recorder.slow(slow);
    }
    Ok(if choices.slow_quantile { recorder.slow_quantile() } else { recorder })
}

/// Where lines go and in which form; `None` where nowhere.
fn output(choices: &Choices) -> Option<Output> {
    let (output, terminal): (Output, fn() -> bool) = match &choices.output {
        LogOutput::Off => return None,
        LogOutput::Stdout => (Output::stdout(), || std::io::stdout().is_terminal()),
        LogOutput::Stderr => (Output::stderr(), || std::io::stderr().is_terminal()),
        LogOutput::File(path) => (file(path, choices), || false),
    };
    let colours = match choices.colour {
        None => Colours::Auto,
        Some(true) => Colours::On,
        Some(false) => Colours::Off,
    };
    Some(output.format(match choices.format {
        Some(LogFormat::Json) => Format::Json,
        Some(LogFormat::Logfmt) => Format::Logfmt,
        None if !terminal() => Format::Json,
        Some(LogFormat::Pretty) | None => Format::Pretty(colours),
    }))
}

fn file(path: &Path, choices: &Choices) -> Output {
    let rotation = match choices.rotate {
        Rotation::Never => return Output::file(path),
        Rotation::Hourly => obs_logs::Rotation::Hourly,
        Rotation::Daily => obs_logs::Rotation::Daily,
    };
    Output::rolling(path).rotate(rotation).keep(choices.keep.unwrap_or(0)).into()
}

impl Signal for Part {
    fn observer(&self) -> Option<Box<dyn Observer>> {
        self.0.as_ref().map(|running| Box::new(Arc::clone(&running.access)) as _)
    }

    fn reloader(&self) -> Option<Reloader> {
        let logs = self.0.as_ref()?.logs.clone();
        // Directives that are wrong have been told as mistakes, and nothing is taken up with one.
        Some(Box::new(move |config| {
            if let Ok(filter) = config.logs.filter.parse() {
                logs.set_filter(filter);
            }
        }))
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
