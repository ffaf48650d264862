//! A second reader of the format, written from `docs/journal.md`; it shares nothing with the first.

use std::collections::BTreeMap;
use std::ops::Range;

/// A whole record that is still to be delivered, and where it is.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) sequence: u64,
    pub(super) priority: u8,
    pub(super) bytes: Vec<u8>,
    pub(super) file: String,
    pub(super) place: Range<usize>,
}

/// What is to be delivered of a journal with these files, in the order of the files.
pub(super) fn read(files: &BTreeMap<String, Vec<u8>>) -> Vec<Held> {
    let none = Vec::new();
    let cursor = files.get("cursor").unwrap_or(&none);
    let copies = [0, 2048].into_iter().filter_map(|at| {
        let copy = cursor.get(at..at + 64)?;
        let whole = copy[..8] == *b"OBSCURS\0" && crc(&[&copy[..60]]) == le(&copy[60..]) as u32;
        whole.then(|| [16, 24, 32, 40].map(|at| le(&copy[at..at + 8])))
    });
    let [_, settled, from, to] = copies.max_by_key(|copy| copy[0]).unwrap_or([0, 0, 1, 0]);
    let mut held: Vec<Held> = Vec::new();
    for (name, bytes) in files.iter().filter(|(name, _)| name.ends_with(".segment")) {
        let number: u64 = name.strip_suffix(".segment").unwrap().parse().unwrap();
        let mut at = 64;
        while at + 24 <= bytes.len() {
            let (length, sequence) = (le(&bytes[at + 4..at + 8]) as usize, le(&bytes[at + 8..at + 16]));
            let commit = le(&bytes[at + 20..at + 24]);
            let place = at..at + 24 + length;
            at += 8;
            if bytes[place.start..place.start + 4] != [0xFF, b'J', 0xF5, 0xC1] || commit >> 8 != 0xB5_0BED {
                continue;
            }
            let Some(record) = bytes.get(place.start + 24..place.end) else { continue };
            let fields = [&number.to_le_bytes()[..], &sequence.to_le_bytes(), &(length as u32).to_le_bytes()];
            let checksum = crc(&[&fields.concat(), &[commit as u8, 0, 0, 0], record]);
            if u64::from(checksum) == le(&bytes[place.start + 16..place.start + 20]) {
                at = place.end.next_multiple_of(8);
                let (priority, bytes, file) = (commit as u8, record.to_vec(), name.clone());
                held.push(Held { sequence, priority, bytes, file, place });
            }
        }
    }
    held.retain(|record| record.sequence > settled && !(from..=to).contains(&record.sequence));
    held
}

/// A number of up to 8 bytes, the least first.
pub(super) fn le(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// CRC-32 of ISO 3309, of the parts behind one another.
pub(super) fn crc(parts: &[&[u8]]) -> u32 {
    const TABLE: [u32; 256] = {
        let (mut table, mut byte) = ([0; 256], 0);
        while byte < 256 {
            let (mut value, mut bit) = (byte as u32, 0);
            while bit < 8 {
                value = if value & 1 == 1 { value >> 1 ^ 0xEDB8_8320 } else { value >> 1 };
                bit += 1;
            }
            table[byte] = value;
            byte += 1;
        }
        table
    };
    let step = |crc: u32, byte: &u8| TABLE[(crc as u8 ^ byte) as usize] ^ crc >> 8;
    !parts.iter().flat_map(|part| part.iter()).fold(!0, step)
}

#[test]
fn the_checksum_is_the_one_that_is_published() {
    // The check value of CRC-32/ISO-HDLC.
    assert_eq!(crc(&[b"1234", b"56789"]), 0xCBF4_3926);
}
