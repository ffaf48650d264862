//! The guard of one request: opened with its context, closed exactly once with its outcome.

use std::any::Any;
use std::fmt::{self, Display};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, Bytes};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use obs_core::Outcome;
use obs_core::context::{Context, Ids, Local, TraceFlags};
use obs_core::observe::{Candidate, End, Method, Observer};
use obs_core::propagate::Caller;
use obs_core::time::Monotonic;

use super::answer;
use super::extract::Found;
use super::head::Head;
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
    /// Where more of it is measured.
    measured: Option<Box<Measured>>,
    /// Where it asks for another protocol.
    upgrade: Option<Upgraded>,
    /// What the service's `call` panicked with, until the future is polled.
    raised: Option<Box<Mutex<Option<Raised>>>>,
}

type Raised = Box<dyn Any + Send>;

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
        let (started, begun) = base.clock.moment();
        let found = Found::of(request.headers());
        let caller = found.caller(request.headers(), &base.propagation);
        let peer = crate::peer::peer(request.extensions());
        let believed = options.trusted.believes(policy.and_then(|policy| policy.trust), peer);
        let (mut parent, mut link, mut named, mut asked) = (None, None, None, None);
        match caller {
            Some(Caller::Span(remote)) if believed => parent = Some(remote),
            Some(Caller::Span(remote)) => link = Some(remote),
            Some(Caller::Trace(trace_id)) if believed => named = Some(trace_id),
            Some(Caller::Asks(recorded)) if believed => asked = Some(recorded),
            _ => {}
        }
        // All bits of an id of ours are random; a caller's id is as random as it says.
        let (trace_id, flags) = match (&parent, named) {
            (Some(parent), _) => (parent.trace_id, parent.flags),
            (None, Some(named)) => (named, TraceFlags::default()),
            (None, None) => (base.ids.trace_id(), TraceFlags::default().random()),
        };
        let method = Method::parse(request.method().as_str());
        let candidate = Candidate::new(trace_id, parent.as_ref()).asked(asked);
        let candidate = candidate.of_request(method, request.uri().path());
        let forced = options.debug.as_ref().is_some_and(|name| forced(name, request, &settings.observers));
        let flags = if forced {
            flags.debug()
        } else {
            let sampled = settings.observers.sample(&candidate);
            flags.sampled(sampled.or(asked).unwrap_or(flags.is_sampled()))
        };
        let (request_id, echo) = found.request_id(&base.ids);
        let trace_state = parent.as_ref().and_then(|parent| parent.trace_state.clone());
        let ids = Ids { trace_id, span_id: base.ids.span_id(), flags };
        let mut local = Local::server(request_id, trace_state).judged_by(&base.redaction);
        if let Some(policy) = policy {
            local = local.muted(policy.muted);
        }
        if base.propagation.has_baggage() && believed {
            local = local.carrying(base.propagation.read_baggage(&Headers(request.headers())));
        }
        let context = Context::root(ids, local);
        let peer = options.client.of(peer, request.headers());
        let head = Head::of(request, method, &found, peer, started, parent, link);
        let rpc = found.content_type.filter(|value| method == Method::Post && grpc::is_grpc(value));
        let rpc = rpc.map(|_| Rpc::begin(&options.methods, request));
        let mut view = head.first_view();
        if let Some(rpc) = &rpc {
            view.rpc = Some(&rpc.call);
            rpc.route(context.local());
        }
        settings.observers.start(&context, &view);
        let tell = Arc::clone(settings) as Arc<dyn Tell>;
        let upgrade = (found.upgrade.is_some() || method == Method::Connect)
            .then(|| Upgraded::expected(&tell, &context, &head));
        Self(Box::new(Open {
            calling: false,
            closed: false,
            tell,
            context,
            head,
            begun,
            echo,
            status: None,
            response_bytes: 0,
            rpc,
            measured: None,
            upgrade,
            raised: None,
        }))
    }

    /// Where it is a remote procedure call, whoever watches what comes.
    pub(super) fn receives(&mut self, watch: impl FnOnce() -> Option<Arc<Received>>) {
        if let Some(rpc) = &mut self.0.rpc {
            rpc.received = watch();
        }
    }

    /// Where it is not, what more is measured of it.
    pub(super) fn measures(&mut self, measured: impl FnOnce() -> Measured) {
        if self.0.rpc.is_none() {
            self.0.measured = Some(Box::new(measured()));
        }
    }

    /// The service's `call` panicked with this: the first poll does.
    #[cold]
    pub(super) fn raises(&mut self, payload: Raised) {
        self.0.raised = Some(Box::new(Mutex::new(Some(payload))));
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
            rpc.tells(headers);
        }
        if let Some(measured) = &mut open.measured {
            measured.head(|| open.tell.base().clock.monotonic().since(open.begun));
        }
        let method = open.head.method();
        if open.upgrade.is_some()
            && is_upgrade(method, status)
            && let Some(upgrade) = open.upgrade.take()
        {
            upgrade.grant(response);
        }
        is_bodiless(method, status)
    }

    fn raised(&self) -> Option<Raised> {
        self.0.raised.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).take()
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
        self.0.rpc.is_some()
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
        if let Some(measured) = &self.measured {
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
