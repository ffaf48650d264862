//! What receivers at sockets have in common: how records gather, what is seen of them, and what standard error is told.

use std::sync::Arc;
use std::time::Duration;

use obs_core::Base;
use obs_export::socket::{Dispatch, Retry, Traffic};

use super::Outgoing;
use crate::sink::Complaint;

/// At how many bytes lines are sent, and how long they gather until then: as those of a file.
pub(super) const GATHERING: (usize, Duration) = (64 << 10, Duration::from_millis(20));

/// Counts what is written, and says on standard error what is lost, and what has waited for long.
pub(super) fn seen(dispatch: Dispatch, retry: Retry, base: &Base, shown: String) -> Outgoing {
    let traffic = Traffic::new();
    let mut complaint = Complaint::new(base.clock.clone());
    let (mut waits, waiting) = (Complaint::new(base.clock.clone()), shown.clone());
    let dispatch = dispatch
        .retry(retry)
        .clock(base.clock.clone())
        .traffic(&traffic)
        .on_retry(move |retrying| {
            // Once may be a restart; what lasts is worth a word.
            if retrying.attempts > 2 {
                waits.trouble(&waiting, &retrying.to_string());
            }
        })
        .on_failure(move |failure| complaint.lost(&shown, failure.records, failure));
    let question = Arc::new(dispatch.probe());
    Outgoing { sink: Box::new(dispatch), traffic, question }
}
