//! Takes secrets out of a value that a user's code has just printed onto a line.
//!
//! A value comes in as many pieces as its code likes, so it can only be judged once it is whole; by then it stands
//! escaped on the line, where it is judged as it is.

use obs_core::redact::{Escapes, REDACTED, Rules};

use super::Buffer;
use super::escape::Style;
use super::seen::Seen;
use super::text::CUT;

/// Replaces the secrets in what stands on the line from `start` on. Returns whether the value no longer fits below
/// `limit`; nothing of it is then shown.
#[inline]
pub(super) fn take_out(
    out: &mut Buffer,
    start: usize,
    style: Style,
    (rules, seen): (&Rules, &Seen),
    limit: usize,
) -> bool {
    !seen.is_clean(&out.as_slice()[start..], rules) && replace(out, start, style, (rules, seen), limit)
}

#[cold]
fn replace(
    out: &mut Buffer,
    start: usize,
    style: Style,
    (rules, seen): (&Rules, &Seen),
    limit: usize,
) -> bool {
    let escapes = if style == Style::Quoted { Escapes::Json } else { Escapes::None };
    // Allocates only where there is a secret, which few lines have.
    let secrets: Vec<_> = rules.find_in(&out.as_slice()[start..], escapes).collect();
    if secrets.is_empty() {
        seen.keep(&out.as_slice()[start..]);
        return false;
    }
    let value = out.as_slice()[start..].to_vec();
    out.truncate(start);
    let mut done = 0;
    for secret in secrets {
        out.extend(&value[done..secret.start]);
        out.extend(REDACTED.as_bytes());
        done = secret.end;
    }
    out.extend(&value[done..]);
    // A line full of short secrets grows.
    let fits = out.len() <= limit + CUT.len();
    if !fits {
        out.truncate(start);
        out.extend(REDACTED.as_bytes());
        out.extend(CUT.as_bytes());
    }
    !fits
}
