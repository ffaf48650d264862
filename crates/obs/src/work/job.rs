//! Jobs: the root of a trace, counts, duration and error in one line.
//!
//! ```
//! # async fn reindex() -> Result<(), std::io::Error> { Ok(()) }
//! # async fn example() -> Result<(), std::io::Error> {
//! obs::job::run("reindex", reindex()).await?;
//! // As a part of what has started this process:
//! obs::job::new("import").from(&obs::environment()).run(reindex()).await
//! # }
//! ```
//!
//! These are of what is installed; [`Obs::job`](crate::Obs::job) is of one installation.

use obs_core::observe::Target;
use obs_core::observe::work::Answer;

pub use obs_core::conventions::job::{Job, Told};

/// Runs the job `name`, the root of a trace of its own.
///
/// # Cancel safety
/// As `future` itself; a drop is told as cancelled.
pub async fn run<A: Answer>(name: impl Into<Target>, future: impl Future<Output = A>) -> A {
    new(name).run(future).await
}

/// A run of the job `name`, of which more is said before it runs.
pub fn new(name: impl Into<Target>) -> Job {
    Job::new(super::base(), name).surrounded(super::around())
}
