//! The admin listener over the wire: what it answers, and in which form.

use crate::process::alone;
use crate::service::{Response, exchange, request};

fn check(name: &str, claim: impl FnOnce(&dyn Fn(&str, &str, &str) -> Response)) {
    alone(module_path!(), name, &[], || {
        let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
        let obs =
            obs::builder("orders").admin(admin).log_output(obs::config::LogOutput::Off).install().unwrap();
        metrics::counter!("orders", "kind" => "book").increment(2);
        let addr = obs.admin_addr().unwrap();
        assert!(addr.ip().is_loopback());
        claim(&|method, path, headers| exchange(addr, &request(method, path, headers)).expect("an answer"));
        drop(obs);
        assert!(std::net::TcpStream::connect(addr).is_err(), "the listener ends with the installation");
    });
}

#[test]
fn metrics_come_as_text_unless_openmetrics_is_asked_for() {
    check("metrics_come_as_text_unless_openmetrics_is_asked_for", |ask| {
        let text = ask("GET", "/metrics", "");
        assert_eq!(
            (text.status, text.header("content-type")),
            (200, "text/plain; version=0.0.4; charset=utf-8")
        );
        assert!(text.body.contains("\norders_total{kind=\"book\"} 2\n"), "{}", text.body);
        assert!(!text.body.contains("# EOF"));
        let prometheus = "accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
            application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.2,*/*;q=0.1\r\n";
        let openmetrics = ask("GET", "/metrics?from=prometheus", prometheus);
        let kind = openmetrics.header("content-type");
        assert!(kind.starts_with("application/openmetrics-text; version=1.0.0"), "{kind}");
        assert!(openmetrics.body.ends_with("\n# EOF\n"), "{}", openmetrics.body);
        assert!(openmetrics.body.contains("\n# TYPE orders counter\norders_total{kind=\"book\"} 2\n"));
    });
}

#[test]
fn head_tells_of_the_body_without_it() {
    check("head_tells_of_the_body_without_it", |ask| {
        let head = ask("HEAD", "/metrics", "");
        assert_eq!((head.status, head.body.as_str()), (200, ""));
        assert_eq!(head.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    });
}

#[test]
fn other_paths_are_not_found_and_other_methods_not_allowed() {
    check("other_paths_are_not_found_and_other_methods_not_allowed", |ask| {
        for path in ["/metric", "/metrics/", "/metrics/..", "/%6detrics", "/debug"] {
            let response = ask("GET", path, "");
            assert_eq!(response.status, 404, "{path}");
            let told =
                response.body.strip_prefix("not found; there is /metrics, /healthz, /readyz, /startupz, ");
            assert!(told.is_some_and(|told| told.ends_with("/config, /drain, /\n")), "{}", response.body);
        }
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "BREW"] {
            let response = ask(method, "/metrics", "");
            assert_eq!((response.status, response.header("allow")), (405, "GET, HEAD"), "{method}");
        }
    });
}

#[test]
fn a_hostile_request_ends_its_own_connection_alone() {
    check("a_hostile_request_ends_its_own_connection_alone", |ask| {
        let long = format!("x-long: {}\r\n", "x".repeat(100_000));
        assert_eq!(ask("GET", "/metrics", &long).status, 431);
        assert_eq!(ask("GET", "/metrics", "x-bytes: \u{ff}\u{fe}\r\n").status, 200);
        assert_eq!(ask("GET", "/metrics", "no colon\r\n").status, 400);
        assert_eq!(ask("GET", "/metrics", "").status, 200);
    });
}

#[test]
fn the_configuration_is_shown_to_this_machine_and_to_no_page_of_another_site() {
    alone(
        module_path!(),
        "the_configuration_is_shown_to_this_machine_and_to_no_page_of_another_site",
        &[],
        || {
            let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
            let obs =
                obs::builder("orders").admin(admin).log_output(obs::config::LogOutput::Off).build().unwrap();
            let ask = |method: &str, headers: &str| {
                let request = format!("{method} /config HTTP/1.1\r\nconnection: close\r\n{headers}\r\n");
                exchange(obs.admin_addr().unwrap(), request.as_bytes()).expect("an answer")
            };
            let shown = ask("GET", "host: localhost:9464\r\n");
            assert_eq!((shown.status, shown.header("content-type")), (200, "application/yaml"));
            assert!(shown.body.starts_with("service:\n  name: \"orders\"\n"), "{}", shown.body);
            assert!(shown.body.contains("\n  output: off\n"), "{}", shown.body);
            assert_eq!(ask("PUT", "host: localhost\r\n").status, 405);
            assert_eq!(ask("GET", "host: evil.example\r\n").status, 403);
            assert_eq!(ask("GET", "host: localhost\r\norigin: http://evil.example\r\n").status, 403);
            for (site, status) in
                [("cross-site", 403), ("same-site", 403), ("same-origin", 200), ("none", 200)]
            {
                let headers = format!("host: localhost\r\nsec-fetch-site: {site}\r\n");
                assert_eq!(ask("GET", &headers).status, status, "{site}");
            }
        },
    );
}
