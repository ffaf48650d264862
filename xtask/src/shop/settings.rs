//! What the shop is told at its start, and which of it each of the three hears.

use std::net::SocketAddr;
use std::path::Path;

use crate::service::{Addresses, Inherited};

/// One of the three, in the order in which a request comes to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Gateway,
    Orders,
    Payments,
}

impl Part {
    pub(crate) const ALL: [Self; 3] = [Self::Gateway, Self::Orders, Self::Payments];

    /// The name of its service.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Orders => "orders",
            Self::Payments => "payments",
        }
    }

    /// The name of its binary.
    pub(crate) const fn binary(self) -> &'static str {
        match self {
            Self::Gateway => "shop-gateway",
            Self::Orders => "shop-orders",
            Self::Payments => "shop-payments",
        }
    }

    /// Its `obs.yaml` in the workspace.
    pub(super) const fn config(self) -> &'static str {
        match self {
            Self::Gateway => "examples/shop/gateway/obs.yaml",
            Self::Orders => "examples/shop/orders/obs.yaml",
            Self::Payments => "examples/shop/payments/obs.yaml",
        }
    }
}

/// Where the three listen, where their telemetry goes, and how payments go wrong.
#[derive(Clone, Debug)]
pub(crate) struct Settings<'a> {
    /// Of gateway, orders and payments, in this order.
    pub(crate) addresses: [Addresses; 3],
    /// The sink their spans go to.
    pub(crate) otlp: SocketAddr,
    /// How they go there, as `OTEL_EXPORTER_OTLP_PROTOCOL` has it; by default http/protobuf.
    pub(crate) protocol: Option<&'static str>,
    /// Where orders are kept; by default in a SQLite file in the folder, a new one at each start of the shop.
    pub(crate) database_url: Option<&'a str>,
    /// Where prices are; by default in the process.
    pub(crate) redis_url: Option<&'a str>,
    pub(crate) rates: Rates,
    /// Whether others listen on the same addresses, so that one can be replaced without a gap.
    pub(crate) is_shared: bool,
    /// What stands at the end of each `obs.yaml` besides.
    pub(crate) configuration: &'a str,
    /// The folder for their lines, their output, their copies of `obs.yaml` and the data base.
    pub(crate) folder: &'a Path,
    pub(crate) inherited: Inherited,
}

/// Every n-th payment does so; zero is never. None leaves it to the service's own default.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rates {
    pub(crate) fail: Option<u32>,
    pub(crate) slow: Option<u32>,
    pub(crate) panic: Option<u32>,
}

/// How long the end of a service may take.
const DRAIN_TIMEOUT: &str = "OBS_DRAIN_TIMEOUT";

/// The name of the SQLite file.
pub(super) const DATABASE: &str = "orders.db";

impl Settings<'_> {
    pub(super) fn addresses(&self, part: Part) -> Addresses {
        self.addresses[part as usize]
    }

    /// The variables `part` is started with.
    pub(super) fn variables(&self, part: Part) -> Vec<(&'static str, String)> {
        let own = |part| self.addresses(part).service.to_string();
        let url = |part| format!("http://{}", own(part));
        let mut variables = vec![("SHOP_EXIT_ON_STDIN_EOF", "1".to_owned())];
        // Where the demo was killed its sink is gone too, and what is for the sink would be tried until this is over.
        let is_demo = self.inherited == Inherited::Configuration;
        if is_demo && std::env::var_os(DRAIN_TIMEOUT).is_none() {
            variables.push((DRAIN_TIMEOUT, "3s".to_owned()));
        }
        variables.extend(self.protocol.map(|protocol| ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol.to_owned())));
        if self.is_shared {
            variables.push(("SHOP_REUSE_PORT", "1".to_owned()));
        }
        match part {
            Part::Gateway => {
                variables.push(("GATEWAY_ADDR", own(part)));
                variables.push(("ORDERS_URL", url(Part::Orders)));
            }
            Part::Orders => {
                variables.push(("ORDERS_ADDR", own(part)));
                variables.push(("PAYMENTS_URL", url(Part::Payments)));
                let file = || format!("sqlite://{}?mode=rwc", self.folder.join(DATABASE).display());
                variables.extend(self.redis_url.map(|url| ("REDIS_URL", url.to_owned())));
                variables.push(("DATABASE_URL", self.database_url.map_or_else(file, str::to_owned)));
            }
            Part::Payments => {
                variables.push(("PAYMENTS_ADDR", own(part)));
                let rates = [
                    ("PAYMENTS_FAIL_EVERY", self.rates.fail),
                    ("PAYMENTS_SLOW_EVERY", self.rates.slow),
                    ("PAYMENTS_PANIC_EVERY", self.rates.panic),
                ];
                let given = rates.into_iter().filter_map(|(name, rate)| Some((name, rate?.to_string())));
                variables.extend(given);
            }
        }
        variables
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::loopback;

    fn settings() -> Settings<'static> {
        let addresses = [1, 2, 3]
            .map(|number| Addresses { service: loopback(8079 + number), admin: loopback(9463 + number) });
        Settings {
            addresses,
            otlp: loopback(4318),
            protocol: None,
            database_url: None,
            redis_url: None,
            rates: Rates { fail: Some(0), ..Rates::default() },
            is_shared: false,
            configuration: "",
            folder: Path::new("/data"),
            inherited: Inherited::Nothing,
        }
    }

    fn check(settings: &Settings<'_>, part: Part, expected: &[(&str, &str)]) {
        let variables = settings.variables(part);
        let told: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        assert_eq!(told[0], ("SHOP_EXIT_ON_STDIN_EOF", "1"));
        assert_eq!(told[1..], *expected);
    }

    #[test]
    fn each_knows_its_own_address_and_the_next_ones() {
        let settings = settings();
        let next = ("ORDERS_URL", "http://127.0.0.1:8081");
        check(&settings, Part::Gateway, &[("GATEWAY_ADDR", "127.0.0.1:8080"), next]);
        let next = ("PAYMENTS_URL", "http://127.0.0.1:8082");
        let database = ("DATABASE_URL", "sqlite:///data/orders.db?mode=rwc");
        check(&settings, Part::Orders, &[("ORDERS_ADDR", "127.0.0.1:8081"), next, database]);
        let rate = ("PAYMENTS_FAIL_EVERY", "0");
        check(&settings, Part::Payments, &[("PAYMENTS_ADDR", "127.0.0.1:8082"), rate]);
    }

    #[test]
    fn a_protocol_is_told_to_each() {
        let settings = Settings { protocol: Some("grpc"), ..settings() };
        for part in Part::ALL {
            let told = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc".to_owned());
            assert!(settings.variables(part).contains(&told));
        }
    }

    #[test]
    fn another_data_base_goes_before_the_file() {
        let settings = Settings { database_url: Some("postgres://me@db/shop"), ..settings() };
        let variables = settings.variables(Part::Orders);
        assert!(variables.contains(&("DATABASE_URL", "postgres://me@db/shop".to_owned())));
        assert!(!variables.iter().any(|(name, _)| *name == "REDIS_URL"));
        let settings = Settings { redis_url: Some("redis://cache"), ..settings };
        let told = ("REDIS_URL", "redis://cache".to_owned());
        assert!(settings.variables(Part::Orders).contains(&told));
        assert!(!settings.variables(Part::Gateway).contains(&told));
    }
}
