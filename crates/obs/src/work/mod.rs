//! Queries, looks into caches, messages, jobs and calls in one line each, by what is installed here.

pub mod cache;
pub mod db;
#[cfg(feature = "middleware")]
pub mod http;
pub mod job;
#[cfg(feature = "client-lapin")]
pub mod lapin;
pub mod messaging;

mod child;
mod handles;

use std::sync::Arc;

use obs_core::Base;
use obs_core::context::Around;

use crate::entry::{AroundRequest, Entry};
use crate::install;
pub use child::{environment, inject};

/// The base of the installation that was entered on this thread, or else of the process's own.
fn base() -> Option<Arc<Base>> {
    match Entry::current() {
        Some(entry) => Some(Arc::clone(entry.base())),
        None => install::base().cloned(),
    }
}

/// What is to be entered around the polls of a local root that begins here.
fn around() -> Option<Arc<dyn Around>> {
    Entry::current().map(|entry| Arc::new(AroundRequest(entry)) as Arc<dyn Around>)
}
