//! Lines that the flight recorder has held, as the lines they would have been.

use obs_core::Timestamp;
use obs_core::context::Context;
use obs_core::keys::target;
use tracing_core::{Level, Metadata};

use super::event::{EventLine, Spans};
use super::mixed::Mixed;
use super::{Logs, Scratch};
use crate::format::Site;

impl Logs {
    /// Where lines that were held go: with the access line of their request, as the routes have it, whether or not that
    /// is written.
    pub(crate) fn outputs_of_held(&self, failed: bool) -> u32 {
        let level = if failed { Level::ERROR } else { Level::INFO };
        let plans = self.0.live.plans();
        self.outputs_of(&plans, &plans.own(target::ACCESS, level), None, &|_| ())
    }

    /// Writes one line of a call site, with the ids and fields of `context`. `fields` puts on those of the event and says
    /// which they were, as bits of the call site's; `spans` adds those it stood in. Neither runs code of a user's.
    pub(crate) fn replay(
        &self,
        metadata: &'static Metadata<'static>,
        (at, outputs): (Timestamp, u32),
        context: &Context,
        is_cut: bool,
        fields: impl FnOnce(&Site, &mut dyn EventLine) -> u64,
        spans: impl FnOnce(&mut Spans<'_>),
    ) {
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
            self.deliver(scratch, at, site, outputs);
        });
    }
}
