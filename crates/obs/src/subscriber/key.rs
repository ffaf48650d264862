//! The ids of spans: which subscriber they belong to, the slot, and which of the spans that were in that slot.

use std::num::NonZeroU64;

use tracing::Id;

/// `zero (1 bit) | instance (15) | proxy (1) | generation (27) | index (20)`. Never zero, because instances count from one.
///
/// The instance keeps two subscribers of one process apart, the generation two spans that had the same slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key(NonZeroU64);

const INDEX_BITS: u32 = 20;
const GENERATION_BITS: u32 = 27;
const PROXY: u64 = 1 << (INDEX_BITS + GENERATION_BITS);
const INSTANCE_SHIFT: u32 = INDEX_BITS + GENERATION_BITS + 1;
/// The scope has the highest bit for itself.
const INSTANCES: u64 = (1 << 15) - 1;

/// What the generation of a slot wraps around in.
pub(super) const GENERATIONS: u32 = 1 << GENERATION_BITS;
/// The index that no slot has: of ids that stand for nothing.
const NOWHERE: u32 = (1 << INDEX_BITS) - 1;

/// Which subscriber; the bits are where they stand in a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Instance(NonZeroU64);

impl Instance {
    /// The instance after `count` others. The 32,768th begins again at one: of that many subscribers earlier, nobody
    /// is left.
    pub(super) fn numbered(count: u64) -> Self {
        let number = count % INSTANCES + 1;
        Self(NonZeroU64::new(number << INSTANCE_SHIFT).unwrap_or(NonZeroU64::MAX))
    }

    /// 1 to 32,767.
    pub(super) fn number(self) -> u64 {
        self.0.get() >> INSTANCE_SHIFT
    }

    /// Whether a tag on the scope is one of this subscriber's spans.
    #[inline]
    pub(super) fn owns(self, tag: NonZeroU64) -> bool {
        (tag.get() ^ self.0.get()) >> INSTANCE_SHIFT == 0
    }
}

impl Key {
    #[inline]
    pub(super) fn new(instance: Instance, generation: u32, index: u32, is_proxy: bool) -> Self {
        let place = u64::from(generation % GENERATIONS) << INDEX_BITS | u64::from(index);
        Self(instance.0 | place | if is_proxy { PROXY } else { 0 })
    }

    /// The id of spans that nothing is known of: those of telemetry's own work, and those beyond the cap.
    pub(super) fn nowhere(instance: Instance) -> Self {
        Self::new(instance, 0, NOWHERE, false)
    }

    /// The key of a span of this instance's; `None` for ids of others.
    #[inline]
    pub(super) fn of(instance: Instance, id: &Id) -> Option<Self> {
        let tag = id.into_non_zero_u64();
        instance.owns(tag).then_some(Self(tag))
    }

    /// As [`Key::of`], of a tag found on the scope that [`Instance::owns`].
    #[inline]
    pub(super) fn of_tag(tag: NonZeroU64) -> Self {
        Self(tag)
    }

    #[inline]
    pub(super) fn tag(self) -> NonZeroU64 {
        self.0
    }

    #[inline]
    pub(super) fn id(self) -> Id {
        Id::from_non_zero_u64(self.0)
    }

    #[inline]
    pub(super) fn index(self) -> u32 {
        (self.0.get() as u32) & NOWHERE
    }

    #[inline]
    pub(super) fn generation(self) -> u32 {
        ((self.0.get() >> INDEX_BITS) as u32) % GENERATIONS
    }

    /// Whether it stands for a native span.
    #[inline]
    pub(super) fn is_proxy(self) -> bool {
        self.0.get() & PROXY != 0
    }

    /// Whether it stands for nothing.
    #[inline]
    pub(super) fn is_nowhere(self) -> bool {
        self.index() == NOWHERE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_key_come_back_and_belong_to_one_instance() {
        for (count, generation, index, is_proxy) in [
            (0, 0, 0, false),
            (1, 7, 42, true),
            (32_766, GENERATIONS - 1, NOWHERE - 1, true),
            (32_767, 1, 1, false),
        ] {
            let instance = Instance::numbered(count);
            let key = Key::new(instance, generation, index, is_proxy);
            assert_eq!((key.generation(), key.index(), key.is_proxy()), (generation, index, is_proxy));
            assert_eq!(Key::of(instance, &key.id()), Some(key));
            assert!(!key.is_nowhere());
            assert_eq!(Key::of(Instance::numbered(count + 1), &key.id()), None);
        }
        assert_eq!(Instance::numbered(32_766).number(), 32_767);
        assert_eq!(Instance::numbered(32_767).number(), 1);
    }

    #[test]
    fn nowhere_is_no_slot() {
        let key = Key::nowhere(Instance::numbered(3));
        assert!(key.is_nowhere() && !key.is_proxy());
    }
}
