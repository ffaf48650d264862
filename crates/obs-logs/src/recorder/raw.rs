//! The bytes of one line while it is made: room that is initialised ahead, so that short pieces are copied by a few
//! moves of fixed size instead of calls.

use super::record::MAX_BYTES;

/// Up to [`MAX_BYTES`] bytes; what finds no room is left out, which whoever writes has asked before. Each thread has one,
/// which allocates at its first line.
#[derive(Debug, Default)]
pub(crate) struct Raw {
    /// Empty, or all of it initialised; what is beyond `len` means nothing.
    pub(super) bytes: Vec<u8>,
    pub(super) len: usize,
}

impl Raw {
    /// Empties it.
    #[inline]
    pub(super) fn begin(&mut self) {
        self.len = 0;
        if self.bytes.is_empty() {
            self.bytes.resize(MAX_BYTES, 0);
        }
    }

    /// What was written.
    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Appends a piece of fixed size.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, piece: [u8; N]) {
        if let Some(room) = self.bytes.get_mut(self.len..).and_then(|room| room.first_chunk_mut()) {
            *room = piece;
            self.len += N;
        }
    }

    /// Appends a piece of any size.
    #[inline(always)]
    pub(super) fn push(&mut self, piece: &[u8]) {
        if let Some(room) = self.bytes.get_mut(self.len..self.len + piece.len()) {
            copy(piece, room);
            self.len += piece.len();
        }
    }
}

/// Copies a piece; short ones by two moves that overlap.
#[inline(always)]
fn copy(piece: &[u8], room: &mut [u8]) {
    if piece.len() > 32 {
        room.copy_from_slice(piece);
    } else if !copy_ends::<16>(piece, room) && !copy_ends::<8>(piece, room) && !copy_ends::<4>(piece, room) {
        room.iter_mut().zip(piece).for_each(|(room, byte)| *room = *byte);
    }
}

/// Copies the first and the last `N` bytes, if there are as many.
#[inline(always)]
fn copy_ends<const N: usize>(piece: &[u8], room: &mut [u8]) -> bool {
    let (Some(first), Some(last)) = (piece.first_chunk::<N>(), piece.last_chunk::<N>()) else { return false };
    if let Some(room) = room.first_chunk_mut() {
        *room = *first;
    }
    if let Some(room) = room.last_chunk_mut() {
        *room = *last;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_every_size_come_out_as_they_went_in() {
        let piece: Vec<u8> = (1..=100).collect();
        let (mut raw, mut expected) = (Raw::default(), Vec::new());
        raw.begin();
        for len in 0..piece.len() {
            raw.push(&piece[..len]);
            raw.put([7, 8, 9]);
            expected.extend_from_slice(&piece[..len]);
            expected.extend_from_slice(&[7, 8, 9]);
        }
        assert_eq!(raw.as_slice(), expected);
    }

    #[test]
    fn what_finds_no_room_changes_nothing() {
        let mut raw = Raw::default();
        raw.begin();
        raw.push(&[1; MAX_BYTES - 1]);
        raw.put([2; 2]);
        raw.push(&[3; 40]);
        assert_eq!(raw.as_slice(), [1; MAX_BYTES - 1]);
        raw.put([2]);
        assert_eq!(raw.as_slice().len(), MAX_BYTES);
    }
}
