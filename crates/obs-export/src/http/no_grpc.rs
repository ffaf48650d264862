//! Where gRPC is not built in no answer has a status of its.

use std::time::Duration;

use super::Fate;

/// There is none.
#[derive(Clone, Debug)]
pub(super) enum Status {}

impl Status {
    pub(super) fn text(&self) -> &str {
        match *self {}
    }

    pub(super) fn fate(&self, _: bool) -> Fate {
        match *self {}
    }

    pub(super) fn is_its_own_trouble(&self) -> bool {
        match *self {}
    }

    pub(super) fn asked(&self) -> Option<Duration> {
        match *self {}
    }

    pub(super) fn is_too_large(&self, _: usize) -> bool {
        match *self {}
    }
}
