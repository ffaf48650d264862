//! A hash index of 8 bytes a slot: keys are not kept, whoever asks compares.

/// Slots of a tag and a number in the order of their tags, but for those that met; open addressing, never more than four fifths
/// full; what is removed is left out of a fresh copy. Of any length, as a million series would pay for a power of two.
#[derive(Debug)]
pub(super) struct Index {
    slots: Vec<(u32, u32)>,
    len: usize,
}

const EMPTY: u32 = u32::MAX;

/// The tag of a key's hash, whose own low bits are not well mixed.
#[inline]
fn tag(hash: u64) -> u32 {
    (hash.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as u32
}

impl Index {
    pub(super) fn new() -> Self {
        Self { slots: vec![(0, EMPTY); 64], len: 0 }
    }

    /// The first number under `hash` that `is` confirms.
    #[inline]
    pub(super) fn find(&self, hash: u64, mut is: impl FnMut(u32) -> bool) -> Option<u32> {
        let tag = tag(hash);
        let mut at = self.first(tag);
        loop {
            match self.slots[at] {
                (_, EMPTY) => return None,
                (other, number) if other == tag && is(number) => return Some(number),
                _ => at = self.after(at),
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, hash: u64, number: u32) {
        if (self.len + 1) * 5 > self.slots.len() * 4 {
            let larger = vec![(0, EMPTY); self.slots.len() / 4 * 5];
            let old = std::mem::replace(&mut self.slots, larger);
            for (tag, number) in old.into_iter().filter(|&(_, number)| number != EMPTY) {
                self.place(tag, number);
            }
        }
        self.place(tag(hash), number);
        self.len += 1;
    }

    /// Keeps the numbers that `keep` says.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        let fresh = vec![(0, EMPTY); self.slots.len()];
        let old = std::mem::replace(&mut self.slots, fresh);
        self.len = 0;
        for (tag, number) in old.into_iter().filter(|&(_, number)| number != EMPTY && keep(number)) {
            self.place(tag, number);
            self.len += 1;
        }
    }

    /// The slot that a tag has if it is free: the tag is a fraction of all tags, and so is the slot of all slots.
    #[inline]
    fn first(&self, tag: u32) -> usize {
        ((u64::from(tag) * self.slots.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        if at + 1 == self.slots.len() { 0 } else { at + 1 }
    }

    fn place(&mut self, tag: u32, number: u32) {
        let mut at = self.first(tag);
        while self.slots[at].1 != EMPTY {
            at = self.after(at);
        }
        self.slots[at] = (tag, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_inserted_is_found_also_under_one_hash() {
        let mut index = Index::new();
        for n in 0..10_000u32 {
            index.insert(u64::from(n / 2), n);
        }
        for n in 0..10_000u32 {
            assert_eq!(index.find(u64::from(n / 2), |found| found == n), Some(n));
        }
        assert_eq!(index.find(7, |_| false), None);
        index.retain(|n| n % 3 == 0);
        for n in 0..10_000u32 {
            let expected = n.is_multiple_of(3).then_some(n);
            assert_eq!(index.find(u64::from(n / 2), |found| found == n), expected);
        }
        assert_eq!(index.len(), 3_334);
    }
}
