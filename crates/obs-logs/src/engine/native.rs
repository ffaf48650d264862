//! Lines of our own, which no event stands behind: requests and panics.

use obs_core::Timestamp;
use obs_core::context::Context;

use super::event::{EventLine, of_request};
use super::mixed::Mixed;
use super::{Forms, Logs, Made, Scratch};
use crate::format::{JsonLine, Line, Site};
use crate::plan::Own;

/// A line of our own, but for its fields.
#[derive(Clone, Copy)]
pub(crate) struct OwnLine<'a> {
    pub(crate) own: Own,
    pub(crate) site: &'a Site,
    /// What all lines of the kind have in common: what they are sampled by.
    pub(crate) kind: &'a str,
    /// Whose ids and fields it has; without one, those of the context that is open.
    pub(crate) context: Option<&'a Context>,
    /// When it happened, where that is known; else it is now.
    pub(crate) at: Option<Timestamp>,
}

impl Logs {
    /// Writes one line in each format that is in use, as levels, routes and sampling have it for lines of this kind.
    /// `written` tells the bits of the labels that are on the line. Does not ask whether telemetry is silenced. Whether
    /// it went to any output.
    #[inline]
    pub(crate) fn native(
        &self,
        line: OwnLine<'_>,
        json_fields: impl FnOnce(&mut JsonLine<'_>),
        fields: impl Fn(&mut dyn Line),
        written: impl Fn() -> u64,
    ) -> bool {
        let OwnLine { own, site, context, at, .. } = line;
        let plan = self.plan_own(own);
        if plan.is_special() {
            return self.own_special(line, plan, &fields, &written);
        }
        if self.needed(plan.outputs()) != Forms::JSON {
            self.own_mixed(site, context, at, plan.outputs(), &fields, &written);
            return true;
        }
        Scratch::lend(|scratch| {
            let now = at.unwrap_or_else(|| self.0.base.clock.now());
            let service = &self.0.service;
            let Scratch { json, time, ids, .. } = &mut *scratch;
            let mut line = JsonLine::open((&mut json.0, &mut json.1), time, now, site, service);
            json_fields(&mut line);
            match context {
                Some(context) => {
                    line.identity_of(service, context);
                    context.local().with_fields(|fields| line.request(written(), fields));
                }
                None => {
                    if line.identity(service, ids) {
                        of_request(&mut line, written());
                    }
                }
            }
            line.close(None);
            self.deliver(scratch, Made { at: now, site, context }, plan.outputs());
        });
        true
    }

    /// The same in any mix of formats and to these outputs. Kept out of line, so that JSON alone pays nothing for it.
    #[inline(never)]
    pub(super) fn own_mixed(
        &self,
        site: &Site,
        context: Option<&Context>,
        at: Option<Timestamp>,
        outputs: u32,
        fields: &dyn Fn(&mut dyn Line),
        written: &dyn Fn() -> u64,
    ) {
        Scratch::lend(|scratch| {
            let now = at.unwrap_or_else(|| self.0.base.clock.now());
            let needed = self.needed(outputs);
            let line = Mixed::open(&self.0.forms, needed, scratch, now, site, &self.0.service);
            mixed(line, context, fields, written);
            self.deliver(scratch, Made { at: now, site, context }, outputs);
        });
    }
}

fn mixed(
    mut line: Mixed<'_>,
    context: Option<&Context>,
    fields: &dyn Fn(&mut dyn Line),
    written: &dyn Fn() -> u64,
) {
    line.own(fields);
    match context {
        Some(context) => {
            line.identity_of(context);
            context.local().with_fields(|fields| line.request(written(), fields));
        }
        None => {
            if line.identity() {
                of_request(&mut line, written());
            }
        }
    }
    line.close(None);
}
