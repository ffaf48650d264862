//! The question at the start whether another machine is there: asked beside the start, which it neither delays nor fails.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use obs_core::keys::target;
use obs_export::retry::Patience;
use obs_export::watch::Unwell;

use super::Watched;
use crate::subscriber::Subscriber;

/// The questions that are under way, each on a thread of its own. They end with this, at once.
pub(crate) struct Probes {
    stop: Stop,
    threads: Vec<JoinHandle<()>>,
}

impl Probes {
    /// Asks each that is to be asked. What is found goes to standard error and, as a line, to `subscriber` where that is
    /// not the process's own.
    pub(crate) fn start(watched: Vec<Watched>, subscriber: &Subscriber, apart: bool) -> Self {
        let stop = Stop::default();
        let asked = watched.into_iter().filter(|watched| watched.probe);
        let ask = |watched: Watched| {
            let (stop, subscriber) = (stop.clone(), subscriber.clone());
            let thread = std::thread::Builder::new().name(String::from("obs-probe"));
            // Where there is no thread to be had, the first batch will tell.
            thread.spawn(move || ask(&watched, &stop, apart.then_some(&subscriber))).ok()
        };
        let threads = asked.filter_map(ask).collect();
        Self { stop, threads }
    }
}

impl Drop for Probes {
    fn drop(&mut self) {
        self.stop.0.store(true, Ordering::Release);
        for thread in self.threads.drain(..) {
            // It looks every 20 ms whether it is to end; a panic was counted by nobody, and told by its hook.
            let _ = thread.join();
        }
    }
}

fn ask(watched: &Watched, stop: &Stop, subscriber: Option<&Subscriber>) {
    let Some(question) = watched.remote.question() else { return };
    let mut found = Vec::new();
    let asked = {
        let _silence = obs_core::context::silence();
        question.ask(stop, &mut |unwell| found.push(unwell))
    };
    let _entered = subscriber.map(Subscriber::enter);
    for unwell in found {
        tell(&watched.shown, &unwell);
    }
    if let Err(error) = asked {
        // The same files were read at the start; there is no event queue left, say.
        eprint(&format!("obs: {} cannot be asked whether it is there: {error}\n", watched.shown));
    }
}

fn tell(shown: &str, unwell: &Unwell) {
    let place = &unwell.place;
    eprint(&format!("obs: {shown} ({place}) does not answer as it should: {unwell}\n"));
    tracing::warn!(
        target: target::EXPORT,
        output = shown,
        url = place,
        error = %unwell,
        "does not answer as it should"
    );
}

fn eprint(text: &str) {
    // Where standard error is closed there is nobody left to tell.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Asked to end, or not.
#[derive(Clone, Default)]
struct Stop(Arc<AtomicBool>);

impl Patience for Stop {
    fn deadline(&self) -> Option<Instant> {
        self.0.load(Ordering::Acquire).then(Instant::now)
    }

    fn wait(&self, _: Duration) -> bool {
        // Nothing is asked twice.
        false
    }
}
