//! Lines about which there is more to decide than their call site tells: by their request, by how many there were, by
//! their fields.

use std::borrow::Cow;
use std::fmt::Write;

use obs_core::context::{self, Context};
use obs_core::fields::Chain;
use tracing_core::field::Visit;
use tracing_core::{Event, Field};

use super::event::{self, Spans, of_request};
use super::mixed::Mixed;
use super::native::OwnLine;
use super::watching::{OwnFields, Watching};
use super::{Logs, Scratch};
use crate::format::{Line, Site};
use crate::plan::{Plan, Plans};
use crate::route::{Known, Watch};
use crate::sample::Verdict;

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
        let metadata = event.metadata();
        let known = plans.known(metadata);
        if plan.outputs() == 0 || plan.asks_request() && !is_heard(&plans, &known, None) {
            return self.hold(scratch, event, site, plan, spans);
        }
        let now = self.0.base.clock.now();
        // Taken out, because a line borrows the scratch as a whole.
        let (mut message, mut ask) = (std::mem::take(&mut scratch.message), std::mem::take(&mut scratch.ask));
        let mut known_message = None;
        let mut verdict = Verdict::Write;
        if plan.is_sampled()
            && let Some(sampler) = &plans.sampler
        {
            let (file, row) = (metadata.file().unwrap_or("?"), metadata.line().unwrap_or(0));
            let place = || format!("{file}:{row}");
            let address = std::ptr::from_ref(metadata).addr();
            verdict = sampler.judge_trace(known.level, None);
            if verdict == Verdict::Write {
                verdict = sampler.judge_site(now, known.level, metadata.target(), (address, place));
            }
            if verdict == Verdict::Write && sampler.asks_message(known.level) {
                if site.message_key().is_some() {
                    print_message(event, &mut message);
                    known_message = Some(message.as_str());
                } else {
                    // What lines without a message have in common is where they come from.
                    let _ = write!(message, "{file}:{row}");
                }
                // Before it is shortened, or half of a secret would be told.
                let shown = |text| site.rules.redact(text);
                verdict = sampler.judge_message(now, known.level, metadata.target(), (&message, shown));
            }
        }
        if verdict == Verdict::LeaveOut {
            // The levels have let it through, which is what is counted.
            self.0.counts.count(site.counter);
            self.hold(scratch, event, site, plan, spans);
        } else {
            // The routes may be others than those that the plan is by.
            let may_go = if plan.asks_fields() { plans.decide(&known).most() } else { plan.outputs() };
            let needed = self.needed(may_go);
            let line = Mixed::open(&self.0.forms, needed, scratch, now, site, &self.0.service);
            let watch = Watch::new(plans.routing.watched(), &mut ask.answers, &mut ask.text);
            let mut line = Watching { line, site, watch, printed: &mut ask.printed };
            let written = event::record(event, site, &mut line, known_message);
            let has_fields = line.line.identity();
            spans(&mut Spans::of(&mut line, written));
            if has_fields {
                of_request(&mut line, written);
            }
            let outputs = if plan.asks_fields() { plans.settle(&known, &line.watch) } else { plan.outputs() };
            line.line.close(self.caller(site));
            if outputs != 0 {
                self.deliver(scratch, now, site, outputs);
            }
        }
        message.clear();
        ask.printed.clear();
        (scratch.message, scratch.ask) = (message, ask);
        // They may have grown for one long line.
        scratch.is_mixed = true;
    }

    /// Has the flight recorder hold a line that is not written, where the plan says so.
    fn hold(
        &self,
        scratch: &mut Scratch,
        event: &Event<'_>,
        site: &Site,
        plan: Plan,
        spans: impl FnOnce(&mut Spans<'_>),
    ) {
        if plan.is_held()
            && let Some(recorder) = &self.0.recorder
        {
            recorder.capture(event, site, &mut scratch.flight, &self.0.base.clock, spans);
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
            let now = self.0.base.clock.now();
            let address = std::ptr::from_ref(site).addr();
            let asks = sampler.asks_message(site.level);
            if sampler.judge_trace(site.level, context.map(Context::ids)) == Verdict::LeaveOut
                || sampler.judge_site(now, site.level, target, (address, || kind.to_owned()))
                    == Verdict::LeaveOut
                || asks
                    && sampler.judge_message(now, site.level, target, (kind, Cow::Borrowed))
                        == Verdict::LeaveOut
            {
                self.0.counts.count(site.counter);
                return false;
            }
        }
        let outputs = if plan.asks_fields() {
            let (mut answers, mut text) = (Vec::new(), String::new());
            let mut watch = Watch::new(plans.routing.watched(), &mut answers, &mut text);
            fields(&mut OwnFields(&mut watch));
            let mut around = |context: &Context| context.local().with_fields(|fields| watch.around(fields));
            match context {
                Some(context) => around(context),
                None => context::with_current(around).flatten(),
            };
            plans.settle(&known, &watch)
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

/// Puts the message of an event in `text`, by running a user's code once.
fn print_message(event: &Event<'_>, text: &mut String) {
    text.clear();
    event.record(&mut MessageText(text));
}

struct MessageText<'a>(&'a mut String);

impl MessageText<'_> {
    fn print(&mut self, field: &Field, value: std::fmt::Arguments<'_>) {
        if field.name() == obs_core::keys::field::MESSAGE {
            event::print_marked(self.0, value);
        }
    }
}

impl Visit for MessageText<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.print(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.print(field, format_args!("{}", Chain(value)));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.print(field, format_args!("{value:?}"));
    }
}
