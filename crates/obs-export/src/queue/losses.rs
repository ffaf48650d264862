//! How many records of a batch were lost, for each reason.

use super::Reason;

/// Records lost, by reason; none to begin with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Losses([u64; Reason::ALL.len()]);

impl Losses {
    /// So many, for one reason.
    pub fn of(reason: Reason, records: u64) -> Self {
        let mut losses = Self::default();
        losses.add(reason, records);
        losses
    }

    /// So many more.
    pub fn add(&mut self, reason: Reason, records: u64) {
        let lost = &mut self.0[reason as usize];
        *lost = lost.saturating_add(records);
    }

    /// Those of another part.
    pub fn join(&mut self, other: Self) {
        other.each().for_each(|(reason, records)| self.add(reason, records));
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |all, lost| all.saturating_add(*lost))
    }

    /// Each reason for which any were lost.
    pub fn each(self) -> impl Iterator<Item = (Reason, u64)> {
        Reason::ALL
            .into_iter()
            .map(move |reason| (reason, self.0[reason as usize]))
            .filter(|(_, lost)| *lost > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_kept_apart_by_reason() {
        let mut losses = Losses::of(Reason::Rejected, 3);
        losses.join(Losses::of(Reason::Shutdown, 2));
        losses.add(Reason::Rejected, 1);
        losses.add(Reason::Io, 0);
        assert_eq!(losses.total(), 6);
        assert_eq!(losses.each().collect::<Vec<_>>(), [(Reason::Shutdown, 2), (Reason::Rejected, 4)]);
        losses.add(Reason::Io, u64::MAX);
        assert_eq!(losses.total(), u64::MAX);
    }
}
