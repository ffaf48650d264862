//! A hash index of 8 bytes a slot: keys are not kept, whoever asks compares.

/// Slots of a tag and a number; open addressing, never more than three quarters full; what is removed is left out of a fresh copy.
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
        let (tag, mask) = (tag(hash), self.slots.len() - 1);
        let mut at = tag as usize & mask;
        loop {
            match self.slots[at] {
                (_, EMPTY) => return None,
                (other, number) if other == tag && is(number) => return Some(number),
                _ => at = (at + 1) & mask,
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn insert(&mut self, hash: u64, number: u32) {
        if (self.len + 1) * 4 > self.slots.len() * 3 {
            let larger = vec![(0, EMPTY); self.slots.len() * 2];
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

    fn place(&mut self, tag: u32, number: u32) {
        let mask = self.slots.len() - 1;
        let mut at = tag as usize & mask;
        while self.slots[at].1 != EMPTY {
            at = (at + 1) & mask;
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
