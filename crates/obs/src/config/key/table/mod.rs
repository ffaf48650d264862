//! The table itself, a file for each section.

mod forms;
mod journal;
mod links;
mod logs;
mod macros;
mod metrics;
mod redaction;
mod requests;
mod sampling;
mod service;
mod service_life;
mod traces;

use super::Key;

/// Every key, in the order of the page. Within a section, what others lean on comes first.
const TABLE: [&[Key]; 11] = [
    service::KEYS,
    metrics::KEYS,
    logs::KEYS,
    traces::KEYS,
    sampling::KEYS,
    journal::KEYS,
    requests::KEYS,
    links::KEYS,
    redaction::KEYS,
    service_life::KEYS,
    metrics::BESIDE,
];

/// Every key, in the order of the page.
pub(in crate::config) fn keys() -> impl Iterator<Item = &'static Key> {
    TABLE.into_iter().flatten()
}
