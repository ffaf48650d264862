//! When a file that changes is worth reading: once it has been the same for two looks.
//!
//! A file is written in several steps, and for a moment it may not be there at all. What is seen is acted upon at the
//! second look that sees it; by then a write within the same tick of the file system's clock is long past, too.

use std::hash::{DefaultHasher, Hasher};

use super::stamp::Stamp;

/// What one look saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    File(Stamp),
    /// Nothing to read, and why.
    Nothing(String),
}

/// Who asks for a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asker {
    /// The clock.
    Clock,
    /// An operator, who wants an answer now.
    Operator,
}

/// What to do after a look.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Nothing,
    /// There is nothing to read, which was not told yet.
    Missing(String),
    /// The file was touched and says what it said when it was last judged.
    Touched(Vec<u8>),
    /// To be judged.
    Judge(Vec<u8>),
}

/// What was seen so far.
#[derive(Debug)]
pub(super) struct Watch {
    /// What was acted upon last.
    settled: Option<Seen>,
    /// What was seen at the last look, if it was another.
    pending: Option<Seen>,
    /// The content that was judged last.
    judged: u64,
}

impl Watch {
    /// `bytes` is what the service started with.
    pub(super) fn new(bytes: &[u8]) -> Self {
        // The stamp is not asked for here: the file may have changed since it was read.
        Self { settled: None, pending: None, judged: digest(bytes) }
    }

    /// One look.
    pub(super) fn look(
        &mut self,
        seen: Seen,
        asker: Asker,
        read: impl FnOnce() -> Result<Vec<u8>, String>,
    ) -> Verdict {
        if asker == Asker::Clock {
            if self.settled.as_ref() == Some(&seen) {
                self.pending = None;
                return Verdict::Nothing;
            }
            if self.pending.as_ref() != Some(&seen) {
                self.pending = Some(seen);
                return Verdict::Nothing;
            }
        }
        self.pending = None;
        let before = self.settled.replace(seen);
        let read = match &self.settled {
            Some(Seen::Nothing(why)) => Err(why.clone()),
            _ => read(),
        };
        match read {
            Err(why) => Verdict::Missing(why),
            Ok(bytes) => {
                let digest = digest(&bytes);
                let same = std::mem::replace(&mut self.judged, digest) == digest;
                match (asker, before) {
                    // What it takes from variables and other files may be another by now.
                    (Asker::Operator, _) => Verdict::Judge(bytes),
                    _ if !same => Verdict::Judge(bytes),
                    // The first look.
                    (Asker::Clock, None) => Verdict::Nothing,
                    (Asker::Clock, Some(_)) => Verdict::Touched(bytes),
                }
            }
        }
    }
}

/// No secret is kept for the sake of comparing it.
fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two states of a file that can be told apart.
    fn stamps() -> (Seen, Seen) {
        let of = |path| Seen::File(Stamp::of(std::path::Path::new(path)).unwrap());
        (of(env!("CARGO_MANIFEST_PATH")), of(concat!(env!("CARGO_MANIFEST_DIR"), "/src/lib.rs")))
    }

    fn at(watch: &mut Watch, seen: &Seen, asker: Asker, bytes: &str) -> Verdict {
        watch.look(seen.clone(), asker, || Ok(bytes.as_bytes().to_vec()))
    }

    #[test]
    fn a_change_is_judged_once_it_is_seen_twice() {
        let (old, new) = stamps();
        let mut watch = Watch::new(b"old");
        let clock = Asker::Clock;
        assert_eq!(at(&mut watch, &old, clock, "old"), Verdict::Nothing);
        assert_eq!(at(&mut watch, &old, clock, "old"), Verdict::Nothing, "what the service started with");
        assert_eq!(at(&mut watch, &new, clock, "half"), Verdict::Nothing, "not stable yet");
        assert_eq!(at(&mut watch, &new, clock, "new"), Verdict::Judge(b"new".to_vec()));
        for _ in 0..3 {
            assert_eq!(at(&mut watch, &new, clock, "new"), Verdict::Nothing, "once");
        }
        assert_eq!(at(&mut watch, &old, clock, "new"), Verdict::Nothing);
        assert_eq!(at(&mut watch, &old, clock, "new"), Verdict::Touched(b"new".to_vec()));
    }

    #[test]
    fn a_file_that_keeps_changing_is_not_read() {
        let (one, other) = stamps();
        let mut watch = Watch::new(b"old");
        for _ in 0..5 {
            for seen in [&one, &other] {
                let unread = || panic!("read while it changes");
                assert_eq!(watch.look(seen.clone(), Asker::Clock, unread), Verdict::Nothing);
            }
        }
    }

    #[test]
    fn a_file_that_is_gone_is_told_once_and_its_return_is_no_change() {
        let (there, _) = stamps();
        let gone = Seen::Nothing(String::from("is gone"));
        let mut watch = Watch::new(b"old");
        for _ in 0..2 {
            at(&mut watch, &there, Asker::Clock, "old");
        }
        let verdicts: Vec<_> = (0..4).map(|_| at(&mut watch, &gone, Asker::Clock, "")).collect();
        let told = Verdict::Missing(String::from("is gone"));
        assert_eq!(verdicts, [Verdict::Nothing, told, Verdict::Nothing, Verdict::Nothing]);
        assert_eq!(at(&mut watch, &there, Asker::Clock, "old"), Verdict::Nothing);
        assert_eq!(at(&mut watch, &there, Asker::Clock, "old"), Verdict::Touched(b"old".to_vec()));
    }

    #[test]
    fn an_operator_is_answered_at_once_and_each_time() {
        let (old, new) = stamps();
        let mut watch = Watch::new(b"old");
        assert_eq!(at(&mut watch, &old, Asker::Operator, "old"), Verdict::Judge(b"old".to_vec()));
        assert_eq!(at(&mut watch, &new, Asker::Operator, "new"), Verdict::Judge(b"new".to_vec()));
        assert_eq!(at(&mut watch, &new, Asker::Operator, "new"), Verdict::Judge(b"new".to_vec()));
        assert_eq!(at(&mut watch, &new, Asker::Clock, "new"), Verdict::Nothing);
    }
}
