//! How segments and records look in their bytes: `docs/journal.md` says the same in words.

use crc32fast::Hasher;

/// The version that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;

/// The length of a head: of a segment, and of one copy of the cursor.
pub(super) const HEAD: usize = 64;
/// What stands in front of each record's bytes.
pub(super) const HEADER: usize = 24;
/// Records begin at multiples of this.
pub(super) const ALIGN: usize = 8;
/// Numbers above are none of ours: so nothing that is counted on from one can overflow.
const MOST: u64 = 1 << 62;

const SEGMENT: [u8; 8] = *b"OBSJRNL\0";
/// What no text can hold: none of its bytes but one is part of UTF-8.
const RECORD: [u8; 4] = [0xFF, b'J', 0xF5, 0xC1];
/// The upper bytes of a commit word; the lowest is the priority.
const COMMIT: u32 = 0xB50B_ED00;

/// What the head of a segment says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) number: u64,
    /// The sequence of its first record.
    pub(super) first: u64,
    pub(super) segment_bytes: u64,
}

/// What 64 sealed bytes turn out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sealed<T> {
    Whole(T),
    /// Whole, but of a version that is not known here.
    Newer(u32),
    Damaged,
}

impl Head {
    pub(super) fn encode(self) -> [u8; HEAD] {
        seal(SEGMENT, [self.number, self.first, self.segment_bytes, 0, 0])
    }

    pub(super) fn decode(bytes: &[u8]) -> Sealed<Self> {
        match unseal(bytes, SEGMENT) {
            Sealed::Whole([number, first, segment_bytes, ..]) => {
                Sealed::Whole(Self { number, first, segment_bytes })
            }
            Sealed::Newer(version) => Sealed::Newer(version),
            Sealed::Damaged => Sealed::Damaged,
        }
    }
}

/// 64 bytes: magic, version, five numbers, and a checksum of all before it. The places of magic, version and checksum
/// stay in every version.
pub(super) fn seal(magic: [u8; 8], numbers: [u64; 5]) -> [u8; HEAD] {
    let mut bytes = [0; HEAD];
    bytes[..8].copy_from_slice(&magic);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    for (place, number) in bytes[16..56].chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    let checksum = crc32fast::hash(&bytes[..60]);
    bytes[60..].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// The numbers of 64 bytes that [`seal`] made.
pub(super) fn unseal(bytes: &[u8], magic: [u8; 8]) -> Sealed<[u64; 5]> {
    let Some(bytes) = bytes.first_chunk::<HEAD>() else { return Sealed::Damaged };
    if bytes[..8] != magic || crc32fast::hash(&bytes[..60]) != u32_at(bytes, 60) {
        return Sealed::Damaged;
    }
    let version = u32_at(bytes, 8);
    if version != VERSION {
        return Sealed::Newer(version);
    }
    let numbers = [16, 24, 32, 40, 48].map(|at| u64_at(bytes, at));
    if numbers.iter().any(|number| *number > MOST) { Sealed::Damaged } else { Sealed::Whole(numbers) }
}

/// Whether a number may be one of a segment or a record.
pub(super) const fn is_sane(number: u64) -> bool {
    number <= MOST
}

/// What a record of so many bytes takes up, with its header and padding.
pub(super) const fn size(bytes: usize) -> usize {
    (HEADER + bytes).next_multiple_of(ALIGN)
}

/// A header, as found; whether the record is whole is told by [`Header::is_whole`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) length: u32,
    pub(super) sequence: u64,
    pub(super) priority: u8,
    checksum: u32,
}

impl Header {
    /// A header whose magic and commit word hold.
    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<HEADER>()?;
        let commit = u32_at(bytes, 20);
        let is_one = is_magic(bytes) && commit & !0xFF == COMMIT;
        is_one.then(|| Self {
            length: u32_at(bytes, 4),
            sequence: u64_at(bytes, 8),
            priority: commit as u8,
            checksum: u32_at(bytes, 16),
        })
    }

    /// Whether this is the checksum of these bytes in the segment that `seed` is of.
    pub(super) fn is_whole(&self, seed: &Seed, record: &[u8]) -> bool {
        seed.checksum(self.length, self.sequence, self.priority, record) == self.checksum
    }
}

/// Whether a record could begin here.
#[inline]
pub(super) fn is_magic(bytes: &[u8]) -> bool {
    bytes.first_chunk() == Some(&RECORD)
}

/// The header without its commit word, which is the last to be stored.
#[inline]
pub(super) fn header(seed: &Seed, sequence: u64, priority: u8, record: &[u8]) -> [u8; HEADER] {
    let length = record.len() as u32;
    let mut bytes = [0; HEADER];
    bytes[..4].copy_from_slice(&RECORD);
    bytes[4..8].copy_from_slice(&length.to_le_bytes());
    bytes[8..16].copy_from_slice(&sequence.to_le_bytes());
    bytes[16..20].copy_from_slice(&seed.checksum(length, sequence, priority, record).to_le_bytes());
    bytes
}

/// The commit word of a record.
pub(super) const fn commit(priority: u8) -> [u8; 4] {
    (COMMIT | priority as u32).to_le_bytes()
}

/// The beginning of all checksums in one segment: its number. What is left of the segment that a file was before can
/// therefore not be taken for a record of this one.
#[derive(Clone, Debug)]
pub(super) struct Seed(Hasher);

impl Seed {
    pub(super) fn new(number: u64) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(&number.to_le_bytes());
        Self(hasher)
    }

    #[inline]
    fn checksum(&self, length: u32, sequence: u64, priority: u8, record: &[u8]) -> u32 {
        let mut fields = [0; 16];
        fields[..8].copy_from_slice(&sequence.to_le_bytes());
        fields[8..12].copy_from_slice(&length.to_le_bytes());
        fields[12] = priority;
        let mut hasher = self.0.clone();
        hasher.update(&fields);
        hasher.update(record);
        hasher.finalize()
    }
}

fn u32_at<const N: usize>(bytes: &[u8; N], at: usize) -> u32 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

fn u64_at<const N: usize>(bytes: &[u8; N], at: usize) -> u64 {
    bytes.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
