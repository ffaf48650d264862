//! What may be chosen of a server layer.

use std::sync::Arc;

use http::HeaderName;
use obs_core::Network;

use super::ServerLayer;
use super::settings::{Options, Settings};
use crate::policy::Policy;
use crate::proxies::{ClientAddress, ProxyHeader};
use crate::route::RouteOf;
use crate::trust::Trust;

impl<O: Clone, R: Clone> ServerLayer<O, R> {
    fn with(self, choose: impl FnOnce(&mut Options)) -> Self {
        let mut settings = Arc::unwrap_or_clone(self.settings);
        choose(&mut settings.options);
        Self { settings: Arc::new(settings) }
    }

    /// How far callers are believed; default [`Trust::Internal`].
    pub fn trust(self, trust: Trust) -> Self {
        self.with(|options| options.trusted.trust = trust)
    }

    /// The peers whose trace goes on under [`Trust::Edge`] too, by the address of their connection; default none.
    pub fn trusted_peers(self, peers: impl IntoIterator<Item = Network>) -> Self {
        self.with(|options| options.trusted.peers = peers.into_iter().collect())
    }

    /// The header by which somebody may have a request recorded whatever else decides, where an observer finds its value good
    /// ([`Observer::forces`](obs_core::Observer::forces)); default none, as with what is no name of a header. Believed of
    /// anybody: it is the value that proves who sent it.
    pub fn debug_header(self, name: impl TryInto<HeaderName>) -> Self {
        self.with(|options| options.debug = name.try_into().ok())
    }

    /// Services and methods of gRPC that are known before they are called: `package.Service`, or `package.Service/Method`. Others
    /// are known from the first answer that only their own code gives; until then they count as `_OTHER`, under their service
    /// where that is known. Default none.
    pub fn grpc_services<N: AsRef<str>>(self, names: impl IntoIterator<Item = N>) -> Self {
        let names = names.into_iter().map(|name| name.as_ref().to_owned());
        self.with(|options| options.methods = Arc::new(options.methods.and(names)))
    }

    /// What holds for the requests of some paths, the first that fits; default none.
    pub fn policies(self, policies: impl IntoIterator<Item = Policy>) -> Self {
        self.with(|options| {
            options.policies = policies.into_iter().collect();
            options.doubts_long_paths =
                options.policies.iter().any(|policy| policy.trust == Some(Trust::Edge));
        })
    }

    /// How much is told of the address a request came from; default [`ClientAddress::Peer`].
    pub fn client_address(self, address: ClientAddress) -> Self {
        self.with(|options| options.client.address = address)
    }

    /// The proxies in front, and the header in which they say who asked them; default none. A request whose connection comes from
    /// one of these addresses is told as that of whoever is named there, as far as [`ServerLayer::client_address`] says.
    pub fn trusted_proxies(self, header: ProxyHeader, proxies: impl IntoIterator<Item = Network>) -> Self {
        self.with(|options| {
            options.client.header = header;
            options.client.proxies = proxies.into_iter().collect();
        })
    }

    /// Measures how large the bodies of requests are; default not. Those of axum and tonic are looked at as the service reads
    /// them; of others it is what `Content-Length` promises, and nothing without that over HTTP/2 and where `Transfer-Encoding` says
    /// that there is a body. Responses are always counted. Remote procedure calls are counted by their messages alone.
    pub fn measure_sizes(self) -> Self {
        self.with(|options| options.measures.sizes = true)
    }

    /// Measures the time to the response's head apart from the whole; default not. It is what an event stream or a large download
    /// is judged by. Not of remote procedure calls.
    pub fn measure_head(self) -> Self {
        self.with(|options| options.measures.head = true)
    }

    /// Answers requests whose service panicked before there was a head, in the place of breaking their connection off; default
    /// not. The answer is 500 with `application/problem+json` (RFC 9457) and the ids of the request, or `INTERNAL` to gRPC, and
    /// never says what the panic said. The panic is told and counted as it is without this. A body whose data is not
    /// [`Bytes`](bytes::Bytes) stays empty.
    pub fn answer_panics(self) -> Self {
        self.with(|options| options.answers_panics = true)
    }

    /// Where route templates come from; default what the enabled features know.
    pub fn route<N: RouteOf>(self, route: N) -> ServerLayer<O, N> {
        let Settings { base, observers, options, .. } = Arc::unwrap_or_clone(self.settings);
        ServerLayer { settings: Arc::new(Settings { base, observers, route, options }) }
    }
}
