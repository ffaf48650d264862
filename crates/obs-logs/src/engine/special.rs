//! Lines about which there is more to decide than their call site tells: by their request, by how many there were, by
//! their fields.

use std::error::Error;
use std::fmt::Debug;
use std::sync::Arc;

use obs_core::Timestamp;
use obs_core::context::{self, Context};
use obs_core::fields::Chain;
use tracing_core::field::Visit;
use tracing_core::{Event, Field};

use super::event::{self, Spans, of_request};
use super::mixed::Mixed;
use super::native::OwnLine;
use super::watching::Watching;
use super::{Logs, Made, Scratch};
use crate::format::{Line, Site};
use crate::plan::{Plan, Plans};
use crate::route::{Known, Watch};
use crate::sample::{Candidate, Recent, Sampler, Verdict};

impl Logs {
    /// Writes an event whose plan is special, where it is to be written.
    #[inline(never)]
    pub(super) fn event_special(
        &self,
        scratch: &mut Scratch,
        event: &Event<'_>,
        site: &Site,
        plan: Plan,
        spans: impl FnOnce(&mut Spans<'_>),
    ) {
        let plans = self.0.live.plans();
        if plan.outputs() == 0
            || plan.asks_request() && !is_heard(&plans, &plans.known(event.metadata()), None)
        {
            return self.hold(scratch, event, site, (plan, false), spans);
        }
        let now = self.0.base.clock.now();
        // Taken out, because a line borrows the scratch as a whole.
        let mut message = std::mem::take(&mut scratch.message);
        let mut text = Message { of: event, site, text: &mut message, is_known: false };
        let verdict = match &plans.sampler {
            Some(sampler) if plan.is_sampled() => text.judge(sampler, now, &mut scratch.recent),
            _ => Verdict::Write,
        };
        let known = text.is_known;
        match verdict {
            Verdict::Write => {
                let message = known.then_some(message.as_str());
                self.write_watched(scratch, event, site, (plan, &plans), now, message, spans);
            }
            Verdict::LeaveOut => {
                // The levels have let it through, which is what is counted.
                self.0.counts.count(site.counter);
                self.hold(scratch, event, site, (plan, true), spans);
            }
        }
        message.clear();
        scratch.message = message;
        // They may have grown for one long line.
        scratch.is_mixed = true;
    }

    /// Writes an event, and looks meanwhile at what routes want to know of it. `message` is its text where it is known
    /// already.
    #[expect(clippy::too_many_arguments, reason = "what a line is made of, in one place of two")]
    fn write_watched(
        &self,
        scratch: &mut Scratch,
        event: &Event<'_>,
        site: &Site,
        (plan, plans): (Plan, &Plans),
        now: Timestamp,
        message: Option<&str>,
        spans: impl FnOnce(&mut Spans<'_>),
    ) {
        let mut ask = std::mem::take(&mut scratch.ask);
        let known = plan.asks_fields().then(|| plans.known(event.metadata()));
        // The routes may be others than those that the plan is by.
        let may_go = known.as_ref().map_or(plan.outputs(), |known| plans.decide(known).most());
        let needed = self.needed(may_go);
        let line = Mixed::open(&self.0.forms, needed, scratch, now, site, &self.0.service);
        let watch = Watch::new(plans.routing.watched(), &mut ask.answers, &mut ask.text);
        let mut line = Watching { line, site, watch, printed: &mut ask.printed };
        let written = event::record(event, site, &mut line, message);
        let has_fields = line.line.identity();
        spans(&mut Spans::of(&mut line, written));
        if has_fields {
            of_request(&mut line, written);
        }
        let outputs = known.map_or(plan.outputs(), |known| plans.settle(&known, &line.watch));
        line.line.close(self.caller(site));
        if outputs != 0 {
            self.deliver(scratch, Made { at: now, site, context: None }, outputs);
        }
        ask.printed.clear();
        scratch.ask = ask;
    }

    /// Has the flight recorder hold a line that is not written, where the plan says so; it may be counted already.
    fn hold(
        &self,
        scratch: &mut Scratch,
        event: &Event<'_>,
        site: &Site,
        (plan, is_counted): (Plan, bool),
        spans: impl FnOnce(&mut Spans<'_>),
    ) {
        if plan.is_held()
            && let Some(recorder) = &self.0.recorder
        {
            recorder.capture(event, site, (&mut scratch.flight, is_counted), &self.0.base.clock, spans);
        }
    }

    /// Writes a line of our own whose plan is special, where it is to be written; whether any output took
    /// it.
    #[inline(never)]
    pub(super) fn own_special(
        &self,
        line: OwnLine<'_>,
        plan: Plan,
        fields: &dyn Fn(&mut dyn Line),
        written: &dyn Fn() -> u64,
    ) -> bool {
        let OwnLine { own, site, kind, context, at } = line;
        let target = own.target();
        let plans = self.0.live.plans();
        let known = plans.own(target, site.level);
        if plan.outputs() == 0 || plan.asks_request() && !is_heard(&plans, &known, context) {
            return false;
        }
        if plan.is_sampled()
            && let Some(sampler) = &plans.sampler
        {
            let line = Candidate {
                now: self.0.base.clock.now(),
                level: site.level,
                target,
                site: std::ptr::from_ref(site).addr() as u64,
                place: &|| kind.to_owned(),
                ids: context.map(Context::ids),
                rules: &site.rules,
            };
            if Scratch::lend(|scratch| sampler.judge(&line, &mut scratch.recent, || kind))
                == Verdict::LeaveOut
            {
                self.0.counts.count(site.counter);
                return false;
            }
        }
        let outputs = if plan.asks_fields() {
            self.outputs_of(&plans, &known, context, fields)
        } else {
            plan.outputs()
        };
        if outputs != 0 {
            self.own_mixed(site, context, at, outputs, fields, written);
        }
        outputs != 0
    }
}

/// Whether a line is let out by the levels of its request, or by those of its target where none were chosen for it.
fn is_heard(plans: &Plans, known: &Known<'_>, context: Option<&Context>) -> bool {
    let of = |context: &Context| plans.control.level_of_request(context);
    let chosen = match context {
        Some(context) => of(context),
        None => context::with_current(of).flatten(),
    };
    chosen.map_or_else(|| plans.lets_out(known.target, known.level), |most| known.level <= most)
}

/// The message of an event, which is asked for only where it has a say: a user's code runs then, and once.
struct Message<'a> {
    of: &'a Event<'a>,
    site: &'a Site,
    text: &'a mut String,
    /// Whether it is in `text`.
    is_known: bool,
}

impl Message<'_> {
    fn judge(&mut self, sampler: &Arc<Sampler>, now: Timestamp, recent: &mut Recent) -> Verdict {
        let (metadata, site) = (self.of.metadata(), self.site);
        let place = || format!("{}:{}", metadata.file().unwrap_or("?"), metadata.line().unwrap_or(0));
        let line = Candidate {
            now,
            level: site.level,
            target: metadata.target(),
            site: std::ptr::from_ref(metadata).addr() as u64,
            place: &place,
            ids: None,
            rules: &site.rules,
        };
        sampler.judge(&line, recent, || {
            match site.message_index() {
                Some(index) => {
                    self.is_known = true;
                    self.of.record(&mut MessageText { index, text: &mut *self.text });
                }
                // What lines without a message have in common is where they come from.
                None => self.text.push_str(&place()),
            }
            self.text.as_str()
        })
    }
}

/// Prints one field.
struct MessageText<'a> {
    index: usize,
    text: &'a mut String,
}

impl Visit for MessageText<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.index() == self.index {
            event::print_marked(self.text, format_args!("{value}"));
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        if field.index() == self.index {
            event::print_marked(self.text, format_args!("{}", Chain(value)));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.index() == self.index {
            event::print_marked(self.text, format_args!("{value:?}"));
        }
    }
}
