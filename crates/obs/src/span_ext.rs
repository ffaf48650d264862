//! What the macros of `tracing` cannot say of a span.

use std::borrow::Cow;
use std::fmt;

use obs_core::Context;
use obs_core::context::Ids;
use obs_core::fields::Value;
use obs_core::propagate::Remote;
use obs_trace::layer::TraceLayer;
use obs_trace::record::Status;
use obs_trace::span::{Pointed, Span as Traced};
use tracing::{Dispatch, Id, Span};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::LookupSpan;

use crate::subscriber::Fused;

/// What the macros of `tracing` cannot say of a span: a name made at run time, attributes that were not declared, links,
/// and a parent in another process. With the subscriber of an installation and under
/// [`Builder::compose`](crate::Builder::compose) alike; on spans that are not traced, and with other subscribers, it does
/// nothing.
///
/// ```
/// use obs::SpanExt;
/// use obs::traces::record::Status;
///
/// # #[cfg(all(feature = "logs", feature = "traces"))]
/// # fn main() -> Result<(), obs::Error> {
/// # let obs = obs::builder("orders").admin(obs::Admin::Off).build()?;
/// # let _entered = obs.enter();
/// let span = tracing::info_span!("job");
/// span.set_name(&format!("job {}", 7));
/// span.set_attribute("shard", 3);
/// span.set_status(Status::Error("no disk left"));
/// # Ok(())
/// # }
/// # #[cfg(not(all(feature = "logs", feature = "traces")))]
/// # fn main() {}
/// ```
pub trait SpanExt {
    /// The ids it has, which whoever is called in its name goes by. `None` where it is part of no trace.
    fn context(&self) -> Option<Context>;

    /// Replaces its name, which should be one of few; as the field `otel.name` does. At most 1 KiB of it.
    fn set_name(&self, name: &str);

    /// Sets an attribute, whether it was declared at the macro or not. It is none of the span's fields on lines. On the span
    /// of a request, which others record, it is a field of the whole request.
    fn set_attribute<'a>(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Value<'a>>);

    /// Points at a span of this process, such as one whose work is part of a batch.
    fn add_link(&self, to: Ids);

    /// Points at a span of another process.
    fn add_remote_link(&self, to: &Remote);

    /// Says how it ends: `Ok` is final, `Unset` changes nothing.
    fn set_status(&self, status: Status<'_>);

    /// Puts it under a span of another process, in its trace, as the consumer of a message does. The sampler says whether
    /// that is believed, as of any caller.
    ///
    /// # Errors
    /// [`SetParentError`] once somebody goes by its ids: it was entered, has a child, or was asked for its context; and
    /// where it stands under a span of this process, or is not traced. Nothing changes then.
    fn set_parent(&self, parent: &Remote) -> Result<(), SetParentError>;
}

/// Why a span could not be put under another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetParentError {
    /// Others go by its ids, or it has a parent.
    Settled,
    /// It is not traced.
    Untraced,
}

impl fmt::Display for SetParentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Settled => "the span has a parent, or others go by its ids",
            Self::Untraced => "the span is not traced",
        })
    }
}

impl std::error::Error for SetParentError {}

/// Lends a span as it is traced; `with` runs no code of a user's.
fn traced<R>((id, dispatch): (&Id, &Dispatch), with: impl FnOnce(&mut Traced) -> R) -> Option<R> {
    if let Some(fused) = dispatch.downcast_ref::<Fused>() {
        return fused.traced(id, with);
    }
    let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
    span.extensions_mut().get_mut::<Traced>().map(with)
}

fn opened((id, dispatch): (&Id, &Dispatch)) -> Option<Context> {
    if let Some(fused) = dispatch.downcast_ref::<Fused>() {
        return fused.opened(id);
    }
    let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
    span.extensions().get::<Traced>().map(|span| span.used().clone())
}

/// The request that a span stands for, where it does.
fn request((id, dispatch): (&Id, &Dispatch)) -> Option<Context> {
    if let Some(fused) = dispatch.downcast_ref::<Fused>() {
        return fused.request(id);
    }
    traced((id, dispatch), |span| span.is_bound().then(|| span.context().clone())).flatten()
}

fn adopt((id, dispatch): (&Id, &Dispatch), parent: &Remote) -> Option<bool> {
    if let Some(fused) = dispatch.downcast_ref::<Fused>() {
        return fused.adopt(id, parent);
    }
    let tracer = dispatch.downcast_ref::<TraceLayer>()?.tracer();
    let span = dispatch.downcast_ref::<Registry>()?.span(id)?;
    let metadata = span.metadata();
    span.extensions_mut().get_mut::<Traced>().map(|span| tracer.adopt(span, parent, metadata, None))
}

fn edit(span: &Span, edit: impl FnOnce(&mut Traced)) {
    span.with_subscriber(|at| traced(at, edit));
}

impl SpanExt for Span {
    fn context(&self) -> Option<Context> {
        self.with_subscriber(opened).flatten()
    }

    fn set_name(&self, name: &str) {
        edit(self, |span| span.rename(name));
    }

    fn set_attribute<'a>(&self, key: impl Into<Cow<'static, str>>, value: impl Into<Value<'a>>) {
        // A user's code, so before anything is locked.
        let (key, value) = (key.into(), value.into());
        self.with_subscriber(|at| match request(at) {
            Some(request) => request.local().set_field(key, value),
            None => {
                traced(at, |span| span.set(key, value));
            }
        });
    }

    fn add_link(&self, to: Ids) {
        edit(self, |span| span.link(to));
    }

    fn add_remote_link(&self, to: &Remote) {
        let trace_state = to.trace_state.as_ref().map(obs_core::propagate::TraceState::as_str);
        edit(self, |span| span.point_at(Pointed { ids: to.ids(), remote: true, trace_state }, []));
    }

    fn set_status(&self, status: Status<'_>) {
        edit(self, |span| span.set_status(status));
    }

    fn set_parent(&self, parent: &Remote) -> Result<(), SetParentError> {
        let adopted = self.with_subscriber(|at| adopt(at, parent));
        match adopted.flatten() {
            Some(true) => Ok(()),
            Some(false) => Err(SetParentError::Settled),
            None => Err(SetParentError::Untraced),
        }
    }
}
