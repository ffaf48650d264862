//! Reads a file that has changed, takes up what can be taken up, and says what came of it.

use std::sync::Arc;

use obs_core::keys::target;

use super::numbers::{Numbers, Outcome};
use super::stamp::Stamp;
use super::watch::{Asker, Seen, Verdict, Watch};
use crate::config::{Config, File, Layers};
use crate::signals::{Reloader, Reopener};
use crate::subscriber::Subscriber;

/// All that is known of the file and of what runs. Does its work on the calling thread, which must not be silenced.
pub(super) struct Judge {
    pub(super) file: File,
    pub(super) layers: Layers,
    /// What is in force: what the service started with, and what was taken up since.
    pub(super) running: Config,
    pub(super) watch: Watch,
    /// What was last said to be wrong with the file's content, as long as it is.
    pub(super) wrong: Option<String>,
    pub(super) reloaders: Vec<Reloader>,
    pub(super) reopeners: Vec<Reopener>,
    pub(super) numbers: Arc<Numbers>,
    pub(super) subscriber: Subscriber,
    /// Whether the process's own subscriber is another, so that lines must be led to this one.
    pub(super) apart: bool,
}

impl Judge {
    /// Looks at the file, and acts if there is reason to.
    pub(super) fn look(&mut self, asker: Asker) {
        if asker == Asker::Operator {
            self.reopeners.iter().for_each(|reopen| reopen());
        }
        let seen = match Stamp::of(self.file.path()) {
            Ok(stamp) => Seen::File(stamp),
            Err(error) => Seen::Nothing(format!("cannot be read: {error}")),
        };
        let file = &self.file;
        let verdict = self.watch.look(seen, asker, || file.read());
        let (outcome, telling) = match verdict {
            Verdict::Nothing => return,
            Verdict::Missing(why) => (Outcome::Rejected, Telling::Kept(why)),
            Verdict::Touched(_) if self.wrong.is_none() => return self.numbers.count(Outcome::Unchanged),
            // What it lacked may be there by now: a file that it takes a secret from.
            Verdict::Touched(bytes) => {
                let before = self.wrong.take();
                let judged = self.judge(&bytes);
                if before == self.wrong {
                    return self.numbers.count(Outcome::Rejected);
                }
                judged
            }
            Verdict::Judge(bytes) => self.judge(&bytes),
        };
        self.numbers.count(outcome);
        let _entered = self.apart.then(|| self.subscriber.enter());
        telling.tell(self.file.shown());
    }

    fn judge(&mut self, bytes: &[u8]) -> (Outcome, Telling) {
        let new = match self.layers.again(bytes) {
            Ok(new) => new,
            Err(mistakes) => {
                let why = mistakes.to_string();
                self.wrong = Some(why.clone());
                return (Outcome::Rejected, Telling::Kept(why));
            }
        };
        self.wrong = None;
        let changes = self.running.take_up(&new);
        if !changes.taken_up.is_empty() {
            self.reloaders.iter().for_each(|reload| reload(&self.running));
            self.subscriber.levels_changed();
        }
        let changed = !(changes.taken_up.is_empty() && changes.waiting.is_empty());
        let outcome = if changed { Outcome::Applied } else { Outcome::Unchanged };
        (
            outcome,
            Telling::Read { taken_up: changes.taken_up.join(", "), waiting: changes.waiting.join(", ") },
        )
    }
}

/// What there is to say of one reload.
enum Telling {
    Kept(String),
    Read { taken_up: String, waiting: String },
}

impl Telling {
    fn tell(&self, file: &str) {
        match self {
            Self::Kept(error) => tracing::error!(target: target::CONFIG, file, error, "configuration kept"),
            Self::Read { taken_up, waiting } => {
                if !taken_up.is_empty() {
                    tracing::info!(target: target::CONFIG, file, keys = taken_up, "configuration reloaded");
                }
                if !waiting.is_empty() {
                    tracing::warn!(target: target::CONFIG, file, keys = waiting, "changes need a restart");
                }
                if taken_up.is_empty() && waiting.is_empty() {
                    tracing::info!(target: target::CONFIG, file, "configuration unchanged");
                }
            }
        }
    }
}
