//! What stands at a key, once it has been read.

use std::time::Duration;

use obs_core::Declaration;

use crate::config::{Admin, BucketRule, LogDestination, LogRoute, RequestRoute, TraceRoute};

/// A value; which one fits a key is said by its kind.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    /// Nothing is chosen.
    None,
    Text(String),
    Flag(bool),
    Word(&'static str),
    Time(Duration),
    Whole(u64),
    Number(f64),
    Bounds(Vec<f64>),
    Rules(Vec<BucketRule>),
    Families(Vec<Declaration>),
    Outputs(Vec<LogDestination>),
    Routes(Vec<LogRoute>),
    Shares(Vec<TraceRoute>),
    Policies(Vec<RequestRoute>),
    Names(Vec<String>),
    Pairs(Vec<(String, String)>),
    Address(Admin),
}

impl Value {
    /// The whole number, in whatever size is asked for; the reader has made sure that it fits.
    pub(in crate::config) fn whole<N: TryFrom<u64>>(self) -> Option<N> {
        match self {
            Self::Whole(number) => N::try_from(number).ok(),
            _ => None,
        }
    }

    /// What a number chooses, as a value.
    pub(super) fn from_whole(number: usize) -> Self {
        Self::Whole(u64::try_from(number).unwrap_or(u64::MAX))
    }

    /// What a text that may be missing chooses, as a value.
    pub(in crate::config) fn from_text(text: Option<&str>) -> Self {
        text.map_or(Self::None, |text| Self::Text(text.to_owned()))
    }
}

/// Where a collector takes spans.
pub(in crate::config) const TRACES_PATH: &str = "/v1/traces";

/// The place spans are posted to: `/v1/traces` behind what an operator wrote, unless it stands there already
/// (OpenTelemetry specification, "OTLP Exporter", endpoint URLs for OTLP/HTTP).
pub(in crate::config) fn with_path(url: String) -> String {
    let (place, query) = match url.find('?') {
        Some(at) => url.split_at(at),
        None => (url.as_str(), ""),
    };
    let place = place.trim_end_matches('/');
    if place.ends_with(TRACES_PATH) {
        format!("{place}{query}")
    } else {
        format!("{place}{TRACES_PATH}{query}")
    }
}
