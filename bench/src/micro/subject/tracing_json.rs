//! tracing-subscriber's JSON formatter, writing to a sink that only counts.

use super::Subject;
use crate::workload::{self, expect};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

static LINES: AtomicU64 = AtomicU64::new(0);
static LAST: AtomicUsize = AtomicUsize::new(0);

/// Counts the lines it discards; one thread writes, so plain loads and stores do.
struct Discard;

impl std::io::Write for Discard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.store(LINES.load(Relaxed) + u64::from(bytes.ends_with(b"}\n")), Relaxed);
        LAST.store(bytes.len(), Relaxed);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn install() {
    tracing_subscriber::fmt().json().with_writer(|| Discard).init();
}

fn check(total: u64) -> Result<(), String> {
    workload::note_line(LAST.load(Relaxed));
    expect("lines", LINES.load(Relaxed), total)
}

/// One event with ten fields.
pub(crate) fn log_line() -> Subject {
    install();
    Subject::new(|count| (0..count).for_each(workload::log_line), check)
}

/// The same inside three open spans.
pub(crate) fn log_in_spans() -> Subject {
    install();
    let run = |count| workload::in_three_spans(|| (0..count).for_each(workload::log_line));
    Subject::new(run, check)
}
