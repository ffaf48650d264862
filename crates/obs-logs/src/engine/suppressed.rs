//! Lines of our own about lines: how many were left out, and whose levels were changed.

use obs_core::keys::{field, target};
use tracing_core::Level;

use super::Logs;
use crate::format::{Label, Line, Site};
use crate::plan::LevelChange;
use crate::route::{Decision, Watch};
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
        let outputs = self.outputs_of(target, level, &fields);
        if outputs != 0 {
            self.own_mixed(&site, None, None, outputs, &fields, &|| u64::MAX);
        }
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
        let outputs = match self.outputs_of(target::LOGS, Level::WARN, &fields) {
            0 => u32::MAX,
            outputs => outputs,
        };
        self.own_mixed(&site, None, None, outputs, &fields, &|| u64::MAX);
    }

    /// Where a line goes by the routes, whatever its level.
    pub(super) fn outputs_of(&self, target: &str, level: Level, fields: &dyn Fn(&mut dyn Line)) -> u32 {
        let plans = self.0.live.plans();
        let known = plans.own(target, level);
        match plans.decide(&known) {
            Decision::Fixed(outputs) => outputs,
            Decision::Asks(_) => {
                let (mut answers, mut text) = (Vec::new(), String::new());
                let mut watch = Watch::new(plans.routing.watched(), &mut answers, &mut text);
                fields(&mut super::watching::OwnFields(&mut watch));
                plans.settle(&known, &watch)
            }
        }
    }
}
