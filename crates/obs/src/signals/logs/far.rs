//! Outputs of lines to other machines.

#[cfg_attr(not(feature = "logs-ship-grpc"), path = "far/no_grpc.rs")]
mod grpc;

use std::fmt::Display;
use std::sync::Arc;

use obs_core::Resource;
use obs_export::http::{ClientSettings, Endpoint, Remote, Retry};
use obs_logs::{Elastic, Logs, Loki, Otlp, Output};

use crate::config::{LogDestination, LogPlace, LogShip, Logs as Choices, OtlpProtocol, ProxyVariables};
use crate::remotes::{Watched, unfit};
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
) -> Result<Output, String> {
    let ship = &chosen.ship;
    let mut endpoints = Vec::new();
    for (at, url) in ship.urls.iter().enumerate() {
        let endpoint = Endpoint::parse(url);
        let told = |what: &dyn Display| match ship.urls.len() {
            1 => format!("its `url` {what}"),
            _ => format!("its `url` number {} {what}", at + 1),
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
    if let Some(why) = unfit(&format!("logs_{}", chosen.name)).filter(|_| ship.health) {
        return Err(why);
    }
    let proxies = proxies(&ship.proxy, variables, &endpoints)?;
    let mut endpoints = endpoints.into_iter();
    let first = endpoints.next().ok_or("it has no `url`")?;
    let retry = Retry::new().budget(super::outputs::patience(chosen));
    let client = client(ship)?.proxy(proxies);
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
            if ship.protocol == OtlpProtocol::Grpc {
                otlp = grpc::chosen(otlp)?;
            }
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

/// The outputs to other machines that are running.
pub(super) fn watched(logs: &Logs, choices: &Choices) -> Vec<Watched> {
    let watched = |remote: &Arc<Remote>| {
        let name = remote.pipeline().strip_prefix("logs_")?;
        let chosen = choices.outputs.iter().find(|output| output.name == name)?;
        let LogShip { probe, health, .. } = chosen.ship;
        Some(Watched { shown: format!("log output {name}"), remote: Arc::clone(remote), probe, health })
    };
    logs.remotes().filter_map(watched).collect()
}

fn client(ship: &LogShip) -> Result<ClientSettings, String> {
    let mut client = ClientSettings::new().request_timeout(ship.timeout);
    for (name, value) in &ship.headers {
        client = client.header(name, value).map_err(told("headers"))?;
    }
    if let Some(user) = &ship.user {
        let password = ship.password.as_deref().unwrap_or_default();
        client = client.basic_auth(user, password).map_err(told("user"))?;
    }
    if let Some(token) = &ship.token {
        if ship.user.is_some() {
            return Err(String::from("it has a `user` and a `token`, of which one is used"));
        }
        client = client.bearer(token).map_err(told("token"))?;
    }
    tls(ship, client)
}

#[cfg(feature = "logs-ship-tls")]
fn tls(ship: &LogShip, client: ClientSettings) -> Result<ClientSettings, String> {
    let mut tls = obs_export::http::Tls::new();
    if let Some(file) = &ship.ca_file {
        tls = tls.ca_file(file);
    }
    match (&ship.certificate, &ship.key_file) {
        (Some(certificate), Some(key)) => tls = tls.client_certificate(certificate, key),
        (None, None) => {}
        _ => return Err(String::from("`certificate` and `key_file` belong together")),
    }
    Ok(client.tls(tls))
}

#[cfg(not(feature = "logs-ship-tls"))]
fn tls(ship: &LogShip, client: ClientSettings) -> Result<ClientSettings, String> {
    if ship.ca_file.is_some() || ship.certificate.is_some() || ship.key_file.is_some() {
        return Err(String::from("TLS is not built in: it needs the feature `logs-ship-tls`"));
    }
    Ok(client)
}

fn told<E: Display>(key: &str) -> impl Fn(E) -> String {
    move |error| format!("its `{key}`: {error}")
}
