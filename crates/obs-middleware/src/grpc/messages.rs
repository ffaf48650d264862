//! Counts the messages of a body by their prefixes, wherever frames cut them.

use std::io::IoSlice;

use bytes::Buf;
use obs_core::observe::RpcPassed;

/// One flag and four bytes of length stand in front of each message.
const PREFIX: u8 = 5;
/// In how many pieces a frame may be without the borders being lost.
const PIECES: usize = 16;

/// What has passed of one body. It reads the prefixes and copies nothing.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    passed: RpcPassed,
    /// How many bytes of a prefix have been there.
    prefix: u8,
    /// As far as they have been there.
    length: u32,
    /// How many bytes of the message are still to come.
    left: u32,
    /// A frame could not be looked at whole, and nobody knows where the next message begins.
    lost: bool,
}

impl Messages {
    pub(crate) fn passed(&self) -> RpcPassed {
        self.passed
    }

    /// The next frame.
    pub(crate) fn read(&mut self, data: &impl Buf) {
        let bytes = data.remaining();
        self.passed.bytes = self.passed.bytes.saturating_add(bytes as u64);
        if self.lost {
            return;
        }
        let chunk = data.chunk();
        if chunk.len() == bytes {
            return self.piece(chunk);
        }
        let mut pieces = [IoSlice::new(&[]); PIECES];
        let filled = data.chunks_vectored(&mut pieces);
        let pieces = &pieces[..filled.min(PIECES)];
        self.lost = pieces.iter().map(|piece| piece.len()).sum::<usize>() < bytes;
        pieces.iter().for_each(|piece| self.piece(piece));
    }

    fn piece(&mut self, mut bytes: &[u8]) {
        loop {
            if self.left > 0 {
                let here = bytes.len().min(self.left as usize);
                self.left -= here as u32;
                bytes = &bytes[here..];
                self.passed.messages += u64::from(self.left == 0);
            }
            let [next, rest @ ..] = bytes else { return };
            bytes = rest;
            if self.prefix > 0 {
                self.length = self.length << 8 | u32::from(*next);
            }
            self.prefix += 1;
            if self.prefix == PREFIX {
                self.left = std::mem::take(&mut self.length);
                self.prefix = 0;
                // An empty message is all there.
                self.passed.messages += u64::from(self.left == 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// Three messages, of 3, 0 and 300 bytes, one of them compressed.
    fn body() -> Vec<u8> {
        let mut body = vec![0, 0, 0, 0, 3, 1, 2, 3, 1, 0, 0, 0, 0, 0, 0, 0, 1, 44];
        body.extend([7; 300]);
        body
    }

    #[test]
    fn messages_are_counted_wherever_frames_cut_them() {
        let body = body();
        for size in 1..=body.len() {
            let mut messages = Messages::default();
            for frame in body.chunks(size) {
                messages.read(&frame);
            }
            assert_eq!(messages.passed(), RpcPassed { messages: 3, bytes: 318 }, "frames of {size}");
        }
    }

    #[test]
    fn a_message_counts_when_it_is_whole() {
        let body = body();
        let after = |bytes: usize| {
            let mut messages = Messages::default();
            messages.read(&&body[..bytes]);
            messages.passed().messages
        };
        assert_eq!([0, 4, 5, 7, 8, 12, 13, 317, 318].map(after), [0, 0, 0, 0, 1, 1, 2, 2, 3]);
    }

    #[test]
    fn a_frame_in_pieces_is_read_and_what_shows_only_its_first_piece_is_given_up() {
        let body = body();
        let whole = Bytes::copy_from_slice(&body[..7]).chain(Bytes::copy_from_slice(&body[7..]));
        let mut messages = Messages::default();
        messages.read(&whole);
        assert_eq!(messages.passed(), RpcPassed { messages: 3, bytes: 318 });

        let deque: std::collections::VecDeque<u8> = body.iter().copied().collect();
        let many = (0..40).fold(Box::new(Bytes::new()) as Box<dyn Buf>, |chain, _| {
            Box::new(chain.chain(Bytes::copy_from_slice(&body)))
        });
        let mut messages = Messages::default();
        messages.read(&deque);
        assert_eq!(messages.passed().messages, 3);
        messages.read(&many);
        let lost = messages.passed();
        assert_eq!(lost.bytes, 318 * 41);
        messages.read(&Bytes::copy_from_slice(&body));
        assert_eq!(messages.passed().messages, lost.messages, "nobody knows where a message begins");
    }
}
