//! A registry whose time passes when a test says so, and what tests ask of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use http::{Method, Request};
use obs_core::{Base, Clock, IdSource, Phase, Resource, Timestamp};
use obs_health::{Check, CheckReport, Health, Status, admin};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A registry on a clock that moves only when told, of a service that is ready.
pub(crate) struct Rig {
    pub(crate) base: Arc<Base>,
    pub(crate) clock: Clock,
    pub(crate) health: Health,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let rig = Self::starting();
        rig.base.lifecycle.advance(Phase::Ready);
        rig
    }

    /// The same of a service that is starting.
    pub(crate) fn starting() -> Self {
        let clock = Clock::manual(Timestamp::default());
        let base = Base::with(Resource::new("test"), clock.clone(), IdSource::random());
        let health = Health::new(Arc::clone(&base));
        Self { base, clock, health }
    }

    /// Lets time pass on both clocks: tokio's, which is paused, and the base's, in steps, so that what happens
    /// in between is stamped with about its time.
    pub(crate) async fn pass(&self, time: Duration) {
        const STEP: Duration = Duration::from_millis(100);
        let mut left = time;
        while !left.is_zero() {
            let step = left.min(STEP);
            self.clock.advance(step);
            tokio::time::sleep(step).await;
            left -= step;
        }
        settle().await;
    }

    pub(crate) fn report(&self, name: &str) -> CheckReport {
        self.health.checks().into_iter().find(|check| check.name == name).unwrap()
    }

    pub(crate) fn status(&self, name: &str) -> Status {
        self.report(name).status
    }

    pub(crate) fn error(&self, name: &str) -> String {
        self.report(name).error.unwrap()
    }

    /// Status and body of a probe.
    pub(crate) fn get(&self, uri: &str) -> (u16, String) {
        let response = ask(&self.health, &Method::GET, uri);
        (response.status().as_u16(), String::from_utf8(response.body().to_vec()).unwrap())
    }

    /// A verbose answer, as data.
    pub(crate) fn json(&self, uri: &str) -> (u16, serde_json::Value) {
        let (status, body) = self.get(uri);
        (status, serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error} in {body}")))
    }
}

pub(crate) fn ask(health: &Health, method: &Method, uri: &str) -> http::Response<bytes::Bytes> {
    admin::respond(health, &Request::builder().method(method).uri(uri).body(()).unwrap())
}

/// Lets all tasks go on as far as they get without time passing on the base's clock. tokio's, which is paused, moves
/// by its least step, which it does only when every task waits.
pub(crate) async fn settle() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

/// How often something happened.
#[derive(Clone, Default)]
pub(crate) struct Count(Arc<AtomicU64>);

impl Count {
    /// Counts; returns how often there was before.
    pub(crate) fn add(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A check that fails while it is told to.
#[derive(Clone, Default)]
pub(crate) struct Switch(Arc<AtomicBool>);

impl Switch {
    pub(crate) fn fail(&self, fails: bool) {
        self.0.store(fails, Ordering::SeqCst);
    }

    pub(crate) fn check(&self) -> impl Check + use<> {
        let this = self.clone();
        move || {
            let fails = this.0.load(Ordering::SeqCst);
            async move { if fails { Err("refused") } else { Ok(()) } }
        }
    }
}
