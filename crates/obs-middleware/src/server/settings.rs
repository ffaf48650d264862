//! What a server layer was told, shared by all its services.

use std::sync::Arc;

use http::{HeaderName, Request};
use obs_core::context::Context;
use obs_core::observe::{self, End, Method, UpgradeEnd};
use obs_core::{Base, Observer, Pattern};

use crate::grpc::Methods;
use crate::policy::Policy;
use crate::proxies::Client;
use crate::trust::{Trust, Trusted};

pub(super) struct Settings<O, R> {
    pub(super) base: Arc<Base>,
    pub(super) observers: O,
    pub(super) route: R,
    pub(super) options: Options,
}

/// What is chosen of a layer, but for who learns of its requests.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    pub(super) trusted: Trusted,
    pub(super) debug: Option<HeaderName>,
    pub(super) methods: Arc<Methods>,
    pub(super) policies: Vec<Policy>,
    /// Whether some path is not to be believed: one whose end is not looked at may be that.
    pub(super) doubts_long_paths: bool,
    pub(super) client: Client,
    pub(super) measures: Measures,
    pub(super) answers_panics: bool,
}

/// What is measured of each request, beside what costs nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measures {
    pub(super) sizes: bool,
    pub(super) head: bool,
}

impl Options {
    /// What was said of requests like this one.
    #[inline]
    pub(super) fn policy<B>(&self, request: &Request<B>) -> Option<&Policy> {
        if self.policies.is_empty() {
            return None;
        }
        let method = Method::parse(request.method().as_str());
        self.policies.iter().find(|policy| policy.is_about(method, request.uri().path()))
    }

    /// How far the caller of a request is believed that has `policy`, where it is not as far as all others.
    #[inline]
    pub(super) fn trust<B>(&self, policy: Option<&Policy>, request: &Request<B>) -> Option<Trust> {
        if self.doubts_long_paths && !Pattern::sees_all_of(request.uri().path()) {
            return Some(Trust::Edge);
        }
        policy.and_then(|policy| policy.trust)
    }
}

impl<O: Clone, R: Clone> Clone for Settings<O, R> {
    fn clone(&self) -> Self {
        Self {
            base: Arc::clone(&self.base),
            observers: self.observers.clone(),
            route: self.route.clone(),
            options: self.options.clone(),
        }
    }
}

/// The layer's settings with the observers' type left out, so that it does not spread into bodies and futures.
pub(crate) trait Tell: Send + Sync {
    fn base(&self) -> &Base;
    fn options(&self) -> &Options;
    fn conclude(&self, context: &Context, request: &observe::Request<'_>, end: &End<'_>);
    fn upgraded(&self, context: &Context, request: &observe::Request<'_>);
    fn closed(&self, context: &Context, request: &observe::Request<'_>, end: &UpgradeEnd<'_>);
}

impl<O: Observer, R: Send + Sync> Tell for Settings<O, R> {
    fn base(&self) -> &Base {
        &self.base
    }

    fn options(&self) -> &Options {
        &self.options
    }

    fn conclude(&self, context: &Context, request: &observe::Request<'_>, end: &End<'_>) {
        observe::conclude(&self.observers, context, request, end);
    }

    fn upgraded(&self, context: &Context, request: &observe::Request<'_>) {
        self.observers.upgraded(context, request);
    }

    fn closed(&self, context: &Context, request: &observe::Request<'_>, end: &UpgradeEnd<'_>) {
        self.observers.closed(context, request, end);
    }
}
