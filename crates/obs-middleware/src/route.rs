//! Where the route template comes from; never from the raw path.

use http::{Extensions, Uri};
use obs_core::context::Route;

/// Finds the template of a request that is about to be served.
pub trait RouteOf: Send + Sync {
    /// The template, or `None` when no route is known (yet).
    fn route(&self, uri: &Uri, extensions: &Extensions) -> Option<Route>;
}

/// No template is known: all requests count as unmatched unless a layer further in fills the route.
impl RouteOf for () {
    fn route(&self, _: &Uri, _: &Extensions) -> Option<Route> {
        None
    }
}

/// Always the same template: a client of one end point.
impl RouteOf for Route {
    fn route(&self, _: &Uri, _: &Extensions) -> Option<Route> {
        Some(*self)
    }
}

impl<F> RouteOf for F
where
    F: Fn(&Uri, &Extensions) -> Option<Route> + Send + Sync,
{
    fn route(&self, uri: &Uri, extensions: &Extensions) -> Option<Route> {
        self(uri, extensions)
    }
}

/// What the enabled features know: axum's `MatchedPath`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known;

impl RouteOf for Known {
    fn route(&self, _: &Uri, extensions: &Extensions) -> Option<Route> {
        framework::route(extensions)
    }
}

pub(crate) use framework::peer as peer_of_framework;

#[cfg(feature = "axum")]
mod framework {
    //! What axum leaves in the extensions of a request.

    use std::net::SocketAddr;

    use axum::extract::{ConnectInfo, MatchedPath};
    use http::Extensions;
    use obs_core::context::Route;

    pub(super) fn route(extensions: &Extensions) -> Option<Route> {
        extensions.get::<MatchedPath>().map(|path| Route::new(path.as_str()))
    }

    pub(crate) fn peer(extensions: &Extensions) -> Option<SocketAddr> {
        extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0)
    }
}

#[cfg(not(feature = "axum"))]
mod framework {
    //! Nothing is known without a framework.

    use std::net::SocketAddr;

    use http::Extensions;
    use obs_core::context::Route;

    pub(super) fn route(_: &Extensions) -> Option<Route> {
        None
    }

    pub(crate) fn peer(_: &Extensions) -> Option<SocketAddr> {
        None
    }
}
