//! tracing-subscriber's JSON through tracing-appender's queue, set so that it loses nothing.

use super::gate::Gate;
use super::{Subject, lines_file};
use crate::workload::{self, expect};
use bench::core_pin;
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};

/// More lines than a batch has.
const ROOM: usize = 1 << 18;

/// Counts what is written.
struct Counted {
    file: Option<File>,
    gate: Gate,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            file.write_all(bytes)?;
        }
        self.gate.pass(bytes.iter().filter(|&&byte| byte == b'\n').count() as u64);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn install(file: Option<File>, gate: &Gate) -> WorkerGuard {
    let writer = Counted { file, gate: gate.clone() };
    let (writer, guard) =
        NonBlockingBuilder::default().lossy(false).buffered_lines_limit(ROOM).finish(writer);
    tracing_subscriber::fmt().json().with_writer(writer).init();
    guard
}

fn lines(count: u64) {
    (0..count).for_each(workload::log_line);
}

/// The call alone, into a queue that nobody empties meanwhile.
pub(crate) fn queue() -> Subject {
    queue_of(lines)
}

/// The same of short lines inside of a request.
pub(crate) fn in_request() -> Subject {
    queue_of(workload::short_lines_in_request)
}

fn queue_of(lines: fn(u64)) -> Subject {
    let gate = Gate::default();
    let guard = install(None, &gate);
    let (last, mut sent) = (gate.clone(), 0);
    let counted = std::rc::Rc::new(std::cell::Cell::new(0));
    let so_far = std::rc::Rc::clone(&counted);
    let run = move |count| {
        lines(count);
        sent += count;
        counted.set(sent);
    };
    Subject::new(run, move |total| {
        let _alive = &guard;
        last.open(true);
        last.wait(total);
        Ok(())
    })
    .settled(move || {
        gate.open(true);
        gate.wait(so_far.get());
        gate.open(false);
    })
}

fn file(threads: u64, lines: fn(u64)) -> Subject {
    core_pin::release_this_thread();
    let (gate, path): (_, PathBuf) = (Gate::default(), lines_file::path());
    gate.open(true);
    let guard = install(Some(File::create(&path).expect("a file in the temporary directory")), &gate);
    let mut sent = 0;
    let run = move |count| {
        lines_file::by_threads(threads, count, lines);
        sent += count;
        gate.wait(sent);
    };
    Subject::new(run, move |total| {
        let _alive = &guard;
        lines_file::check(&path, total)
    })
}

/// To a file by one thread.
pub(crate) fn file_by_one() -> Subject {
    file(1, lines)
}

/// To a file by two threads at once.
pub(crate) fn file_by_two() -> Subject {
    file(2, lines)
}

/// Short lines inside of a request, to a file.
pub(crate) fn file_in_request() -> Subject {
    file(1, workload::short_lines_in_request)
}

/// A line below the level.
pub(crate) fn disabled() -> Subject {
    let guard = install(None, &Gate::default());
    let run = |count| (0..count).for_each(workload::debug_line);
    Subject::new(run, move |_| {
        let _alive = &guard;
        expect("levels", u64::from(tracing::enabled!(tracing::Level::DEBUG)), 0)
    })
}
