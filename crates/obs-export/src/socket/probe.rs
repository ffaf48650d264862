//! A first question to places that do not answer: whether they can be opened.

use std::fmt;
use std::io;
use std::time::Duration;

use super::cause::trouble;
use super::dial::{Site, dial, is_over};
use crate::retry::Patience;
use crate::watch::{Question, Trouble, Unwell};

/// Opens each place once and closes it again; nothing is sent. Of UDP no more can be known so than that its host has an
/// address to which there is a way.
#[derive(Clone)]
pub struct Probe {
    places: Vec<Site>,
    timeout: Duration,
}

impl Probe {
    pub(super) fn new(places: impl IntoIterator<Item = Site>, timeout: Duration) -> Self {
        Self { places: places.into_iter().collect(), timeout }
    }
}

impl Question for Probe {
    fn ask(&self, patience: &dyn Patience, tell: &mut dyn FnMut(Unwell)) -> io::Result<()> {
        for place in &self.places {
            let opened = dial(place, self.timeout, patience, |mut wire| {
                let found = wire.check();
                wire.close();
                found
            });
            if is_over(patience) {
                break;
            }
            if let Err(error) = opened {
                let trouble = trouble(&error);
                let words = (trouble == Trouble::Other).then(|| error.to_string());
                tell(Unwell::new(place.to_string(), trouble, words));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places: Vec<_> = self.places.iter().map(ToString::to_string).collect();
        f.debug_struct("Probe").field("places", &places).finish_non_exhaustive()
    }
}
