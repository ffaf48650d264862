//! The slots that no thread keeps for itself.

/// Free slots, and how many there ever were.
#[derive(Debug, Default)]
pub(super) struct Shared {
    free: Vec<u32>,
    /// Slots from here on were never used.
    next: u32,
}

impl Shared {
    /// Puts up to `count` free slots below `most` onto `to`.
    pub(super) fn hand_out(&mut self, to: &mut Vec<u32>, count: usize, most: u32) {
        let used = self.free.len() - count.min(self.free.len());
        to.extend(self.free.drain(used..));
        while to.len() < count && self.next < most {
            to.push(self.next);
            self.next += 1;
        }
    }

    pub(super) fn give_back(&mut self, slots: impl IntoIterator<Item = u32>) {
        self.free.extend(slots);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn used_slots_come_first_and_none_beyond_the_most() {
        let (mut shared, mut taken) = (Shared::default(), Vec::new());
        shared.hand_out(&mut taken, 3, 5);
        assert_eq!(taken, [0, 1, 2]);
        shared.give_back([1]);
        taken.clear();
        shared.hand_out(&mut taken, 4, 5);
        assert_eq!(taken, [1, 3, 4]);
        taken.clear();
        shared.hand_out(&mut taken, 4, 5);
        assert!(taken.is_empty());
    }
}
