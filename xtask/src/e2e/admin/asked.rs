//! What curl gets.

use std::io::Write;
use std::net::TcpStream;

use super::service::{Service, web};
use super::{PASSWORD, Scene};
use crate::Result;
use crate::e2e::eventually::eventually;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

/// An error unless what curl got has this status, and the text in it.
fn expect(what: &str, (status, body): &(u16, String), expected: u16, text: &str) -> Result {
    match *status == expected && body.contains(text) {
        true => Ok(()),
        false => Err(format!("{what}: {status} instead of {expected} with `{text}`: {body}")),
    }
}

pub(super) fn over_tls(scene: &Scene<'_>) -> Result<String> {
    let service = Service::private(scene, "tls")?;
    let user = format!("scraper:{PASSWORD}");
    let as_user = ["--user", user.as_str()];
    for (path, text) in
        [("/metrics", "obs_admin_connections_total"), ("/config", "admin-example"), ("/", "<h1>")]
    {
        expect(path, &service.curl(path, &as_user)?, 200, text)?;
        expect(path, &service.curl(path, &[])?, 401, "")?;
        expect(path, &service.curl(path, &["--user", "scraper:wrong"])?, 401, "")?;
        expect(path, &service.curl(path, &["--user", "nobody:s3cret"])?, 401, "")?;
    }
    expect("a probe", &service.curl("/healthz", &[])?, 200, "")?;
    expect("a change of levels", &service.curl("/loglevel?level=debug", &["-X", "PUT"])?, 401, "")?;
    let changed = service.curl("/loglevel?level=debug", &["-X", "PUT", "--user", &user])?;
    expect("a change of levels", &changed, 200, "\"debug\"")?;
    let (_, head) = service.curl("/", &["--head", "--user", &user])?;
    for header in [
        "strict-transport-security: max-age=300",
        "x-content-type-options: nosniff",
        "content-security-policy: ",
    ] {
        if !head.to_ascii_lowercase().contains(header) {
            return Err(format!("no `{header}`: {head}"));
        }
    }
    // Not in the clear, and not with TLS that is too old.
    let clear = format!("http://localhost:{}/metrics", service.admin.port());
    expect("in the clear", &service.curl_at(&clear, &as_user)?, 0, "")?;
    expect("TLS 1.1", &service.curl("/healthz", &["--tls-max", "1.1"])?, 0, "")?;
    for version in ["1.2", "1.3"] {
        expect(version, &service.curl("/healthz", &["--tls-max", version, "--tlsv1.2"])?, 200, "")?;
    }
    let shown = in_flight(&service, &as_user)?;
    Ok(format!("200 as a user, 401 as anybody else, probes for all; in flight: {shown}"))
}

/// A request of the service as it is shown while it lasts.
fn in_flight(service: &Service<'_>, as_user: &[&str]) -> Result<String> {
    let mut waits = TcpStream::connect(service.addr).map_err(|error| error.to_string())?;
    let head = format!(
        "GET /wait/7?token=hunter2 HTTP/1.1\r\nhost: localhost\r\ntraceparent: 00-{TRACE}-00f067aa0ba902b7-01\r\n\r\n"
    );
    waits.write_all(head.as_bytes()).map_err(|error| error.to_string())?;
    eventually(|| {
        let json = service
            .curl("/debug/requests", &[as_user, &["--header", "accept: application/json"]].concat())?;
        expect("in flight", &json, 200, "\"in_flight\":1,")?;
        expect("its route", &json, 200, "\"method\":\"GET\",\"route\":\"/wait/{id}\"")?;
        let text = service.curl("/debug/requests", as_user)?;
        expect("as text", &text, 200, "GET /wait/{id} ")?;
        match json.1.contains("hunter2") || text.1.contains("hunter2") || text.1.contains("/wait/7") {
            true => Err(format!("what the client has written is shown: {}", json.1)),
            false => Ok(text.1.lines().nth(1).unwrap_or_default().trim().to_owned()),
        }
    })
}

pub(super) fn renewed(scene: &Scene<'_>) -> Result<String> {
    let service = Service::private(scene, "renewed")?;
    let user = format!("scraper:{PASSWORD}");
    let ask = || service.curl("/metrics", &["--user", &user]);
    expect("at the start", &ask()?, 200, "")?;
    service.choose("tls_server_config: { cert_file: nowhere.pem, key_file: nowhere.key }\n")?;
    eventually(|| {
        expect("a file that is wrong", &ask()?, 200, "\nobs_admin_web_config_last_reload_success 0.0\n")
    })?;
    eventually(|| {
        let said = service.said();
        if said.contains("web config kept") { Ok(()) } else { Err(format!("it does not say so: {said}")) }
    })?;
    // Another certificate, which is good for nothing but to be told apart.
    service.choose(&web("expired"))?;
    eventually(|| expect("another certificate", &ask()?, 0, "certificate"))?;
    service.choose(&web("server"))?;
    eventually(|| {
        expect("the first one again", &ask()?, 200, "\nobs_admin_web_config_last_reload_success 1.0\n")
    })?;
    Ok(String::from("three files, one of them refused, without a restart"))
}

pub(super) fn at_a_path(scene: &Scene<'_>) -> Result<String> {
    let socket = scene.folder.join("admin.sock");
    let path = socket.display().to_string();
    let admin = format!("addr: 'unix:{path}'");
    let first = Service::start(scene, "path", &admin, "")?;
    let ask = |service: &Service<'_>| service.curl_at("http://localhost/config", &["--unix-socket", &path]);
    expect("the first", &ask(&first)?, 200, "admin-example")?;
    first.kill()?;
    if !socket.exists() {
        return Err(String::from("the killed process has left nothing behind"));
    }
    let second = Service::start(scene, "path-again", &admin, "")?;
    expect("the second", &ask(&second)?, 200, "admin-example")?;
    Ok(String::from("taken over from a process that was killed"))
}

pub(super) fn beyond(scene: &Scene<'_>) -> Result<String> {
    let service = Service::start(scene, "beyond", "addr: '0.0.0.0:PORT'", "")?;
    let ask = |path: &str| service.curl_at(&format!("http://127.0.0.1:{}{path}", service.admin.port()), &[]);
    expect("metrics", &ask("/metrics")?, 200, "obs_admin")?;
    expect("a probe", &ask("/healthz")?, 200, "")?;
    for path in ["/config", "/loglevel"] {
        expect(path, &ask(path)?, 404, "not served at an address that other machines reach")?;
    }
    match service.said().matches("obs::admin").count() {
        1 => Ok(String::from("404 with a reason, and one line of warning")),
        lines => Err(format!("{lines} lines of warning: {}", service.file("service.output.txt").display())),
    }
}
