//! One line for each panic, before the thread unwinds or the process ends.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic::PanicHookInfo;
use std::time::Duration;

use obs_core::context::{is_silenced, with_current};
use obs_core::keys::field;
use tracing_core::Level;

use crate::Logs;
use crate::engine::OwnLine;
use crate::format::{Label, Line, Site};
use crate::plan::Own;

/// The target of panic lines.
pub const TARGET: &str = obs_core::keys::target::PANIC;

/// How long a hook waits for its line to get out where the process may be about to end.
pub const FLUSH_DEADLINE: Duration = Duration::from_secs(1);

/// A hook that writes one line at `ERROR` for each panic: the panic's text as the message, then `location`, `thread`,
/// `backtrace` where `RUST_BACKTRACE` asks for one, and the ids and fields of the context that is open. The filter
/// applies to it as to any target. Where no output takes the line, because of filter, routes or limits or because all have ended,
/// `otherwise` is called, so that no panic goes untold: mostly the hook that was there before.
///
/// Inside a request it only enqueues the line: the request's task is torn down and the process goes on. Elsewhere,
/// and where panics abort, it waits up to [`FLUSH_DEADLINE`] for the line to get out. It runs no code of a user's and
/// does not panic itself. Installing it is the caller's part: [`std::panic::set_hook`].
pub fn hook(
    logs: Logs,
    otherwise: impl Fn(&PanicHookInfo<'_>) + Send + Sync + 'static,
) -> Box<dyn Fn(&PanicHookInfo<'_>) + Send + Sync + 'static> {
    let labels = Label::all([field::LOCATION, field::THREAD, field::BACKTRACE]);
    let site = Site::of(TARGET, Level::ERROR, &logs.base().redaction).knowing(&labels);
    Box::new(move |info| {
        if is_silenced() {
            // A thread of telemetry's own: a line about it would go the way that has just failed.
            let (text, location) = (site.rules.redact(text_of(info)), location_of(info));
            let _ =
                writeln!(std::io::stderr(), "obs: telemetry panicked at {location}: {}", text.escape_debug());
            return;
        }
        if !logs.plan_own(Own::Panic).is_anything() || !logs.takes_lines() {
            return otherwise(info);
        }
        if !write(&logs, &site, &labels, info) {
            // Routes, limits or the request's own level had it go nowhere.
            return otherwise(info);
        }
        if cfg!(panic = "abort") || with_current(|_| ()).is_none() {
            let _ = logs.flush(FLUSH_DEADLINE);
        }
    })
}

fn write(logs: &Logs, site: &Site, labels: &[Label; 3], info: &PanicHookInfo<'_>) -> bool {
    let location = location_of(info);
    let thread = std::thread::current();
    let backtrace = Backtrace::capture();
    let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
    let fields = |line: &mut dyn Line| {
        line.message(&site.rules.redact(text_of(info)));
        line.text(&labels[0], &location);
        line.text_if(&labels[1], thread.name().map(|name| site.rules.redact(name)).as_deref());
        line.text_if(&labels[2], backtrace.as_deref());
    };
    let [_, of_thread, of_backtrace] = labels;
    let written = || {
        let of = |label: &Label, there: bool| if there { 0 } else { label.bit };
        !(of(of_thread, thread.name().is_some()) | of(of_backtrace, backtrace.is_some()))
    };
    let line = OwnLine { own: Own::Panic, site, kind: "panic", context: None, at: None };
    logs.native(line, |line| fields(line), |line| fields(line), written)
}

/// The panic's text. Payloads other than text, which only `panic_any` makes, have none.
fn text_of<'a>(info: &'a PanicHookInfo<'_>) -> &'a str {
    let payload = info.payload();
    payload
        .downcast_ref::<&'static str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("panic with a payload that is no text")
}

fn location_of(info: &PanicHookInfo<'_>) -> String {
    info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string)
}
