//! Texts that come again with nearly every request: the last of each kind that held no secret is remembered, by thread.

use std::cell::RefCell;

use super::Rules;

/// What a text is, of which the last is remembered.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Recurring {
    /// The host that requests are sent to.
    Host,
    /// The name of the client.
    UserAgent,
}

/// The most bytes of a text that is remembered.
const LONGEST: usize = 160;

struct Text {
    len: usize,
    bytes: [u8; LONGEST],
}

thread_local! {
    static CLEAN: RefCell<[Text; 2]> = const {
        RefCell::new([Text { len: 0, bytes: [0; LONGEST] }, Text { len: 0, bytes: [0; LONGEST] }])
    };
}

impl Rules {
    /// Whether `text` holds no secret; where it is the same as the last time, it is only compared.
    #[inline]
    pub(crate) fn is_clean_again(&self, text: &str, kind: Recurring) -> bool {
        // To look at a short text takes no longer than to compare it.
        text.len() <= 16 && !self.is_suspicious(text.as_bytes()) || self.is_known(text, kind)
    }

    #[inline(never)]
    fn is_known(&self, text: &str, kind: Recurring) -> bool {
        // Only the verdict by default is remembered, which is the same for all rules.
        if !self.is_same(Self::STANDARD) {
            return self.is_clean(text);
        }
        let last = CLEAN.try_with(|clean| {
            let last = &clean.borrow()[kind as usize];
            last.bytes.get(..last.len) == Some(text.as_bytes())
        });
        last == Ok(true) || self.is_clean_first(text, kind)
    }

    #[cold]
    fn is_clean_first(&self, text: &str, kind: Recurring) -> bool {
        let is_clean = self.is_clean(text);
        if is_clean && text.len() <= LONGEST {
            let _ = CLEAN.try_with(|clean| {
                let last = &mut clean.borrow_mut()[kind as usize];
                last.len = text.len();
                last.bytes[..text.len()].copy_from_slice(text.as_bytes());
            });
        }
        is_clean
    }

    /// Whether `text` holds no secret.
    #[inline]
    pub(crate) fn is_clean(&self, text: &str) -> bool {
        !self.is_suspicious(text.as_bytes()) || self.find(text).next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_very_same_text_under_the_same_rules_is_known() {
        let own = Rules::new().secret_key("iban");
        for len in 0..LONGEST + 8 {
            let clean = "x".repeat(len);
            for kind in [Recurring::Host, Recurring::UserAgent] {
                assert!((0..3).all(|_| Rules::STANDARD.is_clean_again(&clean, kind)));
            }
            for secret in ["password=hunter2", &format!("{clean} password=hunter2")] {
                assert!(!Rules::STANDARD.is_clean_again(secret, Recurring::Host), "{secret}");
            }
            assert!(Rules::STANDARD.is_clean_again(&clean, Recurring::Host));
        }
        let text = "iban=DE02120300000000202051";
        assert!(Rules::STANDARD.is_clean_again(text, Recurring::Host));
        assert!(
            !own.is_clean_again(text, Recurring::Host)
                && Rules::STANDARD.is_clean_again(text, Recurring::Host)
        );
        assert!(own.without_patterns().is_clean_again(text, Recurring::Host));
    }
}
