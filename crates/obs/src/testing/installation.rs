//! The installation of one test, and what is read from it.

use std::ops::Deref;

use obs_metrics::Format;
use obs_trace::sink;

use super::requests::Requests;
use super::{FinishedSpan, Line, Tree, exposition};
use crate::{InCurrent, Obs, in_current};

/// The installation of one test: an [`Obs`] that keeps what it writes. Reads that find nothing say what there was.
#[derive(Debug)]
#[must_use = "dropping it ends the installation"]
pub struct Testing {
    pub(super) obs: Obs,
    pub(super) lines: obs_logs::Memory,
    pub(super) spans: sink::Memory,
    pub(super) requests: Requests,
}

impl Deref for Testing {
    type Target = Obs;

    fn deref(&self) -> &Obs {
        &self.obs
    }
}

impl Testing {
    /// Makes `future` write to this installation, on whatever thread it is polled.
    pub fn run<F: Future>(&self, future: F) -> InCurrent<F> {
        let _entered = self.obs.enter();
        in_current(future)
    }

    /// Waits until `count` requests have ended since the start: with the end of their responses' bodies.
    ///
    /// # Panics
    /// After 10 s without.
    pub async fn requests_ended(&self, count: u64) {
        if let Err(ended) = self.requests.wait(count).await {
            panic!("{ended} of {count} requests have ended; the bodies of the others are still held");
        }
    }

    /// All lines, in the order they were written.
    pub fn lines(&self) -> Vec<Line> {
        self.lines.lines().iter().map(|line| Line::parse(line)).collect()
    }

    /// All lines of this message.
    pub fn lines_of(&self, message: &str) -> Vec<Line> {
        self.lines().into_iter().filter(|line| line.message() == message).collect()
    }

    /// The line whose message is `message`.
    ///
    /// # Panics
    /// Unless there is exactly one.
    #[track_caller]
    pub fn line(&self, message: &str) -> Line {
        let mut found = self.lines_of(message);
        match (found.pop(), found.len()) {
            (Some(line), 0) => line,
            (_, others) => {
                let count = others + usize::from(others > 0);
                panic!(
                    "{count} lines with the message `{message}`, of these:\n{}",
                    self.lines.lines().join("\n")
                )
            }
        }
    }

    /// All spans that have ended, in the order they did.
    pub fn spans(&self) -> Vec<FinishedSpan> {
        self.spans.spans()
    }

    /// The span called `name`.
    ///
    /// # Panics
    /// Unless exactly one has ended.
    #[track_caller]
    pub fn span(&self, name: &str) -> FinishedSpan {
        self.spans.find(name).unwrap_or_else(|| {
            let names: Vec<_> = self.spans().into_iter().map(|span| span.name).collect();
            panic!("not exactly one span called `{name}`, of these: {names:?}")
        })
    }

    /// The span called `root` with all that is below it.
    ///
    /// # Panics
    /// Unless exactly one such span has ended.
    #[track_caller]
    pub fn tree(&self, root: &str) -> Tree {
        Tree::below(self.span(root), &self.spans())
    }

    /// What a scrape in the text format would be, without the families that every service has, whose numbers are not the
    /// test's: those that begin with `obs_`, `process_`, `health_`, `tokio_` or `allocator_`, `build_info` and
    /// `log_lines_total`. [`Testing::family`] has them.
    pub fn exposition(&self) -> String {
        exposition::of_the_service(&self.scrape())
    }

    /// The whole of one family, its `# HELP` and `# TYPE` lines included; empty where there is none.
    pub fn family(&self, name: &str) -> String {
        exposition::family(&self.scrape(), name)
    }

    /// Nothing, where the whole exposition of the service's own families is exactly `expected`: see
    /// [`Testing::exposition`].
    ///
    /// # Panics
    ///
    /// Names the first line that differs, and prints both, where it is not.
    #[track_caller]
    pub fn assert_exposition(&self, expected: &str) {
        exposition::assert_same(&self.exposition(), expected);
    }

    /// Nothing, where the text of one family is exactly `expected`: see [`Testing::family`].
    ///
    /// # Panics
    ///
    /// As [`Testing::assert_exposition`].
    #[track_caller]
    pub fn assert_family(&self, name: &str, expected: &str) {
        exposition::assert_same(&self.family(name), expected);
    }

    /// The value of the one sample of this name that has these labels, and maybe more; `None` where there is none.
    ///
    /// # Panics
    /// Where several have them.
    #[track_caller]
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let scrape = self.scrape();
        let mut found = exposition::samples(&scrape, name, labels);
        let first = found.next();
        assert!(found.next().is_none(), "several samples of {name} have {labels:?}:\n{}", self.family(name));
        first
    }

    fn scrape(&self) -> String {
        String::from_utf8_lossy(&self.obs.recorder().render(Format::Text)).into_owned()
    }
}
