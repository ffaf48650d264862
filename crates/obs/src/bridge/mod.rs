//! Records of the `log` crate as `tracing` events, with their own target, level and place in the code.
//!
//! Each place that logs becomes a call site of `tracing` at its first record, so that levels, `caller` and whatever
//! else looks at call sites work as for any event.

mod site;
mod sites;

use log::{Log, Metadata, Record};
use obs_core::context;
use tracing::level_filters::LevelFilter;
use tracing::{Event, Level, Value, dispatcher};

/// What [`log::set_logger`] takes.
pub(crate) static BRIDGE: Bridge = Bridge { _address: 0 };

/// Hands records to the current subscriber.
#[derive(Debug)]
pub(crate) struct Bridge {
    // So that no other static has the same address.
    _address: u8,
}

impl Bridge {
    /// Whether the process's logger is this one.
    pub(crate) fn is_set() -> bool {
        std::ptr::addr_eq(log::logger(), &BRIDGE)
    }
}

/// The levels that are looked at anywhere, as `log` counts them.
pub(crate) fn max_level() -> log::LevelFilter {
    match LevelFilter::current() {
        LevelFilter::OFF => log::LevelFilter::Off,
        LevelFilter::ERROR => log::LevelFilter::Error,
        LevelFilter::WARN => log::LevelFilter::Warn,
        LevelFilter::INFO => log::LevelFilter::Info,
        LevelFilter::DEBUG => log::LevelFilter::Debug,
        _ => log::LevelFilter::Trace,
    }
}

fn level_of(level: log::Level) -> Level {
    match level {
        log::Level::Error => Level::ERROR,
        log::Level::Warn => Level::WARN,
        log::Level::Info => Level::INFO,
        log::Level::Debug => Level::DEBUG,
        log::Level::Trace => Level::TRACE,
    }
}

impl Log for Bridge {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let level = level_of(metadata.level());
        level <= LevelFilter::current()
            && dispatcher::get_default(|current| current.enabled(&site::asked_for(level, metadata.target())))
    }

    fn log(&self, record: &Record<'_>) {
        let level = level_of(record.level());
        if level > LevelFilter::current() || context::is_silenced() {
            return;
        }
        let site = sites::of(record, level);
        let interest = site.interest();
        if interest.is_never() {
            return;
        }
        let metadata = site.metadata();
        let fields = metadata.fields();
        let Some(message) = fields.field(site::MESSAGE) else { return };
        dispatcher::get_default(|current| {
            if interest.is_always() || current.enabled(metadata) {
                let values = [(&message, Some(record.args() as &dyn Value))];
                current.event(&Event::new(metadata, &fields.value_set(&values)));
            }
        });
    }

    fn flush(&self) {}
}
