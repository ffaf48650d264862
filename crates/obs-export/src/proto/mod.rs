//! The protobuf wire format, written straight into a buffer: no message structs, no second pass, no allocation
//! beyond the buffer's own growth.
//!
//! The length of a message stands before its body but is known only after it. Where the size follows from the parts
//! (strings, key-value pairs), it is computed first and written in its shortest form. Where the body comes from an
//! iterator, [`message`] reserves a varint of [`PADDED`] bytes and fills it in afterwards: nothing is moved, and the
//! two bytes that a short length wastes cost less than walking the body twice. A varint with padding is valid in every decoder,
//! because the encoding specification bounds its width (10 bytes), not its value's canonical form.

mod read;

pub use read::{Malformed, Reader, Wire};

/// Bytes reserved for the length of a [`message`].
pub const PADDED: usize = 4;
/// The longest body a [`message`] may have, in bytes: 256 MiB less one, what [`PADDED`] bytes of 7 bits can say.
pub const MAX_MESSAGE: usize = (1 << (7 * PADDED)) - 1;

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LEN: u32 = 2;
const FIXED32: u32 = 5;

/// A varint by itself: 7 bits a byte, least significant first.
#[inline]
pub fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// How many bytes [`varint`] writes.
#[inline]
pub const fn varint_len(value: u64) -> usize {
    // 7 bits a byte; zero takes one byte too.
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// A field's number and wire type.
#[inline]
fn tag(out: &mut Vec<u8>, field: u32, wire: u32) {
    varint(out, u64::from(field << 3 | wire));
}

/// How many bytes the tag of `field` takes.
#[inline]
pub const fn tag_len(field: u32) -> usize {
    varint_len((field as u64) << 3)
}

/// A field of type `uint64`, `uint32`, `bool` or an enumeration.
#[inline]
pub fn uint(out: &mut Vec<u8>, field: u32, value: u64) {
    tag(out, field, VARINT);
    varint(out, value);
}

/// A field of type `int64` or `int32`: a negative number takes ten bytes.
#[inline]
pub fn int(out: &mut Vec<u8>, field: u32, value: i64) {
    uint(out, field, value as u64);
}

/// A field of type `sint64` or `sint32`: small numbers of either sign take few bytes.
#[inline]
pub fn sint(out: &mut Vec<u8>, field: u32, value: i64) {
    uint(out, field, ((value << 1) ^ (value >> 63)) as u64);
}

/// A field of type `fixed64`.
#[inline]
pub fn fixed64(out: &mut Vec<u8>, field: u32, value: u64) {
    tag(out, field, FIXED64);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A field of type `double`.
#[inline]
pub fn double(out: &mut Vec<u8>, field: u32, value: f64) {
    fixed64(out, field, value.to_bits());
}

/// A field of type `fixed32`.
#[inline]
pub fn fixed32(out: &mut Vec<u8>, field: u32, value: u32) {
    tag(out, field, FIXED32);
    out.extend_from_slice(&value.to_le_bytes());
}

/// A field of type `bytes` or `string`.
#[inline]
pub fn bytes(out: &mut Vec<u8>, field: u32, value: &[u8]) {
    message_head(out, field, value.len());
    out.extend_from_slice(value);
}

/// How many bytes [`bytes()`] writes for a value of `len` bytes.
#[inline]
pub const fn bytes_len(field: u32, len: usize) -> usize {
    tag_len(field) + varint_len(len as u64) + len
}

/// The head of a message, string or `bytes` field whose body of exactly `len` bytes the caller writes next.
#[inline]
pub fn message_head(out: &mut Vec<u8>, field: u32, len: usize) {
    tag(out, field, LEN);
    varint(out, len as u64);
}

/// A message whose size is not known beforehand; `body` appends it. A body above [`MAX_MESSAGE`] is taken back whole
/// and `false` returned; the buffer is then as it was.
#[inline]
pub fn message(out: &mut Vec<u8>, field: u32, body: impl FnOnce(&mut Vec<u8>)) -> bool {
    let begin = out.len();
    tag(out, field, LEN);
    let at = begin_delimited(out);
    body(out);
    let fits = end_delimited(out, at);
    if !fits {
        out.truncate(begin);
    }
    fits
}

/// Begins a message that stands alone with its length before it, as in a stream of them; returns what
/// [`end_delimited`] is told.
#[inline]
pub fn begin_delimited(out: &mut Vec<u8>) -> usize {
    let at = out.len();
    out.extend_from_slice(&[0; PADDED]);
    at
}

/// Ends the message begun `at`: fills in its length. One above [`MAX_MESSAGE`] is taken back whole and `false` returned.
#[inline]
pub fn end_delimited(out: &mut Vec<u8>, at: usize) -> bool {
    let Some(len) = out.len().checked_sub(at + PADDED).filter(|len| *len <= MAX_MESSAGE) else {
        out.truncate(at);
        return false;
    };
    if let Some(padded) = out.get_mut(at..at + PADDED) {
        for (index, byte) in padded.iter_mut().enumerate() {
            let more = if index + 1 < PADDED { 0x80 } else { 0 };
            *byte = (len >> (7 * index)) as u8 & 0x7f | more;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_specifications_examples_are_written_byte_for_byte() {
        let mut out = Vec::new();
        uint(&mut out, 1, 150);
        bytes(&mut out, 2, b"testing");
        assert_eq!(out, b"\x08\x96\x01\x12\x07testing");
        out.clear();
        int(&mut out, 1, -2);
        assert_eq!(out, b"\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
        out.clear();
        for (value, encoded) in [(0, 0), (-1, 1), (1, 2), (-2, 3), (i64::from(i32::MAX), 0xffff_fffe)] {
            let (mut signed, mut plain) = (Vec::new(), Vec::new());
            sint(&mut signed, 1, value);
            uint(&mut plain, 1, encoded);
            assert_eq!(signed, plain);
        }
        assert!(message(&mut out, 3, |out| uint(out, 1, 150)));
        assert_eq!(out, b"\x1a\x83\x80\x80\x00\x08\x96\x01");
    }

    #[test]
    fn a_message_nests_and_an_empty_one_has_length_zero() {
        let mut out = Vec::new();
        message(&mut out, 16, |out| {
            message(out, 1, |_| {});
            fixed32(out, 2, 7);
        });
        let mut reader = Reader::new(&out);
        let Some(Ok((16, Wire::Bytes(inner)))) = reader.next() else { panic!("{out:?}") };
        assert!(reader.next().is_none());
        let fields: Vec<_> = Reader::new(inner).map(Result::unwrap).collect();
        assert_eq!(fields, [(1, Wire::Bytes(b"")), (2, Wire::Fixed32(7))]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            field in 1u32..1 << 28, number in any::<u64>(), wide in any::<u64>(), narrow in any::<u32>(),
            text in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let mut out = Vec::new();
            uint(&mut out, field, number);
            fixed64(&mut out, field, wide);
            fixed32(&mut out, field, narrow);
            let before = out.len();
            bytes(&mut out, field, &text);
            prop_assert_eq!(out.len() - before, bytes_len(field, text.len()));
            message(&mut out, field, |out| out.extend_from_slice(&text));
            let read: Result<Vec<_>, _> = Reader::new(&out).collect();
            let expected = [
                Wire::Varint(number),
                Wire::Fixed64(wide),
                Wire::Fixed32(narrow),
                Wire::Bytes(&text),
                Wire::Bytes(&text),
            ];
            prop_assert_eq!(read.unwrap(), expected.map(|wire| (field, wire)));
        }

        #[test]
        fn a_varints_length_is_known_beforehand(shift in 0u32..64, value in any::<u64>()) {
            let mut out = Vec::new();
            varint(&mut out, value >> shift);
            prop_assert_eq!(out.len(), varint_len(value >> shift));
        }

        #[test]
        fn any_bytes_are_read_or_refused_without_a_panic(junk in proptest::collection::vec(any::<u8>(), 0..200)) {
            let fields = Reader::new(&junk).count();
            prop_assert!(fields <= junk.len() + 1);
        }
    }
}
