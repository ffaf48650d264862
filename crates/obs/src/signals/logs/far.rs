//! Outputs of lines to other machines.

#[cfg_attr(not(feature = "logs-ship-grpc"), path = "far/no_grpc.rs")]
mod grpc;

use std::fmt::Display;

use obs_core::Resource;
use obs_export::http::{Endpoint, Retry};
use obs_logs::{Elastic, Loki, Otlp, Output};

use super::outputs::Problem;
use crate::config::{LogDestination, LogPlace, OtlpProtocol, ProxyVariables};
use crate::signals::credentials::{Wrong, client};
use crate::signals::otlp::{encoding, path_fault};
use crate::signals::proxies::proxies;

/// An output to another machine.
///
/// # Errors
/// What cannot be asked of it, in words that hold no secret.
pub(super) fn output(
    chosen: &LogDestination,
    resource: &Resource,
    variables: &ProxyVariables,
) -> Result<Output, Problem> {
    let ship = &chosen.ship;
    let mut endpoints = Vec::new();
    for (at, url) in ship.urls.iter().enumerate() {
        let endpoint = Endpoint::parse(url);
        let told = |what: &dyn Display| match ship.urls.len() {
            1 => Problem::at("url", what),
            _ => Problem::at("url", format!("number {} {what}", at + 1)),
        };
        let endpoint = endpoint.map_err(|error| told(&error))?;
        if let Some(fault) = path_fault(&endpoint, ship.protocol, "/v1/logs") {
            return Err(told(&fault));
        }
        let has_place = chosen.to == LogPlace::Elastic && endpoint.without("/_bulk").is_some();
        if has_place && ship.index.is_some() {
            return Err(told(&"ends in `/_bulk`, and then `index` has no effect"));
        }
        endpoints.push(endpoint);
    }
    let proxies = proxies(&ship.proxy, variables, &endpoints)?;
    let mut endpoints = endpoints.into_iter();
    let first = endpoints.next().ok_or_else(|| no_url(chosen))?;
    let retry = Retry::new().budget(super::outputs::patience(chosen));
    let retry = if chosen.durable { retry.access() } else { retry };
    let client = client(ship.timeout, &ship.headers, &ship.credentials, "logs-ship-tls");
    let client = client.map_err(|Wrong { key, what }| Problem::at(key, what))?.proxy(proxies);
    let batch = ship.batch.map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    match chosen.to {
        LogPlace::Elastic => {
            let index = ship.index.clone().unwrap_or_else(|| format!("logs-obs-{}", resource.name));
            let elastic =
                endpoints.fold(Elastic::new(first, index), Elastic::or_at).client(client).retry(retry);
            Ok(batch.into_iter().fold(elastic, Elastic::batch_bytes).into())
        }
        LogPlace::Otlp => {
            let encoding = encoding(ship.compression).map_err(told("compression"))?;
            let mut otlp = endpoints.fold(Otlp::new(first), Otlp::or_at);
            if ship.exact {
                otlp = otlp.exact_endpoint();
            }
            otlp = match ship.protocol {
                OtlpProtocol::HttpProtobuf => otlp,
                OtlpProtocol::HttpJson => otlp.json(),
                OtlpProtocol::Grpc => grpc::chosen(otlp)?,
            };
            let otlp = otlp.encoding(encoding).client(client).retry(retry);
            Ok(batch.into_iter().fold(otlp, Otlp::batch_bytes).into())
        }
        _ => {
            let mut loki = endpoints.fold(Loki::new(first), Loki::or_at).client(client).retry(retry);
            if ship.json {
                loki = loki.json();
            }
            for (name, value) in &ship.labels {
                loki = loki.label(name, value).map_err(told("labels"))?;
            }
            if let Some(tenant) = &ship.tenant {
                loki = loki.tenant(tenant).map_err(told("tenant"))?;
            }
            Ok(batch.into_iter().fold(loki, Loki::batch_bytes).into())
        }
    }
}

fn no_url(chosen: &LogDestination) -> Problem {
    let what = match chosen.to {
        LogPlace::Otlp => {
            "has no `url`, and neither `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` nor `OTEL_EXPORTER_OTLP_ENDPOINT` is set"
        }
        _ => "has no `url`",
    };
    Problem::from(String::from(what))
}

fn told<E: Display>(key: &'static str) -> impl Fn(E) -> Problem {
    move |error| Problem::at(key, error)
}
