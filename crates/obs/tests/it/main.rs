//! The umbrella and its signals together, over real connections.

mod collector;
mod dead_ends;
mod hostile;
mod install;
mod libraries;
mod matrix;
mod process;
mod scrape;
mod semantics;
mod service;
