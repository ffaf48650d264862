//! The demo: the quickstart under a bounded load, what its own metrics say meanwhile, and one request's story.

mod interrupt;
mod load;
mod run;
mod sink;
mod span;
mod story;
mod summary;

pub(crate) use run::run;
