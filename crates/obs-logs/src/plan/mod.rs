//! What is done with the lines of each call site: whether they are let out, where to, and which are sampled.
//!
//! [`Plans`] are put together from levels, their changes for a while, routes and sampling, and never change; [`Live`]
//! holds those in force. What they say of a call site is its [`Plan`], which each thread keeps with the site until others
//! are in force.

mod control;
mod live;
mod word;

use std::sync::Arc;

use tracing_core::metadata::LevelFilter;
use tracing_core::{Level, Metadata};

pub(crate) use control::{Control, Lasting};
pub use control::{LevelChange, LevelChangeError, Scope};
pub(crate) use live::{Live, Own};
pub(crate) use word::{Plan, Planned};

use crate::Filter;
use crate::route::{Decision, Known, Routing, Watch};
use crate::sample::Sampler;

/// All that decides what is done with a line.
#[derive(Clone, Debug)]
pub(crate) struct Plans {
    pub(crate) filter: Filter,
    pub(crate) control: Control,
    pub(crate) routing: Routing,
    pub(crate) sampler: Option<Arc<Sampler>>,
    /// The service's environment.
    pub(crate) env: Option<String>,
    /// What the flight recorder holds of lines that are not written, where there is one.
    pub(crate) held: Option<Filter>,
}

/// The name of the field that routes take for the module.
const MODULE: &str = "module";

impl Plans {
    /// What is done with events of this call site.
    pub(crate) fn plan(&self, known: &Known<'_>) -> Plan {
        let let_out = self.lets_out(known.target, known.level);
        let by_request = self.control.asks_requests(known.level, let_out);
        let held = self.holds(known.target, known.level);
        if !let_out && !by_request {
            return Plan::to(0).held(held);
        }
        let mut plan = match self.decide(known) {
            Decision::Fixed(outputs) => Plan::to(outputs),
            Decision::Asks(outputs) => Plan::to(outputs).asking_fields(),
        };
        if by_request {
            plan = plan.asking_request();
        }
        if let Some(sampler) = &self.sampler
            && plan.outputs() != 0
            && sampler.judges(known.level)
        {
            plan = plan.sampled();
        }
        // Of what is written anyway nothing is held.
        let may_be_left_out = plan.outputs() == 0 || by_request || plan.is_sampled();
        plan.held(held && may_be_left_out)
    }

    fn holds(&self, target: &str, level: Level) -> bool {
        self.held.as_ref().is_some_and(|held| held.allows(target, level))
    }

    /// Where lines of a call site go once they are let out.
    pub(crate) fn decide(&self, known: &Known<'_>) -> Decision {
        self.routing.decide(&self.as_routed(known))
    }

    /// Where a line goes that was watched, as [`Plans::decide`] has it.
    pub(crate) fn settle(&self, known: &Known<'_>, watch: &Watch<'_>) -> u32 {
        self.routing.settle(&self.as_routed(known), watch)
    }

    /// What the routes are asked by: whoever has asked for more lines for a while is not to be told that no route takes
    /// them.
    fn as_routed<'a>(&self, known: &Known<'a>) -> Known<'a> {
        let by_level =
            self.filter.allows(known.target, known.level) || self.routing.decide(known).most() != 0;
        let level = if by_level { known.level } else { Level::INFO };
        Known { level, ..*known }
    }

    /// Whether lines of this level are let out, whatever request they are of.
    pub(crate) fn lets_out(&self, target: &str, level: Level) -> bool {
        let most = self.control.level_of(target).unwrap_or_else(|| self.control.rest(&self.filter, target));
        level <= most
    }

    /// Whether events and spans of a call site are looked at.
    pub(crate) fn looks_at(&self, metadata: &Metadata<'_>) -> bool {
        let known = self.known(metadata);
        if metadata.is_event() {
            return self.plan(&known).is_anything();
        }
        self.writes(metadata) || self.holds(known.target, known.level)
    }

    /// Whether events of a call site may be written at once, and fields of spans stand on such lines.
    pub(crate) fn writes(&self, metadata: &Metadata<'_>) -> bool {
        let known = self.known(metadata);
        if metadata.is_event() {
            return self.plan(&known).outputs() != 0;
        }
        // A span's fields stand on lines of any level inside of it.
        let let_out = self.lets_out(known.target, known.level);
        let_out || self.control.asks_requests(known.level, let_out)
    }

    /// What is known of a call site.
    pub(crate) fn known<'a>(&'a self, metadata: &'a Metadata<'_>) -> Known<'a> {
        let has_module_field = metadata.fields().field(MODULE).is_some();
        Known { has_module_field, ..self.own(metadata.target(), *metadata.level()) }
    }

    /// What is known of lines of our own.
    pub(crate) fn own<'a>(&'a self, target: &'a str, level: Level) -> Known<'a> {
        Known { level, target, env: self.env.as_deref(), has_module_field: false }
    }

    /// The most verbose level looked at anywhere.
    pub(crate) fn max_level_hint(&self) -> LevelFilter {
        let held = self.held.as_ref().map_or(LevelFilter::OFF, Filter::max_level_hint);
        self.filter.max_level_hint().max(self.control.max_level()).max(held)
    }
}
