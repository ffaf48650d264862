//! The tower layers of one installation.

use std::sync::Arc;

use obs_middleware::{ClientAddress, ClientLayer, Policy, ProxyHeader, ServerLayer, Trust};

use crate::config::{ClientChoice, ProxyHeaderChoice, RequestRoute, Requests, TrustChoice};
use crate::{Obs, Observers};

/// What [`Obs::layer`] gives: for `Router::layer`, `ServiceBuilder::layer`, or any tower stack.
pub type Layer = ServerLayer<Observers>;

impl Obs {
    /// The layer that shows each request to every enabled signal. One per router; clones are cheap.
    pub fn layer(&self) -> Layer {
        let trust = trust(self.config().trust);
        // What is no range has been told as a mistake.
        let peers = self.config().trusted_peers.iter().filter_map(|peer| peer.parse().ok());
        let layer = ServerLayer::new(Arc::clone(self.base()), self.observers().clone());
        let layer = layer.trust(trust).trusted_peers(peers).grpc_services(&self.grpc);
        let layer = chosen(layer, &self.config().requests);
        match &self.config().traces {
            traces if traces.debug_key.is_some() => layer.debug_header(&*traces.debug_header),
            _ => layer,
        }
    }

    /// Services and methods of gRPC that are known before they are called, to every layer that is made from here on, and so
    /// to `Obs::serve` and its kin: `package.Service`, or `package.Service/Method`. Others are known from the first answer that
    /// only their own code gives; until then they count as `_OTHER`. Default none.
    ///
    /// ```
    /// # fn main() -> Result<(), obs::Error> {
    /// let obs = obs::builder("orders").admin(obs::Admin::Off).no_config_file().build()?;
    /// let obs = obs.grpc_services(["shop.Orders/Place", "shop.Orders/List"]);
    /// # drop(obs.layer());
    /// # Ok(())
    /// # }
    /// ```
    pub fn grpc_services<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.grpc.extend(names.into_iter().map(Into::into));
        self
    }

    /// The layer for a client that calls the service known here as `target`: a span, counts and a duration for each call, and
    /// the context on its headers. Keep it with the client; clones are cheap.
    ///
    /// ```
    /// # use tower::Layer;
    /// # fn http_client() {}
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let obs = obs::builder("orders").admin(obs::Admin::Off).no_config_file().build()?;
    /// let payments = obs.client("payments").layer(http_client()); // hyper-util's client, or any other tower service
    /// # let _ = payments;
    /// # Ok(())
    /// # }
    /// ```
    pub fn client(&self, target: &str) -> ClientLayer {
        ClientLayer::new(Arc::clone(self.base()), target)
    }
}

fn trust(choice: TrustChoice) -> Trust {
    match choice {
        TrustChoice::Internal => Trust::Internal,
        TrustChoice::Edge => Trust::Edge,
    }
}

/// What is no range or no route has been told as a mistake.
fn chosen(mut layer: Layer, choices: &Requests) -> Layer {
    if choices.sizes || choices.large_request.is_some() {
        layer = layer.measure_sizes();
    }
    if choices.head_time {
        layer = layer.measure_head();
    }
    if choices.answer_panics {
        layer = layer.answer_panics();
    }
    let address = match choices.client_address {
        ClientChoice::Peer => ClientAddress::Peer,
        ClientChoice::Off => ClientAddress::Off,
        ClientChoice::Truncated => ClientAddress::Truncated,
        ClientChoice::Full => ClientAddress::Full,
    };
    let header = match choices.proxy_header {
        ProxyHeaderChoice::XForwardedFor => ProxyHeader::XForwardedFor,
        ProxyHeaderChoice::Forwarded => ProxyHeader::Forwarded,
    };
    let proxies = choices.trusted_proxies.iter().filter_map(|proxy| proxy.parse().ok());
    let policies = choices.routes.iter().filter_map(policy);
    layer.client_address(address).trusted_proxies(header, proxies).policies(policies)
}

fn policy(route: &RequestRoute) -> Option<Policy> {
    let mut policy = Policy::new(&route.route).ok()?;
    if route.ignore {
        policy = policy.ignored();
    }
    if !route.metrics {
        policy = policy.without_metrics();
    }
    if !route.access_log {
        policy = policy.without_access_line();
    }
    Some(match route.trust {
        Some(choice) => policy.trust(trust(choice)),
        None => policy,
    })
}
