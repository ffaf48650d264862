//! Numbers of payment cards: 13 to 19 digits, alone or in groups, whose check digit is right.

use super::CUT;
use super::find::Found;

/// The fewest digits of a card's number.
const CARD_DIGITS: usize = 13;

/// The most digits of a card's number (ISO/IEC 7812-1).
const MOST_DIGITS: usize = 19;

/// As many digits from the front of a card's number may be shown (PCI DSS, requirement 3.4.1).
const SHOWN_DIGITS: usize = 8;

/// The most groups a run of digits is cut into; what comes later is looked at by itself.
const GROUPS: usize = 16;

/// The fewest digits of a group.
const SHORTEST_GROUP: usize = 2;

/// At the first digit of a run: a number within it that is a card's.
pub(super) fn number(text: &[u8], at: usize) -> Found {
    let (mut groups, mut len) = ([(0, 0); GROUPS], 0);
    let mut from = at;
    // Digits behind a letter or a digit are part of a longer word: of an id, of a hash.
    let mut is_joined = at > 0 && (text[at - 1].is_ascii_alphanumeric() || is_fraction(text, at));
    loop {
        let digits = text[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let end = from + digits;
        let next = text.get(end);
        let goes_on = next.is_some_and(u8::is_ascii_alphanumeric)
            || next == Some(&b'.') && text.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !is_joined && !goes_on && digits >= SHORTEST_GROUP && len < GROUPS {
            groups[len] = (from, end);
            len += 1;
        } else {
            // What stands here cannot be crossed.
            return found(text, &groups[..len], end);
        }
        is_joined = false;
        let is_next = matches!(next, Some(b' ' | b'-')) && text.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !is_next {
            return found(text, &groups[..len], end);
        }
        from = end + 1;
    }
}

fn found(text: &[u8], groups: &[(usize, usize)], end: usize) -> Found {
    for first in 0..groups.len() {
        for last in first..groups.len() {
            let (start, end) = (groups[first].0, groups[last].1);
            if end - start > 2 * MOST_DIGITS {
                break;
            }
            let number = &text[start..end];
            let is_cut = text[end..].starts_with(CUT) && is_beginning(number);
            if (is_card(number) || is_cut) && !is_uuid(text, start) {
                return Found::Secret(start..end);
            }
        }
    }
    Found::Clean(end)
}

/// Whether the digits stand behind those of a whole number and a point.
fn is_fraction(text: &[u8], at: usize) -> bool {
    at > 1 && text[at - 1] == b'.' && text[at - 2].is_ascii_digit()
}

/// Whether the digits among `text` are as many as a card has, begin as those of an issuer, and end in the right check
/// digit.
fn is_card(text: &[u8]) -> bool {
    let digits = || text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0');
    let count = digits().count();
    (CARD_DIGITS..=MOST_DIGITS).contains(&count) && is_issued(digits()) && is_checked(digits().rev())
}

/// Whether this may be a card's number but for its end: more digits of one than may be shown.
fn is_beginning(text: &[u8]) -> bool {
    let digits = || text.iter().filter(|byte| byte.is_ascii_digit()).map(|byte| byte - b'0');
    (SHOWN_DIGITS + 1..=MOST_DIGITS).contains(&digits().count()) && is_issued(digits())
}

/// Whether a network issues numbers that begin so: those of times and dates begin with 1 and 20.
fn is_issued(digits: impl Iterator<Item = u8>) -> bool {
    let head = digits.take(4).fold(0, |head, digit| head * 10 + u16::from(digit));
    matches!(head, 3000..=6999 | 2200..=2204 | 2221..=2720 | 8100..=8171 | 9792)
}

/// Luhn's formula (ISO/IEC 7812-1, annex B), over the digits from the last to the first.
fn is_checked(digits: impl Iterator<Item = u8>) -> bool {
    let sum: u32 = digits
        .enumerate()
        .map(|(index, digit)| {
            let weighed = if index % 2 == 1 { digit * 2 } else { digit };
            u32::from(if weighed > 9 { weighed - 9 } else { weighed })
        })
        .sum();
    sum > 0 && sum.is_multiple_of(10)
}

/// Whether the digits are part of a UUID, which is written in groups too.
fn is_uuid(text: &[u8], at: usize) -> bool {
    let is_part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    let before = text[..at].iter().rev().take(37).take_while(|byte| is_part(byte)).count();
    let behind = text[at..].iter().take(37).take_while(|byte| is_part(byte)).count();
    let word = &text[at - before..at + behind];
    word.len() == 36 && [8, 13, 18, 23].iter().all(|&dash| word[dash] == b'-')
}
