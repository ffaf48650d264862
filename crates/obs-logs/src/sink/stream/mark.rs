//! How far a batch has come, for a process that goes on with it: a line whose write was under way is neither lost nor
//! written twice.

/// A file, whatever it is called, and a length of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The numbers of device and inode.
    pub(crate) file: (u64, u64),
    pub(crate) length: u64,
}

/// What is noted before each write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// How many bytes had been written before, wherever that was.
    written: u64,
    /// Where the next ones go.
    pub(crate) place: Place,
    /// How many these are.
    bytes: u64,
}

impl Mark {
    /// Nothing is under way.
    pub(super) fn written(written: usize) -> Self {
        Self { written: written as u64, place: Place::default(), bytes: 0 }
    }

    /// So many bytes go to this place now.
    pub(super) fn writing(written: usize, place: Place, bytes: usize) -> Self {
        Self { written: written as u64, place, bytes: bytes as u64 }
    }

    pub(super) fn encode(&self) -> [u8; 40] {
        let Place { file: (device, inode), length } = self.place;
        let mut bytes = [0; 40];
        let numbers = [self.written, device, inode, length, self.bytes];
        for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 40] = bytes.try_into().ok()?;
        let mut numbers =
            bytes.chunks_exact(8).filter_map(|number| number.try_into().ok()).map(u64::from_le_bytes);
        let mut next = || numbers.next();
        let (written, device, inode, length, bytes) = (next()?, next()?, next()?, next()?, next()?);
        Some(Self { written, place: Place { file: (device, inode), length }, bytes })
    }

    /// How many bytes got out, by how long the file is now (nothing where it is gone), and where the last of them are.
    /// Of a file that is gone or shorter nothing is known, and its bytes are written once more.
    pub(super) fn got_out(&self, length: Option<u64>) -> (usize, Option<Place>) {
        let more = length.map_or(0, |length| length.saturating_sub(self.place.length).min(self.bytes));
        let end = Place { length: self.place.length + more, ..self.place };
        let all = usize::try_from(self.written + more).unwrap_or(usize::MAX);
        (all, length.map(|_| end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_reads_back_and_nothing_else_is_one() {
        let mark = Mark::writing(7, Place { file: (1, 2), length: 3 }, 4);
        assert_eq!(Mark::decode(&mark.encode()), Some(mark));
        assert_eq!(Mark::decode(&mark.encode()[1..]), None);
        assert_eq!(Mark::decode(&[]), None);
    }

    #[test]
    fn what_got_out_is_what_the_file_grew_by_and_no_more_than_was_written() {
        let mark = Mark::writing(100, Place { file: (1, 2), length: 1_000 }, 50);
        let at = |length| Some(Place { file: (1, 2), length });
        assert_eq!(mark.got_out(Some(1_000)), (100, at(1_000)));
        assert_eq!(mark.got_out(Some(1_020)), (120, at(1_020)));
        assert_eq!(mark.got_out(Some(1_050)), (150, at(1_050)));
        assert_eq!(mark.got_out(Some(9_999)), (150, at(1_050)));
        assert_eq!(mark.got_out(Some(3)), (100, at(1_000)), "it was cut");
        assert_eq!(mark.got_out(None), (100, None), "it is gone");
        assert_eq!(Mark::written(8).got_out(None), (8, None));
    }
}
