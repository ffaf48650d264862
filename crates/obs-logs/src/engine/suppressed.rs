//! Lines of our own about lines: how many were left out, and whose levels were changed.

use obs_core::context::{self, Context};
use obs_core::keys::{field, target};
use tracing_core::Level;

use super::watching::OwnFields;
use super::{Logs, Scratch};
use crate::format::{Label, Line, Site};
use crate::plan::{LevelChange, Plans};
use crate::route::{Decision, Known, Watch};
use crate::sample::SuppressedLines;

impl Logs {
    /// Tells of lines that were left out, where they would have gone.
    pub(super) fn tell_suppressed(&self, lines: SuppressedLines<'_>) {
        let SuppressedLines { level, target, like, lines, reason } = lines;
        let message = format!("suppressed {lines} lines like this");
        let labels = Label::all([field::LIKE, field::SUPPRESSED, field::REASON]);
        let site = Site::of(target, level, &self.0.base.redaction).knowing(&labels);
        let fields = |line: &mut dyn Line| {
            line.message(&message);
            line.text(&labels[0], &site.rules.redact(like));
            line.number(&labels[1], lines);
            line.text(&labels[2], reason.as_str());
        };
        self.tell(&site, target, &fields, 0);
    }

    /// Tells of a change of levels, whatever levels and routes say: it explains what is there from here on.
    pub(super) fn tell_level(&self, message: &str, change: &LevelChange) {
        let labels = Label::all([field::SCOPE, field::NEW_LEVEL, field::UNTIL]);
        let site = Site::of(target::LOGS, Level::WARN, &self.0.base.redaction).knowing(&labels);
        // Whoever asks for a change names a route or request as they like.
        let scope = change.scope.to_string();
        let (scope, level) = (site.rules.redact(&scope), change.level.to_string());
        let until = crate::format::time_text(change.until);
        let fields = |line: &mut dyn Line| {
            line.message(message);
            line.text(&labels[0], &scope);
            line.text(&labels[1], &level);
            line.text(&labels[2], &until);
        };
        self.tell(&site, target::LOGS, &fields, u32::MAX);
    }

    /// Where a line of our own goes by the routes, whatever its level. Its fields are in front of those of `context`, or
    /// of the request that is open.
    pub(super) fn outputs_of(
        &self,
        plans: &Plans,
        known: &Known<'_>,
        context: Option<&Context>,
        fields: &dyn Fn(&mut dyn Line),
    ) -> u32 {
        match plans.decide(known) {
            Decision::Fixed(outputs) => outputs,
            Decision::Asks(_) => Scratch::lend(|scratch| {
                let ask = &mut scratch.ask;
                let mut watch = Watch::new(plans.routing.watched(), &mut ask.answers, &mut ask.text);
                fields(&mut OwnFields(&mut watch));
                let mut around =
                    |context: &Context| context.local().with_fields(|fields| watch.around(fields));
                match context {
                    Some(context) => around(context),
                    None => context::with_current(around).flatten(),
                };
                plans.settle(known, &watch)
            }),
        }
    }

    /// Writes a line about lines where the routes have it; to `or_else` where they have it nowhere.
    fn tell(&self, site: &Site, target: &str, fields: &dyn Fn(&mut dyn Line), or_else: u32) {
        let plans = self.0.live.plans();
        let outputs = match self.outputs_of(&plans, &plans.own(target, site.level), None, fields) {
            0 => or_else,
            outputs => outputs,
        };
        if outputs != 0 {
            self.own_mixed(site, None, None, outputs, fields, &|| u64::MAX);
        }
    }
}
