//! What is said of a span by code that is no `tracing` macro: names, statuses, lists, events and links of its own.

use std::borrow::Cow;
use std::sync::atomic::Ordering;

use obs_core::Timestamp;
use obs_core::context::{Context, Ids, Local};
use obs_core::fields::{Fields, Value};
use obs_core::observe::Candidate;
use obs_core::propagate::Remote;
use obs_core::redact::Rules;
use tracing_core::Metadata;

use super::special::{Code, clean};
use super::{Recording, Span, StoredEvent, StoredLink};
use crate::record::{Kind, List, Parent, Status};
use crate::tracer::Tracer;

/// Keys that have several values each.
pub(crate) type Lists = Vec<(Cow<'static, str>, List)>;

/// What one key is given.
#[derive(Clone, Debug, PartialEq)]
pub enum Given<'a> {
    /// One value.
    One(Value<'a>),
    /// Several of a kind.
    Several(List),
}

/// A span that is pointed at, of this process or another.
#[derive(Clone, Copy, Debug)]
pub struct Pointed<'a> {
    /// Trace, span, flags.
    pub ids: Ids,
    /// Whether it belongs to another process.
    pub remote: bool,
    /// What other vendors said of its trace.
    pub trace_state: Option<&'a str>,
}

impl Span {
    /// Replaces the name; one above 1 KiB is cut.
    pub fn rename(&mut self, name: &str) {
        if let Some(recording) = &mut self.recording {
            recording.special.name = Some(clean(name, recording.fields.rules()));
        }
    }

    /// Says how it ends, in the order of the OpenTelemetry API ("Set Status"): `Ok` is final, `Unset` changes nothing.
    pub fn set_status(&mut self, status: Status<'_>) {
        let Some(recording) = &mut self.recording else { return };
        let special = &mut recording.special;
        match status {
            Status::Unset => {}
            Status::Ok => special.code = Some(Code::Ok),
            Status::Error(description) => {
                special.code = special.code.max(Some(Code::Error));
                special.description = Some(clean(description, recording.fields.rules()));
            }
        }
    }

    /// As [`Span::set`], also of several values: of texts at most [`Fields::MAX_TEXT`] bytes in all of a span's lists.
    pub fn give(&mut self, key: impl Into<Cow<'static, str>>, given: Given<'_>) {
        let Some(recording) = &mut self.recording else { return };
        match given {
            Given::One(value) => recording.set(key, value),
            Given::Several(list) => recording.set_list(key.into(), list),
        }
    }

    /// An event of this name and time with what is given; counts it when there is no room for it.
    pub fn add_event<'a>(
        &mut self,
        name: &str,
        time: Timestamp,
        given: impl IntoIterator<Item = (Cow<'static, str>, Given<'a>)>,
    ) {
        let Some(recording) = &mut self.recording else { return };
        let rules = recording.fields.rules().clone();
        let (length, most) = (recording.limits.attribute_length, recording.limits.event_attributes);
        let event = StoredEvent::named(clean(name, &rules), time);
        if let Some(StoredEvent { fields, lists, dropped, .. }) = recording.slot(event) {
            *dropped = fill(fields, lists, &rules, (length, most), given);
        }
    }

    /// Points at another span, of this process or not, or counts the link when there is no room for it.
    pub fn point_at<'a>(
        &mut self,
        pointed: Pointed<'_>,
        given: impl IntoIterator<Item = (Cow<'static, str>, Given<'a>)>,
    ) {
        let Some(recording) = &mut self.recording else { return };
        let limits = (recording.limits.attribute_length, recording.limits.link_attributes);
        let Pointed { ids, remote, trace_state } = pointed;
        recording.link(|rules| {
            let mut link = StoredLink::new(ids, &[], rules);
            (link.remote, link.trace_state) = (remote, trace_state.map(Box::from));
            link.dropped = fill(&mut link.fields, &mut link.lists, rules, limits, given);
            link
        });
    }

    /// Says when it began, instead of when it was made.
    pub fn begin_at(&mut self, start: Timestamp) {
        if let Some(recording) = &mut self.recording {
            recording.start = start;
        }
    }

    /// Says when it ended, instead of when it is handed on.
    pub fn end_at(&mut self, end: Timestamp) {
        if let Some(recording) = &mut self.recording {
            recording.end = Some(end);
        }
    }

    /// Puts it under this span, of its own trace.
    pub(crate) fn put_under(&mut self, parent: Parent) {
        if let Some(recording) = &mut self.recording {
            recording.parent = Some(parent);
        }
    }
}

impl Tracer {
    /// Puts a span under one of another process, in its trace: as a caller's, so that the sampler says whether it is
    /// believed. What the span says already stays; one that was not recorded until now begins with `fields` and the
    /// place in the code. `false`, and nothing changes, where somebody goes by its ids already, or where it stands under a span of this process.
    pub fn adopt(
        &self,
        span: &mut Span,
        remote: &Remote,
        metadata: &'static Metadata<'static>,
        fields: Option<&Fields>,
    ) -> bool {
        let under = span.recording.as_ref().is_some_and(|recording| !recording.is_local_root());
        if span.is_bound || span.is_used.load(Ordering::Relaxed) || under {
            return false;
        }
        let sampled = self.sample(&Candidate::new(remote.trace_id, Some(remote)));
        let ids = Ids {
            trace_id: remote.trace_id,
            span_id: span.context.span_id(),
            flags: remote.flags.sampled(sampled),
        };
        let local = Local::task().judged_by(&self.base().redaction).stating(remote.trace_state.clone());
        span.context = Context::root(ids, local);
        self.begin(&span.context);
        match (span.context.is_recording(), span.recording.take()) {
            (true, Some(recording)) => span.recording = Some(recording),
            (true, None) => {
                let name = Cow::Borrowed(metadata.name());
                let begun = Recording::begin(None, name, Kind::Internal, self.limits(), self.base());
                span.recording = Some(begun);
                span.describe_by(metadata, fields.unwrap_or(&Fields::new()));
            }
            (false, recording) => {
                if let Some(recording) = recording {
                    recording.recycle();
                }
            }
        }
        span.put_under(Parent { span_id: remote.span_id, remote: true });
        true
    }
}

impl Recording {
    fn set_list(&mut self, key: Cow<'static, str>, list: List) {
        if !self.has_place(&key) {
            return;
        }
        let length = self.limits.attribute_length;
        let rules = self.fields.rules().clone();
        if !put(&mut self.fields, &mut self.lists, &rules, length, key, list) {
            self.dropped_attributes = self.dropped_attributes.saturating_add(1);
        }
    }
}

/// Keeps so many of what is given, each text up to so many characters. How many found no room, or have keys that are too long.
fn fill<'a>(
    fields: &mut Fields,
    lists: &mut Lists,
    rules: &Rules,
    (length, most): (Option<usize>, usize),
    given: impl IntoIterator<Item = (Cow<'static, str>, Given<'a>)>,
) -> u32 {
    let mut dropped = 0u32;
    fields.judge_by(rules);
    for (key, given) in given {
        if key.len() > Local::MAX_KEY {
            dropped = dropped.saturating_add(1);
            continue;
        }
        let is_full = fields.len() + lists.len() >= most;
        if is_full && fields.find(&key).is_none() && lists.iter().all(|(known, _)| *known != key) {
            dropped = dropped.saturating_add(1);
            continue;
        }
        match given {
            Given::One(value) => {
                lists.retain(|(known, _)| *known != key);
                fields.set(key, value);
            }
            Given::Several(list) => {
                let is_kept = put(fields, lists, rules, length, key, list);
                dropped = dropped.saturating_add(u32::from(!is_kept));
            }
        }
    }
    dropped
}

/// Keeps a list, without its secrets; `false` where there is no room for it.
fn put(
    fields: &mut Fields,
    lists: &mut Lists,
    rules: &Rules,
    length: Option<usize>,
    key: Cow<'static, str>,
    list: List,
) -> bool {
    // What is secret, and what is one value already, stays one.
    if rules.is_secret(&key) || fields.find(&key).is_some() {
        fields.set_display(key, format_args!("{:?}", Shown(&list)));
        return true;
    }
    let list = match list {
        List::Str(texts) => List::Str(texts.into_iter().map(|text| element(text, rules, length)).collect()),
        list => list,
    };
    lists.retain(|(known, _)| *known != key);
    let held: usize = lists.iter().map(|(_, list)| list.bytes()).sum();
    let fits = held + list.bytes() <= Fields::MAX_TEXT && lists.len() < Fields::MAX_FIELDS;
    if fits {
        lists.push((key, list));
    }
    fits
}

fn element(text: String, rules: &Rules, length: Option<usize>) -> String {
    let mut text = match rules.redact(&text) {
        Cow::Owned(clean) => clean,
        Cow::Borrowed(_) => text,
    };
    let end = length.and_then(|length| text.char_indices().nth(length)).map(|(at, _)| at);
    text.truncate(end.unwrap_or(text.len()));
    text
}

/// As JSON would have it.
struct Shown<'a>(&'a List);

impl std::fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_list();
        for value in self.0.iter() {
            match value {
                Value::Str(text) => shown.entry(&text),
                Value::I64(number) => shown.entry(&number),
                Value::U64(number) => shown.entry(&number),
                Value::F64(number) => shown.entry(&number),
                Value::Bool(value) => shown.entry(&value),
            };
        }
        shown.finish()
    }
}
