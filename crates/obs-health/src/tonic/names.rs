//! What a name stands for that a caller of `grpc.health.v1` asks about.

use std::collections::BTreeMap;

use super::messages::ServingStatus;
use crate::error::RegisterError;
use crate::registry::Health;
use crate::report::Readiness;

/// The longest name of a service, in bytes.
const LONGEST: usize = 256;

/// What a name is told by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Overall,
    Group(String),
    Liveness,
    StartUp,
}

/// The names that were given; groups are known by theirs without.
#[derive(Clone, Debug)]
pub(super) struct Names(BTreeMap<String, Purpose>);

impl Names {
    /// What is there without being named. A group of such a name, or a service, takes its place.
    const OWN: [(&'static str, Purpose); 3] =
        [("", Purpose::Overall), (super::LIVENESS, Purpose::Liveness), (super::STARTUP, Purpose::StartUp)];

    pub(super) const fn new() -> Self {
        Self(BTreeMap::new())
    }

    pub(super) fn add(&mut self, name: String, purpose: Purpose) -> Result<(), RegisterError> {
        if name.is_empty() || name.len() > LONGEST {
            return Err(RegisterError::Service(name.chars().take(LONGEST).collect()));
        }
        if self.0.len() == super::MAX_SERVICES && !self.0.contains_key(&name) {
            return Err(RegisterError::TooMany { what: "gRPC services", most: super::MAX_SERVICES });
        }
        self.0.insert(name, purpose);
        Ok(())
    }

    /// How a service stands; `None` where there is none of this name.
    pub(super) fn status(&self, health: &Health, name: &str) -> Option<ServingStatus> {
        if let Some(purpose) = self.0.get(name) {
            return Some(purpose.status(health));
        }
        if let Some(readiness) = health.group_readiness(name) {
            return Some(ServingStatus::of(readiness == Readiness::Ready));
        }
        let own = Self::OWN.iter().find(|(own, _)| *own == name);
        own.map(|(_, purpose)| purpose.status(health))
    }

    /// All there are.
    pub(super) fn all(&self, health: &Health) -> Vec<String> {
        let own = Self::OWN.iter().map(|(name, _)| (*name).to_owned());
        own.chain(health.groups()).chain(self.0.keys().cloned()).collect()
    }
}

impl Purpose {
    fn status(&self, health: &Health) -> ServingStatus {
        ServingStatus::of(match self {
            Self::Overall => health.readiness() == Readiness::Ready,
            // A group that is registered later is not ready until then.
            Self::Group(group) => health.group_readiness(group) == Some(Readiness::Ready),
            Self::Liveness => health.is_alive(),
            Self::StartUp => health.has_started(),
        })
    }
}
