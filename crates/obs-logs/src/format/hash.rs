//! Hashes of keys, and the masks that tell in a few instructions that two sets of keys do not meet.

/// FNV-1a, 64 bits, of a key in two parts.
pub(super) fn of(key: [&str; 2]) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    key.iter().flat_map(|part| part.bytes()).fold(0xcbf2_9ce4_8422_2325_u64, step)
}

/// The bit that stands for a hash in a mask. Its highest bits choose it: multiplication mixes upwards.
#[inline]
pub(super) fn bit(hash: u64) -> u128 {
    1 << (hash >> 57)
}
