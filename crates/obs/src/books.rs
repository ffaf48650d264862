//! What became of all that was recorded, by way out: what an end returns, and what can be asked at any time.

use std::fmt;
use std::time::Duration;

use obs_core::keys::{Metric, metric};
use obs_core::meter::Meter;

use crate::Obs;

/// The books of each way out, such as spans to a collector or lines to a file. They are those of `/metrics`
/// (`obs_pipeline_…`): at rest `produced = delivered + dropped + pending`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Books {
    ways: Vec<WayOut>,
}

/// The books of one way out, since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WayOut {
    /// Its name on metrics.
    pub pipeline: String,
    /// Records handed to it.
    pub produced: u64,
    /// Records the other side has.
    pub delivered: u64,
    /// Records that wait or are being sent; after an end, those that were being sent while it hung, and those in a
    /// journal, which wait for the next process.
    pub pending: u64,
    /// Records that are lost, by reason; after an end `shutdown` are those there was no time for.
    pub dropped: Vec<(String, u64)>,
}

impl WayOut {
    /// How many are lost, for whatever reason.
    pub fn lost(&self) -> u64 {
        self.dropped.iter().map(|(_, count)| count).sum()
    }
}

impl Books {
    /// Each way out, in the order they were started.
    pub fn ways(&self) -> &[WayOut] {
        &self.ways
    }

    /// The way out of this name.
    pub fn of(&self, pipeline: &str) -> Option<&WayOut> {
        self.ways.iter().find(|way| way.pipeline == pipeline)
    }

    /// Whether all that was ever recorded has been delivered.
    pub fn is_delivered(&self) -> bool {
        self.ways.iter().all(|way| way.delivered == way.produced)
    }

    fn entry(&mut self, pipeline: &str) -> &mut WayOut {
        let at = self.ways.iter().position(|way| way.pipeline == pipeline).unwrap_or_else(|| {
            self.ways.push(WayOut { pipeline: pipeline.to_owned(), ..WayOut::default() });
            self.ways.len() - 1
        });
        &mut self.ways[at]
    }
}

/// Takes the numbers of ways out, and nothing else.
impl Meter for Books {
    fn counter(&mut self, asked: &'static Metric, labels: &[&str], value: u64) {
        let [pipeline, rest @ ..] = labels else { return };
        let is = |metric: &Metric| asked.name == metric.name;
        if is(&metric::PIPELINE_PRODUCED) {
            self.entry(pipeline).produced += value;
        } else if is(&metric::PIPELINE_DELIVERED) {
            self.entry(pipeline).delivered += value;
        } else if let (true, [reason], 1..) = (is(&metric::PIPELINE_DROPPED), rest, value) {
            self.entry(pipeline).dropped.push(((*reason).to_owned(), value));
        }
    }

    fn gauge(&mut self, asked: &'static Metric, labels: &[&str], value: f64) {
        if let (true, [pipeline, ..]) = (asked.name == metric::PIPELINE_PENDING.name, labels) {
            self.entry(pipeline).pending += value as u64;
        }
    }
}

/// One line for each way out.
impl fmt::Display for Books {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, way) in self.ways.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            let WayOut { pipeline, produced, delivered, pending, .. } = way;
            write!(f, "{pipeline}: {delivered} of {produced} delivered")?;
            if *pending > 0 {
                write!(f, ", {pending} pending")?;
            }
            for (reason, count) in &way.dropped {
                write!(f, ", {count} lost ({reason})")?;
            }
        }
        Ok(())
    }
}

impl Obs {
    /// The books as they stand.
    pub fn books(&self) -> Books {
        let mut books = Books::default();
        // A source that panics has no books.
        self.base().sources.collect(&mut books);
        books
    }

    /// Ends the installation: takes nothing more, delivers what waits within `deadline`, ends its threads, and tells what
    /// became of all that was recorded. It returns at most a quarter of a second after the deadline, whatever the other
    /// side does, and may be called on any thread, one of an async runtime included: what is sent does not need the
    /// caller's runtime. A further call, and the drop, find it ended and return at once.
    ///
    /// ```
    /// # #[cfg(feature = "logs")]
    /// # fn main() -> Result<(), obs::Error> {
    /// # use std::time::Duration;
    /// let mut obs = obs::builder("orders").admin(obs::Admin::Off).build()?;
    /// let books = obs.shutdown(Duration::from_secs(2));
    /// assert!(books.is_delivered(), "{books}");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "logs"))]
    /// # fn main() {}
    /// ```
    pub fn shutdown(&mut self, deadline: Duration) -> Books {
        self.finish(deadline);
        self.books()
    }
}
