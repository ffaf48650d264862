//! Lines that the flight recorder has held, as the lines they would have been.

use obs_core::Timestamp;
use obs_core::context::Context;
use obs_core::keys::target;
use tracing_core::{Level, Metadata};

use super::event::{EventLine, Spans};
use super::mixed::Mixed;
use super::{Logs, Made, Scratch};
use crate::format::Site;

/// A line that was held, but for its fields.
#[derive(Clone, Copy)]
pub(crate) struct Replayed<'a> {
    pub(crate) metadata: &'static Metadata<'static>,
    pub(crate) at: Timestamp,
    pub(crate) outputs: u32,
    pub(crate) context: &'a Context,
    /// Whether it was cut when it was held.
    pub(crate) is_cut: bool,
    /// Whether it counts among the lines already.
    pub(crate) is_counted: bool,
}

impl Logs {
    /// Where lines that were held go: with the access line of their request, as the routes have it, whether or not that
    /// is written.
    pub(crate) fn outputs_of_held(&self, context: &Context, failed: bool) -> u32 {
        let level = if failed { Level::ERROR } else { Level::INFO };
        let plans = self.0.live.plans();
        self.outputs_of(&plans, &plans.own(target::ACCESS, level), Some(context), &|_| ())
    }

    /// Writes one line, with the ids and fields of its context. `fields` puts on those of the event and says
    /// which they were, as bits of the call site's; `spans` adds those it stood in. Neither runs code of a user's.
    pub(crate) fn replay(
        &self,
        line: Replayed<'_>,
        fields: impl FnOnce(&Site, &mut dyn EventLine) -> u64,
        spans: impl FnOnce(&mut Spans<'_>),
    ) {
        let Replayed { metadata, at, outputs, context, is_cut, is_counted } = line;
        Scratch::lend(|scratch| {
            let site = &*scratch.sites.get(metadata, &self.0.base.redaction);
            let needed = self.needed(outputs);
            let mut line = Mixed::open(&self.0.forms, needed, scratch, at, site, &self.0.service);
            let written = fields(site, &mut line);
            line.identity_of(context);
            spans(&mut Spans::of(&mut line, written));
            context.local().with_fields(|fields| line.request(written, fields));
            if is_cut {
                line.mark_cut();
            }
            line.close(self.caller(site));
            if is_counted {
                self.hand_out(scratch, Made { at, site, context: Some(context) }, outputs);
            } else {
                self.deliver(scratch, Made { at, site, context: Some(context) }, outputs);
            }
        });
    }
}
