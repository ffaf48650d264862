//! The fields of one span, rendered once and copied onto each line inside it.

use obs_core::fields::{Fields, Value};
use obs_core::redact::Rules;

use super::json::push_json_value;
use super::key::{hash_of, name_of, push_json_key, push_logfmt_key, push_pretty_key};
use super::logfmt::push_logfmt_value;
use super::pretty::push_pretty_value;
use super::site::Site;
use super::{Buffer, hash};
use crate::recorder::Copied;

/// How a format writes a key and a value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    key: fn(&mut Buffer, (&str, &str)),
    value: fn(&mut Buffer, Value<'_>),
}

pub(super) const JSON: Dialect = Dialect { key: push_json_key, value: push_json_value };
pub(super) const PRETTY: Dialect = Dialect { key: push_pretty_key, value: push_pretty_value };
pub(super) const LOGFMT: Dialect = Dialect { key: push_logfmt_key, value: push_logfmt_value };

/// What logs keep of one span besides its fields. Reusable: clearing keeps the memory.
#[derive(Debug, Default)]
pub struct SpanFragments {
    json: Fragment,
    pretty: Fragment,
    logfmt: Fragment,
    /// Where the flight recorder has a copy of the fields.
    pub(crate) copied: Copied,
}

impl SpanFragments {
    /// Nothing rendered yet; allocates nothing.
    pub const fn new() -> Self {
        Self {
            json: Fragment::new(),
            pretty: Fragment::new(),
            logfmt: Fragment::new(),
            copied: Copied::NOWHERE,
        }
    }

    /// Forgets what was rendered. To be called whenever the span's fields have changed, and before the value is used
    /// for another span.
    pub fn clear(&mut self) {
        self.json.fresh = false;
        self.pretty.fresh = false;
        self.logfmt.fresh = false;
        self.copied = Copied::NOWHERE;
    }

    /// The fields as they stand on a JSON line.
    #[inline]
    pub(super) fn json(&mut self, fields: &Fields) -> &Fragment {
        if !self.json.fresh {
            self.json.render(fields, JSON);
        }
        &self.json
    }

    /// The fields as they stand on a pretty line.
    pub(super) fn pretty(&mut self, fields: &Fields) -> &Fragment {
        if !self.pretty.fresh {
            self.pretty.render(fields, PRETTY);
        }
        &self.pretty
    }

    /// The fields as they stand on a logfmt line.
    pub(super) fn logfmt(&mut self, fields: &Fields) -> &Fragment {
        if !self.logfmt.fresh {
            self.logfmt.render(fields, LOGFMT);
        }
        &self.logfmt
    }
}

/// Rendered fields one after another, and where each begins.
#[derive(Debug, Default)]
pub(super) struct Fragment {
    bytes: Buffer,
    /// The bits of all keys.
    mask: u128,
    /// The hash of each key.
    hashes: Vec<u64>,
    /// Where each field begins.
    starts: Vec<usize>,
    fresh: bool,
}

impl Fragment {
    const fn new() -> Self {
        Self { bytes: Buffer::new(), mask: 0, hashes: Vec::new(), starts: Vec::new(), fresh: false }
    }

    fn render(&mut self, fields: &Fields, dialect: Dialect) {
        self.bytes.clear();
        self.hashes.clear();
        self.starts.clear();
        self.mask = 0;
        for (key, value) in fields.iter() {
            let name = name_of(key);
            let hash = hash_of(name);
            // Two fields of one span share a name only where a reserved one was renamed; the first wins.
            if self.mask & hash::bit(hash) != 0 && self.hashes.contains(&hash) {
                continue;
            }
            self.mask |= hash::bit(hash);
            self.hashes.push(hash);
            self.starts.push(self.bytes.len());
            (dialect.key)(&mut self.bytes, name);
            (dialect.value)(&mut self.bytes, value);
        }
        self.fresh = true;
    }

    fn piece(&self, index: usize) -> &[u8] {
        let end = self.starts.get(index + 1).copied().unwrap_or(self.bytes.len());
        &self.bytes.as_slice()[self.starts[index]..end]
    }
}

/// Copies the fields of spans onto a line, each key once: the event wins, then the innermost span.
///
/// Keys are told apart by 64-bit hashes: they are few and part of the program's text.
#[derive(Debug)]
pub(super) struct Merge<'a> {
    site: &'a Site,
    /// The bits of all keys that may be on the line.
    mask: u128,
    /// The keys of the spans so far.
    hashes: &'a mut Vec<u64>,
}

impl<'a> Merge<'a> {
    pub(super) fn new(site: &'a Site, hashes: &'a mut Vec<u64>) -> Self {
        hashes.clear();
        Self { site, mask: site.mask, hashes }
    }

    /// What is secret.
    #[inline]
    pub(super) fn rules(&self) -> &'a Rules {
        &self.site.rules
    }

    /// Copies what is not on the line yet; `written` are the event's fields that are. Returns whether there was room for it below `limit`.
    #[inline]
    pub(super) fn copy(&mut self, fragment: &Fragment, written: u64, out: &mut Buffer, limit: usize) -> bool {
        let may_meet = fragment.mask & self.mask != 0;
        let meets = may_meet && fragment.hashes.iter().any(|&hash| self.knows(hash, written));
        let fits = if meets || out.len() + fragment.bytes.len() > limit {
            self.copy_careful(fragment, written, out, limit)
        } else {
            out.extend(fragment.bytes.as_slice());
            true
        };
        self.mask |= fragment.mask;
        self.hashes.extend_from_slice(&fragment.hashes);
        fits
    }

    /// Writes fields that nothing is kept of, but those whose keys are on the line already; `written` are those of the
    /// line's own that are. Returns whether there was room for all below `limit`.
    pub(super) fn write(
        &mut self,
        fields: &Fields,
        dialect: Dialect,
        written: u64,
        out: &mut Buffer,
        limit: usize,
    ) -> bool {
        let mut fits = true;
        for (key, value) in fields.iter() {
            let name = name_of(key);
            let hash = hash_of(name);
            if self.knows(hash, written) {
                continue;
            }
            let before = out.len();
            (dialect.key)(out, name);
            (dialect.value)(out, value);
            if out.len() > limit {
                out.truncate(before);
                fits = false;
                continue;
            }
            self.mask |= hash::bit(hash);
            self.hashes.push(hash);
        }
        fits
    }

    /// Whether a key of this hash is on the line.
    #[inline(never)]
    fn knows(&self, hash: u64, written: u64) -> bool {
        self.mask & hash::bit(hash) != 0
            && (self.site.has_written(hash, written) || self.hashes.contains(&hash))
    }

    #[inline(never)]
    fn copy_careful(&self, fragment: &Fragment, written: u64, out: &mut Buffer, limit: usize) -> bool {
        let mut fits = true;
        for (index, &hash) in fragment.hashes.iter().enumerate() {
            let piece = fragment.piece(index);
            if self.knows(hash, written) {
                continue;
            }
            if out.len() + piece.len() <= limit {
                out.extend(piece);
            } else {
                fits = false;
            }
        }
        fits
    }
}
