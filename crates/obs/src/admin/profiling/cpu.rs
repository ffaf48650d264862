//! Where processor time goes: a signal a few dozen times in each second of it, and the stack that it interrupts.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use nix::sys::signal::{Signal, raise};
use pprof::{Frames, ProfilerGuard, ProfilerGuardBuilder, Symbol};

use super::Refusal;
use super::samples::{Function, Samples, Stack};

/// Samples so often in each second of processor time, while `wait` lasts.
pub(super) fn sample(frequency: i32, wait: impl FnOnce()) -> Result<Samples, Refusal> {
    prepare()?;
    let (began, start) = (SystemTime::now(), Instant::now());
    let guard = begin(frequency)?;
    wait();
    let took = start.elapsed();
    let report = guard.report().build().map_err(failed)?;
    // No signal comes any more.
    drop(guard);
    let stacks = report.data.iter().filter_map(|(frames, count)| stack(frames, u64::try_from(*count).ok()?));
    let stacks = Samples::merged(stacks);
    Ok(Samples { stacks, began, took, period: Duration::from_secs(1) / frequency.unsigned_abs().max(1) })
}

/// The first signal of a process reads how to find the way through its stacks, which takes memory. It must not come to a thread
/// that is about to take some itself, so it comes to this one.
fn prepare() -> Result<(), Refusal> {
    /// A process has one table of signals, whatever installations it has.
    static PREPARED: AtomicBool = AtomicBool::new(false);
    if !PREPARED.load(Ordering::Acquire) {
        // So seldom that its own signals do not come before this one.
        let guard = begin(1)?;
        raise(Signal::SIGPROF).map_err(failed)?;
        drop(guard);
        PREPARED.store(true, Ordering::Release);
    }
    Ok(())
}

fn begin(frequency: i32) -> Result<ProfilerGuard<'static>, Refusal> {
    ProfilerGuardBuilder::default().frequency(frequency).build().map_err(failed)
}

fn failed(error: impl std::fmt::Display) -> Refusal {
    Refusal::Failed(format!("no profile: {error}"))
}

fn stack(frames: &Frames, count: u64) -> Option<Stack> {
    let functions = |symbols: &Vec<Symbol>| symbols.iter().map(function).collect::<Vec<_>>();
    let frames_of: Vec<_> = frames.frames.iter().map(functions).collect();
    (!frames_of.is_empty()).then(|| Stack { thread: frames.thread_name_or_id(), frames: frames_of, count })
}

fn function(symbol: &Symbol) -> Function {
    Function {
        name: symbol.name(),
        symbol: symbol.sys_name().into_owned(),
        file: symbol.filename().into_owned(),
        line: symbol.lineno(),
    }
}
