//! An observer that writes down what it is told, on a clock and ids that never surprise.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use obs_core::context::{Ids, Muted};
use obs_core::observe::{Candidate, End, Request, UpgradeEnd, Verdict};
use obs_core::{Base, Clock, Context, IdSource, Observer, Resource, Timestamp};
use obs_middleware::ServerLayer;

#[derive(Clone, Default)]
pub(crate) struct Spy {
    head: Option<bool>,
    seen: Arc<Mutex<Vec<Seen>>>,
    started: Arc<Mutex<u32>>,
    upgraded: Arc<Mutex<Vec<String>>>,
}

/// One finished request, as it was told.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) outcome: &'static str,
    pub(crate) status: Option<u16>,
    pub(crate) route: Option<&'static str>,
    pub(crate) bytes: u64,
    pub(crate) millis: u128,
    pub(crate) head_millis: Option<u128>,
    pub(crate) request_bytes: Option<u64>,
    pub(crate) muted: bool,
    pub(crate) error: Option<String>,
    pub(crate) ids: Ids,
    pub(crate) request_id: String,
    pub(crate) parent: Option<String>,
    pub(crate) link: Option<String>,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) verdict: Verdict,
    /// Of a remote procedure call its method and code.
    pub(crate) rpc: Option<(&'static str, &'static str)>,
}

impl Spy {
    /// Answers each candidate with `head`.
    pub(crate) fn deciding(head: Option<bool>) -> Self {
        Self { head, ..Self::default() }
    }

    /// The one request that was started and finished.
    #[track_caller]
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen.lock().unwrap();
        assert_eq!((*self.started.lock().unwrap(), seen.len()), (1, 1), "{seen:?}");
        seen[0].clone()
    }

    /// What was told of upgraded connections.
    pub(crate) fn of_upgrades(&self) -> Vec<String> {
        self.upgraded.lock().unwrap().clone()
    }

    fn note(&self, what: String) {
        self.upgraded.lock().unwrap().push(what);
    }

    pub(crate) fn all(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn unfinished(&self) -> usize {
        *self.started.lock().unwrap() as usize - self.seen.lock().unwrap().len()
    }
}

impl Observer for Spy {
    fn sample(&self, _: &Candidate<'_>) -> Option<bool> {
        self.head
    }

    fn forces(&self, value: &[u8]) -> bool {
        value == b"good"
    }

    fn start(&self, _: &Context, _: &Request<'_>) {
        *self.started.lock().unwrap() += 1;
    }

    fn finish(&self, context: &Context, request: &Request<'_>, end: &End<'_>, verdict: Verdict) {
        self.seen.lock().unwrap().push(Seen {
            outcome: end.outcome.as_str(),
            status: end.status,
            route: context.local().route().map(|route| route.as_str()),
            bytes: end.response_bytes,
            millis: end.duration.as_millis(),
            head_millis: end.head.map(|head| head.as_millis()),
            request_bytes: end.request_bytes,
            muted: context.local().mutes(Muted::LINE),
            error: end.error.map(str::to_owned),
            ids: context.ids(),
            request_id: context.request_id().unwrap().to_string(),
            parent: request.parent.map(|remote| remote.span_id.to_string()),
            link: request.link.map(|remote| remote.span_id.to_string()),
            method: format!("{} {}", request.method.as_str(), request.method_original),
            path: request.path.to_owned(),
            peer: request.peer,
            verdict,
            rpc: request.rpc.zip(end.rpc).map(|(call, how)| (call.method.full, how.code.as_str())),
        });
    }

    fn upgraded(&self, context: &Context, request: &Request<'_>) {
        self.note(format!("upgraded {} {}", request.path, context.request_id().unwrap()));
    }

    fn closed(&self, context: &Context, request: &Request<'_>, end: &UpgradeEnd<'_>) {
        let UpgradeEnd { outcome, duration, protocol, received, sent, .. } = *end;
        let bytes = received.zip(sent);
        let id = context.request_id().unwrap();
        self.note(format!(
            "closed {} {id} {} {}ms {protocol:?} {bytes:?}",
            request.path,
            outcome.as_str(),
            duration.as_millis()
        ));
    }
}

/// A layer, the spy in it, and the clock they share.
pub(crate) fn layer() -> (ServerLayer<Spy>, Spy, Clock) {
    let clock = Clock::manual(Timestamp::from_unix_nanos(1_000_000));
    let base = Base::with(Resource::new("test"), clock.clone(), IdSource::seeded(1));
    let spy = Spy::default();
    (ServerLayer::new(base, spy.clone()), spy, clock)
}

pub(crate) const TICK: Duration = Duration::from_millis(7);
