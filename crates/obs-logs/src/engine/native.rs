//! Lines of our own, which no event stands behind: requests and panics.

use obs_core::context::Context;

use super::{Forms, Logs, Scratch};
use crate::format::{JsonLine, PrettyLine, Site};

impl Logs {
    /// Writes one line in each format that is in use, with the ids of `context` or, without one, of the context that
    /// is open. Asks neither the filter nor whether telemetry is silenced.
    #[inline]
    pub(crate) fn native(
        &self,
        site: &Site,
        context: Option<&Context>,
        json_fields: impl FnOnce(&mut JsonLine<'_>),
        pretty_fields: impl FnOnce(&mut PrettyLine<'_>),
    ) {
        Scratch::lend(|scratch| {
            let now = self.0.base.clock.now();
            let Scratch { json, pretty, time, ids, .. } = &mut *scratch;
            if self.0.forms != Forms::Pretty {
                let service = &self.0.service;
                let mut line = JsonLine::open((&mut json.0, &mut json.1), time, now, site, service);
                json_fields(&mut line);
                match context {
                    Some(context) => line.identity_of(service, context),
                    None => line.identity(service, ids),
                }
                line.close(None);
            }
            if self.0.forms != Forms::Json {
                let mut line = PrettyLine::open((&mut pretty.0, &mut pretty.1), site);
                pretty_fields(&mut line);
                match context {
                    Some(context) => line.identity_of(context),
                    None => line.identity(),
                }
                line.close(None);
            }
            self.deliver(scratch, now, site);
        });
    }
}
