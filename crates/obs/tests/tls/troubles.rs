//! What is wrong with a certificate is told at the start, by the check of health and on standard error, in plain words.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::certificates::{Clients, collector, path};
use crate::file::Yaml;

fn until(what: &str, mut is: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < end, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The lines of the output `main` that questions to collectors have left.
fn told(obs: &obs::Obs) -> Vec<[String; 3]> {
    let lines = obs.lines_in("main").unwrap();
    let lines = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines = lines.filter(|line| line["target"] == "obs::export");
    let said = |line: Value| ["output", "url", "error"].map(|field| line[field].as_str().unwrap().to_owned());
    let mut told: Vec<_> = lines.map(said).collect();
    told.sort();
    told
}

/// Lines and spans to a collector of the certificate `name` at `ip`, with `files` for TLS: each is told in one of these
/// words, and nothing gets through.
#[track_caller]
fn check(case: &str, (name, ip, clients): (&str, &'static str, Clients), files: &str, expected: &[&str]) {
    let far = collector(name, ip, clients);
    let url = far.url();
    let text = format!(
        "
logs:
  outputs:
    main: {{ type: memory, format: json }}
    far: {{ type: otlp, url: '{url}', protocol: grpc, health: true, {files} }}
  routes: [{{ default: [main, far] }}]
traces: {{ endpoint: '{url}', protocol: grpc, health: true, {files} }}
"
    );
    let yaml = Yaml::new(&format!("tls-{case}"), &text);
    let obs = yaml.builder().build().unwrap();
    until("both were asked", || told(&obs).len() >= 2);
    let told = told(&obs);
    let places: Vec<_> = told.iter().map(|[output, url, _]| [output.as_str(), url.as_str()]).collect();
    let at = |path: &str| format!("{url}{path}");
    assert_eq!(
        places,
        [
            ["log output far", &at("/opentelemetry.proto.collector.logs.v1.LogsService/Export")],
            ["the collector of spans", &at("/opentelemetry.proto.collector.trace.v1.TraceService/Export")]
        ],
        "{case}"
    );
    for [output, _, error] in &told {
        assert!(expected.contains(&error.as_str()), "{case}: {output}: {error}");
    }
    tracing::dispatcher::with_default(obs.dispatch(), || tracing::info!("lost"));
    assert!(!obs.flush(Duration::from_millis(200)), "{case}");
    assert_eq!(far.rest().len(), 0, "{case}: a call got through");
}

#[test]
fn a_certificate_out_of_date_is_told_apart_from_one_of_nobody_and_of_another_host() {
    let anybody = |name, ip| (name, ip, Clients::Anybody);
    let by = |name: &str| format!("ca_file: '{}'", path(name));
    let here = "127.0.0.1";
    // Each waits for what cannot be delivered at its end.
    std::thread::scope(|scope| {
        let check = |case, server, files: String, expected: &'static str| {
            scope.spawn(move || check(case, server, &files, &[expected]));
        };
        check(
            "expired",
            anybody("expired", here),
            by("expired-ca.pem"),
            "certificate expired, or not valid yet",
        );
        let unknown = "certificate of an unknown authority";
        check("system", anybody("server", here), String::from("timeout: 10s"), unknown);
        check("other-ca", anybody("server", here), by("client.pem"), unknown);
        check("other-host", anybody("server", "127.0.0.2"), by("ca.pem"), "certificate of another host");
    });
}

#[test]
fn a_server_that_asks_for_a_certificate_and_is_shown_none_gets_nothing() {
    // It says why after the handshake, when a call may be under way already, which then just ends.
    let words = [
        "our certificate is missing or not accepted",
        "connection ended before an answer",
        "connection failed",
    ];
    let ca = format!("ca_file: '{}'", path("ca.pem"));
    check("unshown", ("server", "127.0.0.1", Clients::Shown), &ca, &words);
}
