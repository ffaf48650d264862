//! The bytes of a line being made: a vector whose room is initialised ahead, so that short pieces are copied by a few
//! moves of fixed size instead of calls.

/// Bytes that are appended to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffer {
    /// All of it initialised; what is beyond `len` means nothing.
    bytes: Vec<u8>,
    len: usize,
}

/// The bytes of the longest piece that is copied by one move of fixed size.
pub(super) const SHORT: usize = 32;

impl Buffer {
    /// Empty; allocates nothing.
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new(), len: 0 }
    }

    /// Empty, with room for `capacity` bytes.
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { bytes: vec![0; capacity], len: 0 }
    }

    /// Empties it and keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    /// Takes back what was appended beyond `len`.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Takes out the byte at `at`.
    pub(super) fn remove(&mut self, at: usize) {
        self.bytes.copy_within(at + 1..self.len, at);
        self.len -= 1;
    }

    /// How many bytes it has room for without growing.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// What was appended.
    #[inline]
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    #[inline]
    pub(crate) fn push(&mut self, byte: u8) {
        if self.len == self.bytes.len() {
            self.grow(1);
        }
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    #[inline]
    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        if self.bytes.len() - self.len < bytes.len() {
            self.grow(bytes.len());
        }
        self.bytes[self.len..][..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Appends the first `len` bytes of `piece`.
    #[inline(always)]
    pub(super) fn extend_short<const N: usize>(&mut self, piece: &[u8; N], len: usize) {
        match self.bytes.get_mut(self.len..).and_then(|room| room.first_chunk_mut()) {
            Some(room) => {
                *room = *piece;
                self.len += len.min(N);
            }
            None => self.extend(&piece[..len.min(N)]),
        }
    }

    /// Appends `text` if every byte of it is printable ASCII other than `"` and `\`, and there is room for it; else
    /// changes nothing and says so.
    #[inline(always)]
    pub(super) fn extend_clean(&mut self, text: &[u8]) -> bool {
        let end = self.len + text.len();
        let Some(room) = self.bytes.get_mut(self.len..end) else { return false };
        let clean = copy_clean(text, room);
        if clean {
            self.len = end;
        }
        clean
    }

    /// Appends the first `len` bytes of `key`, a `text` of at most [`SHORT`] bytes as above, and a quote; or changes
    /// nothing and says so. Calls nothing, so that whoever calls it last has no registers to save.
    #[inline(always)]
    pub(super) fn extend_quoted(&mut self, key: &[u8; SHORT], len: usize, text: &[u8]) -> bool {
        if text.len() > SHORT {
            return false;
        }
        let Some(room) = self.bytes.get_mut(self.len..) else { return false };
        let Some(head) = room.first_chunk_mut() else { return false };
        *head = *key;
        let end = len + text.len();
        let Some((quote, body)) = room.get_mut(len..=end).and_then(<[u8]>::split_last_mut) else {
            return false;
        };
        *quote = b'"';
        let clean = copy_short(text, body);
        if clean {
            self.len += end + 1;
        }
        clean
    }

    /// Appends the first `len` bytes of `key` and the first `value_len` of `value`; or changes nothing and says so.
    /// Calls nothing either.
    #[inline(always)]
    pub(super) fn extend_pair(
        &mut self,
        (key, len): (&[u8; SHORT], usize),
        (value, value_len): ([u8; 8], usize),
    ) -> bool {
        let Some(room) = self.bytes.get_mut(self.len..) else { return false };
        let Some(room) = room.first_chunk_mut::<{ SHORT + 8 }>() else { return false };
        let Some((head, _)) = room.split_first_chunk_mut() else { return false };
        *head = *key;
        let Some(body) = room.get_mut(len..).and_then(|room| room.first_chunk_mut()) else { return false };
        *body = value;
        self.len += len + value_len;
        true
    }

    /// Appends the first `len` bytes of `key`, the second of which is how many follow it, and the first `value_len` of
    /// `value`.
    #[inline(always)]
    pub(super) fn extend_attribute(
        &mut self,
        (key, len): (&[u8; 40], usize),
        (value, value_len): (&[u8; 16], usize),
    ) {
        if self.bytes.len() - self.len < 56 {
            self.grow(56);
        }
        if let Some(room) = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut::<56>) {
            room[..40].copy_from_slice(key);
            room[1] = (len - 2 + value_len) as u8;
            if let Some(behind) = room.get_mut(len..).and_then(<[u8]>::first_chunk_mut) {
                *behind = *value;
            }
            self.len += len + value_len;
        }
    }

    /// Adds to the byte at `at`.
    #[inline(always)]
    pub(super) fn add_to(&mut self, at: usize, more: u8) {
        self.bytes[at] += more;
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let capacity = (self.len + more).next_power_of_two().max(256);
        self.bytes.resize(capacity, 0);
    }
}

/// Bytes at whose end something is put.
pub(super) trait Append {
    fn append(&mut self, bytes: &[u8]);
}

impl Append for Buffer {
    fn append(&mut self, bytes: &[u8]) {
        self.extend(bytes);
    }
}

impl Append for Vec<u8> {
    fn append(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// Copies `text` and says whether every byte is printable ASCII other than `"` and `\`.
#[inline(always)]
fn copy_clean(text: &[u8], room: &mut [u8]) -> bool {
    let (Some(last), Some(room_last)) = (text.last_chunk::<16>(), room.last_chunk_mut::<16>()) else {
        return copy_short(text, room);
    };
    // The last piece overlaps those before: cheaper than byte by byte.
    *room_last = *last;
    let mut clean = are_clean(last);
    for (piece, room) in text.as_chunks::<16>().0.iter().zip(room.as_chunks_mut::<16>().0) {
        *room = *piece;
        clean &= are_clean(piece);
    }
    clean
}

/// The same for short texts, without a call.
#[inline(always)]
fn copy_short(text: &[u8], room: &mut [u8]) -> bool {
    if let (Some(last), Some(room_last)) = (text.last_chunk::<8>(), room.last_chunk_mut::<8>()) {
        *room_last = *last;
        let mut faults = faults(u64::from_le_bytes(*last));
        let before = &text[..text.len() - 1];
        for (piece, room) in before.as_chunks::<8>().0.iter().zip(room.as_chunks_mut::<8>().0) {
            *room = *piece;
            faults |= self::faults(u64::from_le_bytes(*piece));
        }
        faults == 0
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        if let Some(room) = room.first_chunk_mut() {
            *room = *first;
        }
        if let Some(room) = room.last_chunk_mut() {
            *room = *last;
        }
        let word = u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
        faults(word) == 0
    } else {
        let mut word = u32::from_le_bytes(*b"xxxx");
        for (byte, room) in text.iter().zip(room) {
            *room = *byte;
            word = word << 8 | u32::from(*byte);
        }
        faults(u64::from(word) | u64::from(word) << 32) == 0
    }
}

/// Written, and kept out of line, so that the compiler compares all 16 bytes at once.
#[inline(never)]
fn are_clean(bytes: &[u8; 16]) -> bool {
    let mut found = 0;
    for &byte in bytes {
        found |= u8::from(byte.wrapping_sub(0x20) > 0x5e) | u8::from(byte == b'"') | u8::from(byte == b'\\');
    }
    found == 0
}

/// Not zero if any of 8 bytes is a control, DEL, `"`, `\` or not ASCII. A carry or borrow between bytes can only come
/// from one that is at fault itself, so the answer is exact.
#[inline(always)]
const fn faults(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // With its second bit flipped a quote (0x22) is 0x20, next above the controls, which stay below it.
    let control_or_quote = (word ^ (ONES * 2)).wrapping_sub(ONES * 0x21);
    let backslash = (word ^ (ONES * b'\\' as u64)).wrapping_sub(ONES);
    let delete_or_above = word.wrapping_add(ONES);
    (control_or_quote | backslash | delete_or_above) & HIGH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_found_at_every_place_of_every_short_length() {
        for len in 1..=40 {
            for place in 0..len {
                for byte in 0..=255u8 {
                    let mut bytes = vec![b'x'; len];
                    bytes[place] = byte;
                    let clean = matches!(byte, 0x20..=0x7e) && !matches!(byte, b'"' | b'\\');
                    let mut buffer = Buffer::with_capacity(64);
                    buffer.extend(b"head");
                    assert_eq!(buffer.extend_clean(&bytes), clean, "{byte} at {place} of {len}");
                    let expected = if clean { [b"head", &*bytes].concat() } else { b"head".to_vec() };
                    assert_eq!(buffer.as_slice(), expected);
                    let mut quoted = Buffer::with_capacity(128);
                    let done = quoted.extend_quoted(&[b'k'; SHORT], 3, &bytes);
                    let clean = clean && len <= SHORT;
                    let expected = if clean { [b"kkk", &*bytes, b"\""].concat() } else { Vec::new() };
                    assert_eq!((done, quoted.as_slice()), (clean, &*expected));
                }
            }
        }
    }

    #[test]
    fn pieces_of_any_length_follow_one_another_however_little_room_there_was() {
        for capacity in [0, 1, 31, 32, 33, 100] {
            let (mut buffer, mut expected) = (Buffer::with_capacity(capacity), Vec::new());
            for len in 0..=SHORT {
                let piece = [b'a' + (len % 26) as u8; SHORT];
                buffer.extend_short(&piece, len);
                buffer.push(b',');
                expected.extend_from_slice(&piece[..len]);
                expected.push(b',');
                if buffer.extend_clean(&piece[..len]) {
                    expected.extend_from_slice(&piece[..len]);
                }
                assert_eq!(buffer.as_slice(), expected);
            }
        }
    }
}
