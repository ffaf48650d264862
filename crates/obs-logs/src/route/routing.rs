//! The routes of one engine, with their outputs by number.

use super::condition::{Answer, Fact, Known, Match};
use super::watch::{Watch, Watched};
use super::{Route, RouteError, check};

/// Routes that hold together.
#[derive(Clone, Debug)]
pub(crate) struct Routing {
    /// None: every line goes to every output.
    routes: Option<Vec<Ready>>,
    /// What routes ask of lines, each once.
    watched: Vec<Watched>,
    /// A bit for each output.
    all: u32,
}

#[derive(Clone, Debug)]
struct Ready {
    when: Match,
    outputs: u32,
}

/// Where lines of one call site go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// To these, whatever is on the line.
    Fixed(u32),
    /// To some of these, by what is on the line.
    Asks(u32),
}

impl Decision {
    /// All that may be.
    pub(crate) fn most(self) -> u32 {
        match self {
            Self::Fixed(outputs) | Self::Asks(outputs) => outputs,
        }
    }
}

impl Routing {
    /// Every line to every output.
    pub(crate) fn everywhere(outputs: usize) -> Self {
        let all = (0..outputs).fold(0, |bits, output| bits | bit(output));
        Self { routes: None, watched: Vec::new(), all }
    }

    /// By these routes, between outputs of these names.
    ///
    /// # Errors
    /// Each fault of them.
    pub(crate) fn new(routes: &[Route], names: &[&str]) -> Result<Self, Vec<RouteError>> {
        let faults = check(routes, names);
        if !faults.is_empty() {
            return Err(faults);
        }
        let mut watched = Vec::new();
        let ready = |route: &Route| {
            route.when.facts(&mut |fact| {
                if let Some(new) = Watched::of(fact)
                    && !watched.contains(&new)
                {
                    watched.push(new);
                }
            });
            let numbers = route.outputs().filter_map(|name| names.iter().position(|known| *known == name));
            Ready { when: route.when.clone(), outputs: numbers.fold(0, |bits, output| bits | bit(output)) }
        };
        let routes = routes.iter().map(ready).collect();
        Ok(Self { routes: Some(routes), watched, ..Self::everywhere(names.len()) })
    }

    /// What is known ahead of where lines of a call site go.
    pub(crate) fn decide(&self, known: &Known<'_>) -> Decision {
        let Some(routes) = &self.routes else { return Decision::Fixed(self.all) };
        let mut most = 0;
        let mut asks = false;
        for route in routes {
            match route.when.ahead(known) {
                Answer::No => {}
                Answer::Unknown => {
                    asks = true;
                    most |= route.outputs;
                }
                Answer::Yes if asks => return Decision::Asks(most | route.outputs),
                Answer::Yes => return Decision::Fixed(route.outputs),
            }
        }
        if asks { Decision::Asks(most) } else { Decision::Fixed(0) }
    }

    /// What there is to watch for on a line.
    pub(crate) fn watched(&self) -> &[Watched] {
        &self.watched
    }

    /// Where a line goes, once all of it was seen.
    pub(crate) fn settle(&self, known: &Known<'_>, watch: &Watch<'_>) -> u32 {
        let routes = self.routes.iter().flatten();
        let seen = |fact: &Fact| match fact.ahead(known) {
            // What was not on the line is not so.
            Answer::Unknown => watch.is_so(fact).into(),
            answer => answer,
        };
        let mut first = routes.filter(|route| route.when.ask(&mut { seen }) == Answer::Yes);
        first.next().map_or(0, |route| route.outputs)
    }
}

/// The bit of an output.
pub(crate) fn bit(output: usize) -> u32 {
    u32::try_from(output).ok().and_then(|output| 1u32.checked_shl(output)).unwrap_or(0)
}
