//! What a thread keeps from line to line, so that a line allocates nothing.
//!
//! It is taken out of its cell while a line is written. A `Debug` that logs finds the cell empty and makes itself a
//! second one, so no borrow is ever held while a user's code runs.

use std::cell::Cell;
use std::ptr;
use std::rc::Rc;

use obs_core::Timestamp;
use obs_core::redact::Rules;
use tracing_core::Metadata;

use crate::format::{Buffer, IdCache, Site, SiteCache, Slot, TimeCache, push_head};
use crate::recorder::Raw;
use crate::sample::Recent;
use crate::sink::Form;

/// A buffer that grew beyond this for one long line is given back, in bytes.
const KEEP_BYTES: usize = 64 * 1024;

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// The buffers and caches of one thread.
pub(crate) struct Scratch {
    /// The JSON line, and the hashes of its spans' keys.
    pub(crate) json: (Buffer, Vec<u64>),
    /// The logfmt line, and the hashes of its spans' keys.
    pub(crate) logfmt: (Buffer, Vec<u64>),
    /// The pretty line without its head, and the hashes of its spans' keys.
    pub(crate) pretty: (Buffer, Vec<u64>),
    /// The lines of shapes, by their numbers.
    pub(crate) slots: Vec<Slot>,
    /// The whole pretty line.
    pub(crate) line: Buffer,
    /// A printed value that goes to more than one form.
    pub(crate) text: String,
    /// The message of a line that is sampled.
    pub(crate) message: String,
    /// The record of a line for another machine.
    #[cfg(feature = "framed")]
    pub(crate) record: Vec<u8>,
    /// The counters of lines that are sampled.
    pub(crate) recent: Recent,
    pub(crate) ask: Ask,
    /// Whether others than JSON were written since their buffers were looked at.
    pub(crate) is_mixed: bool,
    /// The fields of a line that the flight recorder is about to hold.
    pub(crate) flight: Raw,
    pub(crate) time: TimeCache,
    pub(crate) ids: IdCache,
    pub(crate) sites: Sites,
    /// What is known of call sites for shapes.
    pub(crate) shaped: SiteCache,
}

impl Scratch {
    fn new() -> Self {
        Self {
            json: (Buffer::with_capacity(1_024), Vec::new()),
            logfmt: Default::default(),
            pretty: Default::default(),
            slots: Vec::new(),
            line: Buffer::new(),
            text: String::new(),
            message: String::new(),
            #[cfg(feature = "framed")]
            record: Vec::new(),
            recent: Recent::default(),
            ask: Ask::default(),
            is_mixed: false,
            flight: Raw::default(),
            time: TimeCache::new(),
            ids: IdCache::default(),
            sites: Sites::default(),
            shaped: SiteCache::default(),
        }
    }

    /// Lends this thread's scratch to `write`, or a new one where it is in use or the thread is ending.
    #[inline]
    pub(crate) fn lend<R>(write: impl FnOnce(&mut Self) -> R) -> R {
        let kept = SCRATCH.try_with(Cell::take).ok().flatten();
        let mut scratch = kept.unwrap_or_else(|| Box::new(Self::new()));
        let result = write(&mut scratch);
        scratch.shrink();
        let _ = SCRATCH.try_with(|cell| cell.set(Some(scratch)));
        result
    }

    /// The line that was made in this form, whole.
    #[inline]
    pub(crate) fn line_of(&mut self, form: Form, now: Timestamp, site: &Site) -> &[u8] {
        match form {
            Form::Json => self.json.0.as_slice(),
            form => self.other_line_of(form, now, site),
        }
    }

    /// Kept out of line, so that JSON alone pays nothing for it.
    #[inline(never)]
    fn other_line_of(&mut self, form: Form, now: Timestamp, site: &Site) -> &[u8] {
        match form {
            Form::Json => self.json.0.as_slice(),
            Form::Logfmt => self.logfmt.0.as_slice(),
            Form::Pretty { coloured } => self.pretty_line(coloured, now, site),
            Form::Shaped(number) => self.slots.get(usize::from(number)).map_or(b"", Slot::line),
        }
    }

    fn pretty_line(&mut self, coloured: bool, now: Timestamp, site: &Site) -> &[u8] {
        self.line.clear();
        push_head(&mut self.line, &mut self.time, now, site, coloured);
        self.line.extend(self.pretty.0.as_slice());
        self.line.as_slice()
    }

    #[inline]
    fn shrink(&mut self) {
        if self.json.0.capacity() > KEEP_BYTES {
            self.json.0 = Buffer::new();
        }
        if self.is_mixed {
            self.shrink_others();
        }
    }

    #[inline(never)]
    fn shrink_others(&mut self) {
        self.is_mixed = false;
        let plain = [&mut self.logfmt.0, &mut self.pretty.0, &mut self.line];
        let shaped = self.slots.iter_mut().map(|slot| &mut slot.out);
        for buffer in plain.into_iter().chain(shaped) {
            if buffer.capacity() > KEEP_BYTES {
                *buffer = Buffer::new();
            }
        }
        #[cfg(feature = "framed")]
        if self.record.capacity() > KEEP_BYTES {
            self.record = Vec::new();
        }
        for text in [&mut self.text, &mut self.message, &mut self.ask.printed] {
            if text.capacity() > KEEP_BYTES {
                *text = String::new();
            }
        }
    }
}

/// What routes ask of a line.
#[derive(Default)]
pub(crate) struct Ask {
    pub(crate) answers: Vec<Option<bool>>,
    /// A number as text.
    pub(crate) text: String,
    /// A value that is printed.
    pub(crate) printed: String,
}

/// Call sites seen on this thread: a table of [`SETS`] sets of [`WAYS`], in which a newcomer replaces another of its
/// set.
#[derive(Default)]
pub(crate) struct Sites {
    table: Vec<Set>,
    replace: usize,
}

/// Call sites by their identity; engines that judge by other rules have their own.
type Set = [Option<(usize, Rc<Site>)>; WAYS];

/// A power of two.
const SETS: usize = 128;
const WAYS: usize = 4;

impl Sites {
    /// What is known of the call site.
    #[inline]
    pub(crate) fn get(&mut self, metadata: &'static Metadata<'static>, rules: &Rules) -> Rc<Site> {
        // Metadata is static and each call site has its own, so its address is the call site's identity.
        let id = ptr::from_ref(metadata).addr();
        let set = (id >> 4 ^ id >> 11) & (SETS - 1);
        if let Some(ways) = self.table.get(set) {
            for (known, site) in ways.iter().flatten() {
                if *known == id && site.rules.is_same(rules) {
                    return Rc::clone(site);
                }
            }
        }
        self.insert(id, set, metadata, rules)
    }

    #[cold]
    fn insert(
        &mut self,
        id: usize,
        set: usize,
        metadata: &'static Metadata<'static>,
        rules: &Rules,
    ) -> Rc<Site> {
        if self.table.is_empty() {
            self.table.resize_with(SETS, Default::default);
        }
        let site = Rc::new(Site::new(metadata, rules));
        let ways = &mut self.table[set];
        let way = ways.iter().position(Option::is_none).unwrap_or_else(|| {
            self.replace = (self.replace + 1) % WAYS;
            self.replace
        });
        ways[way] = Some((id, Rc::clone(&site)));
        site
    }
}
