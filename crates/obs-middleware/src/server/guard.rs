//! The guard of one request: opened with its context, closed exactly once with its outcome.

use std::any::Any;
use std::fmt::{self, Display};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::{Buf, Bytes};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use obs_core::Outcome;
use obs_core::context::{Context, Ids, TraceFlags};
use obs_core::observe::{Candidate, End, Method, Observer};
use obs_core::propagate::Caller;
use obs_core::time::Monotonic;

use super::answer;
use super::extract::Found;
use super::head::{CalledBy, Head};
use super::incoming::{Measured, Received};
use super::rpc::Rpc;
use super::settings::{Settings, Tell};
use crate::cause::{self, Fault};
use crate::grpc;
use crate::header::{Headers, X_REQUEST_ID, X_TRACE_ID};
use crate::policy::Policy;
use crate::upgrade::Upgraded;
use crate::watch::{Watch, is_bodiless, is_upgrade, panic_text};

/// Moves from the service's future to the response's body. Dropped before it was closed, it closes as cancelled.
pub struct Guard(Box<Open>);

struct Open {
    calling: bool,
    closed: bool,
    tell: Arc<dyn Tell>,
    context: Context,
    head: Head,
    begun: Monotonic,
    echo: Option<HeaderValue>,
    status: Option<StatusCode>,
    response_bytes: u64,
    /// Where it is a remote procedure call.
    rpc: Option<Box<Rpc>>,
    /// What few requests have: a word where there is none of it.
    rare: Option<Box<Rare>>,
}

#[derive(Default)]
struct Rare {
    /// Where more of it is measured.
    measured: Option<Measured>,
    /// Where it asks for another protocol.
    upgrade: Option<Upgraded>,
    /// What the service's `call` panicked with, until the future is polled.
    raised: Mutex<Option<Raised>>,
}

type Raised = Box<dyn Any + Send>;

impl Open {
    fn rare(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    #[cold]
    fn expects_upgrade(&mut self) {
        self.rare().upgrade = Some(Upgraded::expected(&self.tell, &self.context, &self.head));
    }
}

impl Rare {
    /// The response has its head, `after` the request's.
    #[cold]
    fn head<B>(&mut self, after: impl FnOnce() -> Duration, method: Method, response: &mut Response<B>) {
        if let Some(measured) = &mut self.measured {
            measured.head(after);
        }
        if is_upgrade(method, response.status())
            && let Some(upgrade) = self.upgrade.take()
        {
            upgrade.grant(response);
        }
    }
}

impl Guard {
    /// Makes the request's context and tells the observers that it has begun.
    pub(super) fn open<O, R, B>(
        settings: &Arc<Settings<O, R>>,
        policy: Option<&Policy>,
        request: &Request<B>,
    ) -> Self
    where
        O: Observer + 'static,
        R: Send + Sync + 'static,
    {
        let (base, options) = (&settings.base, &settings.options);
        let (started, begun) = (base.clock.now(), base.clock.monotonic());
        let found = Found::of(request.headers());
        let caller = found.caller(request.headers(), &base.propagation);
        let method = Method::parse(request.method().as_str());
        let is_rpc = method == Method::Post && found.content_type().is_some_and(grpc::is_grpc);
        let peer = match crate::peer::peer(request.extensions()) {
            None if is_rpc => crate::peer::peer_of_call(request.extensions()),
            peer => peer,
        };
        let believed = options.trusted.believes(options.trust(policy, request), peer);
        let (mut called_by, mut named, mut asked) = (CalledBy::Nobody, None, None);
        match caller {
            Some(Caller::Span(remote)) if believed => called_by = CalledBy::Parent(remote),
            Some(Caller::Span(remote)) => called_by = CalledBy::Link(remote),
            Some(Caller::Trace(trace_id)) if believed => named = Some(trace_id),
            Some(Caller::Asks(recorded)) if believed => asked = Some(recorded),
            _ => {}
        }
        // All bits of an id of ours are random; a caller's id is as random as it says.
        let (trace_id, flags) = match (called_by.parent(), named) {
            (Some(parent), _) => (parent.trace_id, parent.flags),
            (None, Some(named)) => (named, TraceFlags::default()),
            (None, None) => (base.ids.trace_id(), TraceFlags::default().random()),
        };
        let candidate = Candidate::new(trace_id, called_by.parent()).asked(asked);
        let candidate = candidate.of_request(method, request.uri().path());
        let forced = options.debug.as_ref().is_some_and(|name| forced(name, request, &settings.observers));
        let flags = if forced {
            flags.debug()
        } else {
            let sampled = settings.observers.sample(&candidate);
            flags.sampled(sampled.or(asked).unwrap_or(flags.is_sampled()))
        };
        let mut echo = None;
        let ids = Ids { trace_id, span_id: base.ids.span_id(), flags };
        let context = Context::arranged(ids, |local| {
            let (request_id, value) = found.request_id(&base.ids);
            echo = value;
            local.serve(request_id, called_by.parent().and_then(|parent| parent.trace_state.clone()));
            local.judge_by(&base.redaction);
            if let Some(policy) = policy {
                local.mute(policy.muted);
            }
            if base.propagation.has_baggage() && believed {
                local.carry(base.propagation.read_baggage(&Headers(request.headers())));
            }
        });
        let peer = options.client.of(peer, request.headers());
        // Where it stays from here on: what is made elsewhere would be moved twice.
        let mut open = Box::new(Open {
            calling: false,
            closed: false,
            tell: Arc::clone(settings) as Arc<dyn Tell>,
            context,
            head: Head::of(request, method, &found, peer, started, called_by),
            begun,
            echo,
            status: None,
            response_bytes: 0,
            rpc: is_rpc.then(|| Rpc::begin(&options.methods, request)),
            rare: None,
        });
        let mut view = open.head.first_view();
        if let Some(rpc) = &open.rpc {
            view.rpc = Some(&rpc.call);
            rpc.route(open.context.local());
        }
        settings.observers.start(&open.context, &view);
        if found.upgrade.is_some() || method == Method::Connect {
            open.expects_upgrade();
        }
        Self(open)
    }

    /// Where it is a remote procedure call, whoever watches what comes.
    pub(super) fn receives(&mut self, watch: impl FnOnce() -> Option<Arc<Received>>) {
        if let Some(rpc) = &mut self.0.rpc {
            rpc.received = watch();
        }
    }

    /// Where it is not, what more is measured of it.
    #[cold]
    pub(super) fn measures(&mut self, measured: impl FnOnce() -> Measured) {
        if self.0.rpc.is_none() {
            self.0.rare().measured = Some(measured());
        }
    }

    /// The service's `call` panicked with this: the first poll does.
    #[cold]
    pub(super) fn raises(&mut self, payload: Raised) {
        self.0.rare().raised = Mutex::new(Some(payload));
    }

    /// Whether the service's `call` runs right now, so that a drop meanwhile is its panic.
    pub(super) fn calls(&mut self, calling: bool) {
        self.0.calling = calling;
    }
}

/// Whether the header for debugging is there and good; several are as bad as one that is wrong.
#[inline(never)]
fn forced<B>(name: &HeaderName, request: &Request<B>, observers: &impl Observer) -> bool {
    let mut values = request.headers().get_all(name).into_iter();
    let Some(first) = values.next() else { return false };
    let value = if values.next().is_none() { first.as_bytes() } else { b"" };
    observers.forces(value)
}

impl Watch for Guard {
    fn context(&self) -> &Context {
        &self.0.context
    }

    /// Writes the ids onto it, too.
    fn head<B>(&mut self, response: &mut Response<B>) -> bool {
        let open = &mut *self.0;
        let status = response.status();
        open.status = Some(status);
        let headers = response.headers_mut();
        if let Some(echo) = open.echo.take() {
            headers.insert(X_REQUEST_ID, echo);
        }
        if let Ok(trace_id) = HeaderValue::from_bytes(&open.context.trace_id().to_hex()) {
            headers.insert(X_TRACE_ID, trace_id);
        }
        if let Some(rpc) = &mut open.rpc {
            rpc.answers(headers);
        }
        let method = open.head.method();
        if let Some(rare) = &mut open.rare {
            rare.head(|| open.tell.base().clock.monotonic().since(open.begun), method, response);
        }
        is_bodiless(method, status)
    }

    fn raised(&self) -> Option<Raised> {
        self.0.rare.as_ref()?.raised.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    #[cold]
    fn answer(&mut self) -> Option<Response<Bytes>> {
        if !self.0.tell.options().answers_panics {
            return None;
        }
        let is_rpc = self.0.rpc.is_some();
        let mut answer =
            if is_rpc { answer::of_rpc() } else { answer::problem(&self.0.context, self.0.head.method()) };
        self.head(&mut answer);
        self.0.response_bytes = answer.body().len() as u64;
        Some(answer)
    }

    fn ends_with_trailers(&self) -> bool {
        self.0.rpc.as_ref().is_some_and(|rpc| !rpc.is_plain())
    }

    fn passed<D: Buf>(&mut self, data: &D) -> u64 {
        let open = &mut *self.0;
        open.response_bytes = open.response_bytes.saturating_add(data.remaining() as u64);
        if let Some(rpc) = &mut open.rpc {
            rpc.sends(data);
        }
        open.response_bytes
    }

    fn trailers(&mut self, trailers: &HeaderMap) {
        if let Some(rpc) = &mut self.0.rpc {
            rpc.tells(trailers);
        }
    }

    fn complete(mut self) {
        let open = &mut *self.0;
        let outcome = open.status.map_or(Outcome::Success, |status| Outcome::of_status(status.as_u16()));
        open.close(outcome, None);
    }

    fn fail<E: Display + 'static>(mut self, error: &E) {
        let text = cause::text_of(error);
        let late = cause::fault_of(error, &text) == Fault::Timeout;
        let outcome = if late { Outcome::TimedOut } else { Outcome::ServerError };
        self.0.close(outcome, Some(&text));
    }

    fn panicked(mut self, payload: &(dyn Any + Send)) {
        self.0.close(Outcome::Panicked, panic_text(payload));
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("context", &self.0.context)
            .field("closed", &self.0.closed)
            .finish_non_exhaustive()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Panics in polls were caught where they happened: whoever else drops an open guard has lost interest, even
        // if it is because something of its own panics.
        let panicked = self.0.calling && std::thread::panicking();
        let outcome = if panicked { Outcome::Panicked } else { Outcome::Cancelled };
        self.0.close(outcome, None);
    }
}

impl Open {
    /// The first call counts; a guard that was consumed calls once more when it is dropped.
    fn close(&mut self, outcome: Outcome, error: Option<&str>) {
        if std::mem::replace(&mut self.closed, true) {
            return;
        }
        let base = self.tell.base();
        let duration = base.clock.monotonic().since(self.begun);
        let mut end = End::new(outcome, duration);
        end.status = self.status.map(|status| status.as_u16());
        end.response_bytes = self.response_bytes;
        end.error = error;
        if let Some(measured) = self.rare.as_ref().and_then(|rare| rare.measured.as_ref()) {
            measured.tell(&mut end);
        }
        let mut request = self.head.view();
        request.judge(&base.redaction);
        match &mut self.rpc {
            None => self.tell.conclude(&self.context, &request, &end),
            Some(rpc) => rpc.conclude(&*self.tell, &self.context, request, end),
        }
    }
}
