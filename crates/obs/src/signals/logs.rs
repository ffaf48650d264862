//! Logs: lines of events, of requests and of panics.

use std::io::IsTerminal;
use std::panic::PanicHookInfo;
use std::sync::Arc;
use std::time::Duration;

use obs_core::{Base, Observer};
use obs_logs::{AccessLog, Caller, Colours, Filter, Format, Logs, LogsGuard, Output};
use tracing_subscriber::Layer;

use super::Signal;
use crate::Error;
use crate::config::{Config, LogFormat, LogOutput, Mistake};
use crate::subscriber::SignalLayer;

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
        let failed =
            |source: Box<dyn std::error::Error + Send + Sync>| Error::Signal { name: "logs", source };
        let choices = &config.logs;
        let output = match &choices.output {
            LogOutput::Off => return Ok(Self(None)),
            LogOutput::File(path) => Output::file(path).format(Format::Json),
            LogOutput::Stdout => Output::stdout().format(stdout_format(config)),
        };
        let filter: Filter =
            choices.filter.parse().map_err(|error: obs_logs::FilterError| failed(error.into()))?;
        let caller = if choices.caller { Caller::Shown } else { Caller::Hidden };
        let builder = Logs::builder(Arc::clone(base)).filter(filter).caller(caller).output(output);
        let (logs, guard) = builder.build().map_err(|error| failed(error.into()))?;
        let access = Arc::new(AccessLog::new(logs.clone()));
        Ok(Self(Some(Running { logs, access, guard })))
    }

    /// The hook to set; `otherwise` is told of panics that no output takes.
    pub(crate) fn panic_hook(&self, otherwise: PanicHook) -> PanicHook {
        match &self.0 {
            Some(running) => obs_logs::panic::hook(running.logs.clone(), otherwise),
            None => otherwise,
        }
    }
}

/// The levels, unless they are well formed.
pub(crate) fn mistakes(config: &Config) -> Vec<Mistake> {
    let levels = config.logs.filter.parse::<Filter>();
    levels.err().map(|error| Mistake::new("OBS_LOG", error)).into_iter().collect()
}

fn stdout_format(config: &Config) -> Format {
    let terminal = || std::io::stdout().is_terminal();
    let colours = match config.logs.colour {
        None => Colours::Auto,
        Some(true) => Colours::On,
        Some(false) => Colours::Off,
    };
    match config.logs.format {
        Some(LogFormat::Json) => Format::Json,
        None if !terminal() => Format::Json,
        Some(LogFormat::Pretty) | None => Format::Pretty(colours),
    }
}

impl Signal for Part {
    fn observer(&self) -> Option<Box<dyn Observer>> {
        self.0.as_ref().map(|running| Box::new(Arc::clone(&running.access)) as _)
    }

    fn layer(&self) -> Option<SignalLayer> {
        self.0.as_ref().map(|running| running.logs.layer().boxed())
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
