//! Where records are missing in a batch, so that a sink can say so in that place.

use super::Reason;

/// The most gaps that are told apart in one batch; those beyond count in with the last one of their reason.
const MOST: usize = 32;

/// Records that are missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// In front of which byte of the batch; its length where they are missing at the end.
    pub at: usize,
    /// Why they were dropped.
    pub reason: Reason,
    /// How many.
    pub records: u64,
}

/// Adds to what is missing. Gaps come in the order of their places.
pub(super) fn note(gaps: &mut Vec<Gap>, at: usize, reason: Reason, records: u64) {
    let here = gaps.iter_mut().rev().take_while(|gap| gap.at == at);
    if let Some(gap) = here.into_iter().find(|gap| gap.reason == reason) {
        gap.records += records;
    } else if gaps.len() >= MOST
        && let Some(last) = gaps.iter_mut().rev().find(|gap| gap.reason == reason)
    {
        last.records += records;
    } else {
        gaps.push(Gap { at, reason, records });
    }
}
