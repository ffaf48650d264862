//! Where the tasks of the service's runtime wait, as tokio finds it by polling each once more.

use std::fmt::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;

use super::Refusal;

/// How long a runtime may take to answer: each of its workers has to come back from its task first.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a dump may be, in bytes.
const LONGEST: usize = 16 * 1024 * 1024;

/// Knows the runtime that serves.
#[derive(Debug, Default)]
pub(super) struct Tasks(Mutex<Option<Handle>>);

impl Tasks {
    pub(super) fn meet_runtime(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Handle::try_current().ok();
    }

    pub(super) fn dump(&self) -> Result<String, Refusal> {
        let served = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(served) = served else {
            return Err(Refusal::Failed("no runtime serves yet".to_owned()));
        };
        let dump = async { tokio::time::timeout(PATIENCE, served.dump()).await };
        // This is a thread that may wait, of another runtime, which has a clock.
        let Ok(dump) = Handle::current().block_on(dump) else {
            let why = "no dump: a worker of the runtime did not come back from its task for 5 s; /healthz?verbose tells which";
            return Err(Refusal::Failed(why.to_owned()));
        };
        let mut text = format!("{} tasks\n", dump.tasks().iter().count());
        for task in dump.tasks().iter() {
            if text.len() > LONGEST {
                text.push_str("… more are left out\n");
                break;
            }
            // Writing to a text cannot fail.
            let _ = write!(text, "\ntask {}\n{}\n", task.id(), task.trace());
        }
        Ok(text)
    }
}
