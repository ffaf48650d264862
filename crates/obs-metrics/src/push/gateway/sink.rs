//! The sending end of a group that is pushed at intervals.

use std::sync::Arc;

use http::Method;
use obs_export::http::Attempts;
use obs_export::queue::{Batch, Control, Delivery, Reason, Sink};

use super::{AtEnd, Group};

/// Pushes what there is whenever a push is due, however many have become due meanwhile.
pub(super) struct Pushes {
    group: Arc<Group>,
    attempts: Attempts,
    /// Of the last push; tells at the end how much time is left.
    control: Option<Control>,
}

impl Pushes {
    pub(super) fn new(group: Arc<Group>, attempts: Attempts) -> Self {
        Self { group, attempts, control: None }
    }
}

impl Sink for Pushes {
    fn deliver(&mut self, batch: &mut Batch, control: &Control) -> Delivery {
        self.control = Some(control.clone());
        let tried = self.attempts.send(&self.group.filled(Method::PUT), control, |_| ());
        let lost: Option<Reason> = tried.lost;
        if let Err(error) = self.group.counted(tried.into_result()) {
            (self.group.on_failure)(&error);
        }
        lost.map_or(Delivery::Delivered, |reason| Delivery::Dropped(reason, batch.records))
    }

    fn flush(&mut self) {
        let Some(control) = self.control.take().filter(|_| self.group.at_end == AtEnd::Delete) else {
            return;
        };
        let tried = self.attempts.send(&self.group.deletion(), &control, |_| ());
        if let Err(error) = tried.into_result() {
            (self.group.on_failure)(&error);
        }
    }
}
