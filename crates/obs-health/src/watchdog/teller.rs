//! Lines of the watchdog, told by a thread that may be held up: what holds up the service's workers may be what takes
//! its lines.

use std::thread::{Builder, JoinHandle};

use obs_core::keys::target;
use tracing::Dispatch;
use tracing::dispatcher::{get_default, with_default};
use tracing::subscriber::NoSubscriber;

use super::runtime::News;

/// Tells on a thread that ends with what it has to say. There is one at a time: what comes while it is held up is not
/// told in lines.
#[derive(Debug, Default)]
pub(super) struct Teller {
    /// Who takes lines, where that was not the process's own when the first runtime was named.
    dispatch: Option<Dispatch>,
    thread: Option<JoinHandle<()>>,
}

impl Teller {
    /// Tells whoever takes lines on the thread that calls this.
    pub(super) fn here() -> Self {
        let dispatch = get_default(Clone::clone);
        Self { dispatch: (!dispatch.is::<NoSubscriber>()).then_some(dispatch), thread: None }
    }

    pub(super) fn tell(&mut self, news: Vec<News>) {
        if news.is_empty() || self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        let dispatch = self.dispatch.clone();
        let thread = Builder::new().name(String::from("obs-stalls"));
        // Where there is no thread to be had, the probe and the metric tell.
        let told = thread.spawn(move || match dispatch {
            Some(dispatch) => with_default(&dispatch, || news.iter().for_each(line)),
            None => news.iter().for_each(line),
        });
        self.thread = told.ok();
    }
}

/// One line.
fn line(news: &News) {
    // Macros take names of fields as they are written, not as constants: a test holds these to `keys`.
    match news {
        News::Stalls { runtime, worker, away } => tracing::warn!(
            target: target::HEALTH,
            runtime,
            worker,
            seconds = away.as_secs_f64(),
            "a worker does not come back from its tasks"
        ),
        News::IsFatal { runtime, worker, away } => tracing::error!(
            target: target::HEALTH,
            runtime,
            worker,
            seconds = away.as_secs_f64(),
            "not alive: a worker does not come back from its tasks"
        ),
        News::GoesOn { runtime, worker, away } => tracing::info!(
            target: target::HEALTH,
            runtime,
            worker,
            seconds = away.as_secs_f64(),
            "a worker has come back to its tasks"
        ),
        News::TooManyTasks { runtime, tasks, most } => tracing::error!(
            target: target::HEALTH,
            runtime,
            tasks,
            most,
            "not alive: a runtime has too many tasks"
        ),
    }
}
