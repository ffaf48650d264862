//! Lines of our own, which no event stands behind: requests and panics.

use obs_core::Timestamp;
use obs_core::context::Context;

use super::event::{EventLine, of_request};
use super::mixed::Mixed;
use super::{Forms, Logs, Scratch};
use crate::format::{JsonLine, Line, Site};

impl Logs {
    /// Writes one line in each form that is in use, with the ids and fields of `context` or, without one, of the
    /// context that is open. `written` tells the bits of the labels that are on the line. Asks neither the filter nor
    /// whether telemetry is silenced. `at` is when it happened, where that is known; else it is now.
    #[inline]
    pub(crate) fn native(
        &self,
        site: &Site,
        context: Option<&Context>,
        at: Option<Timestamp>,
        json_fields: impl FnOnce(&mut JsonLine<'_>),
        fields: impl Fn(&mut dyn Line),
        written: impl Fn() -> u64,
    ) {
        Scratch::lend(|scratch| {
            let now = at.unwrap_or_else(|| self.0.base.clock.now());
            let service = &self.0.service;
            match self.0.forms.used() {
                Forms::JSON => {
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
                }
                needed => {
                    let line = Mixed::open(&self.0.forms, needed, scratch, now, site, service);
                    mixed(line, context, &fields, &written);
                }
            }
            self.deliver(scratch, now, site);
        });
    }
}

/// Kept out of line, so that JSON alone pays nothing for it.
#[inline(never)]
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
