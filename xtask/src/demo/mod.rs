//! The demo: the shop under a bounded load, what its own metrics say meanwhile, and one request's story.

mod answers;
mod bounded;
mod cause;
mod clients;
mod drain;
mod exemplars;
mod find;
mod interrupt;
mod line;
mod load;
mod options;
mod place;
mod quantile;
mod replay;
mod run;
mod say;
pub(crate) mod sink;
pub(crate) mod span;
mod story;
mod summary;
mod tree;

pub(crate) use run::run;
