//! What is served where: at an address of this machine, at one that others reach, and at a path.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

use obs::config::LogOutput;
use obs::{Admin, Error, Obs};

use crate::process::alone;
use crate::service::{Response, exchange, request};

fn builder(admin: Admin) -> obs::Builder {
    obs::builder("orders").no_config_file().admin(admin).log_output(LogOutput::Off)
}

fn at(addr: &str) -> Admin {
    Admin::At(addr.parse().unwrap())
}

fn ask(obs: &Obs, method: &str, path: &str) -> Response {
    let addr = SocketAddr::from(([127, 0, 0, 1], obs.admin_addr().unwrap().port()));
    exchange(addr, format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").as_bytes())
        .expect("an answer")
}

#[test]
fn at_an_address_that_others_reach_there_are_metrics_and_probes_alone() {
    let name = "at_an_address_that_others_reach_there_are_metrics_and_probes_alone";
    let told = alone(module_path!(), name, &[], || {
        let output =
            obs::builder("orders").no_config_file().admin(at("0.0.0.0:0")).log_output(LogOutput::Stderr);
        let obs = output.install().unwrap();
        for path in ["/metrics", "/healthz", "/startupz", "/"] {
            assert_ne!(ask(&obs, "GET", path).status, 404, "{path}");
        }
        for path in ["/loglevel", "/config"] {
            let refused = ask(&obs, "GET", path);
            assert_eq!(refused.status, 404, "{path}");
            assert!(
                refused.body.starts_with("not served at an address that other machines reach"),
                "{}",
                refused.body
            );
        }
        assert!(!ask(&obs, "GET", "/nothing").body.contains("/config"));
        assert!(!ask(&obs, "GET", "/").body.contains("/config"));
    });
    let warned: Vec<_> = told.lines().filter(|line| line.contains("obs::admin")).collect();
    assert_eq!(warned.len(), 1, "{told}");
    for part in ["WARN", "/loglevel, ", ", /config"] {
        assert!(warned[0].contains(part), "{part}: {}", warned[0]);
    }
}

#[test]
fn a_token_goes_to_no_address_that_others_reach_in_the_clear() {
    let refused = builder(at("0.0.0.0:0")).admin_token("hunter2").build();
    let Err(Error::Config(mistakes)) = refused else { panic!("{refused:?}") };
    let told = mistakes.to_string();
    assert!(
        told.contains("Builder::admin_token: goes over the network in the clear, as 0.0.0.0:0"),
        "{told}"
    );
    assert!(told.contains("admin.insecure: true") && !told.contains("hunter2"), "{told}");
    let obs = builder(at("0.0.0.0:0")).admin_token("hunter2").admin_insecure(true).build().unwrap();
    assert_eq!(ask(&obs, "GET", "/config").status, 401);
    let addr = SocketAddr::from(([127, 0, 0, 1], obs.admin_addr().unwrap().port()));
    let shown = exchange(addr, &request("GET", "/config", "authorization: Bearer hunter2\r\n")).unwrap();
    assert_eq!(shown.status, 200);
}

/// Whether the long forms of a probe tell of the check that fails; the status is the same in any case.
fn is_told_more(obs: &Obs, headers: &str) -> bool {
    let addr = SocketAddr::from(([127, 0, 0, 1], obs.admin_addr().unwrap().port()));
    let ask = |path: &str, headers: &str| {
        let request = format!("GET {path} HTTP/1.1\r\n{headers}\r\n");
        let answer = exchange(addr, request.as_bytes()).expect("an answer");
        assert_eq!(answer.status, 503, "{path}: {}", answer.body);
        let is_brief = (answer.header("content-type"), answer.body.as_str())
            == ("text/plain; charset=utf-8", "dependencies unavailable");
        assert_ne!(is_brief, answer.body.contains("s3cret-host"), "{}", answer.body);
        !is_brief
    };
    assert!(!ask("/readyz", headers));
    let long = [
        ask("/readyz?verbose", headers),
        ask("/readyz?verbose=history", headers),
        ask("/readyz", &format!("{headers}accept: application/health+json\r\n")),
    ];
    assert!(long.iter().all(|told| *told == long[0]), "{long:?}");
    long[0]
}

#[tokio::test]
async fn at_an_address_that_others_reach_strangers_are_told_of_no_check() {
    let start = |builder: obs::Builder| async {
        let obs = builder.build().unwrap();
        obs.health().check("ledger", || async { Err::<(), _>("no route to s3cret-host") }).unwrap();
        obs.ready();
        while obs.health().checks()[0].last_failure.is_none() {
            tokio::task::yield_now().await;
        }
        obs
    };
    let (here, elsewhere) = ("host: localhost\r\n", "host: orders.example\r\n");
    let open = start(builder(at("0.0.0.0:0"))).await;
    assert!(!is_told_more(&open, elsewhere) && is_told_more(&open, here));
    let known = start(builder(at("0.0.0.0:0")).admin_token("hunter2").admin_insecure(true)).await;
    assert!(!is_told_more(&known, here));
    assert!(!is_told_more(&known, &format!("{elsewhere}authorization: Bearer hunter1\r\n")));
    assert!(is_told_more(&known, &format!("{elsewhere}authorization: Bearer hunter2\r\n")));
    let local = start(builder(at("127.0.0.1:0")).admin_token("hunter2")).await;
    assert!(is_told_more(&local, here));
}

#[test]
fn a_socket_at_a_path_serves_all_to_its_owner_and_is_gone_at_the_end() {
    let path = std::env::temp_dir().join(format!("obs-it-admin-{}.sock", std::process::id()));
    let obs = builder(Admin::Unix(path.clone())).build().unwrap();
    assert_eq!(obs.admin_addr(), None);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let ask = |asked: &str| {
        let mut stream = UnixStream::connect(&path).unwrap();
        stream.write_all(format!("GET {asked} HTTP/1.1\r\nhost: anything\r\n\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for asked in ["/metrics", "/config", "/healthz", "/"] {
        assert!(ask(asked).starts_with("HTTP/1.1 200 "), "{asked}");
    }
    let second = builder(Admin::Unix(path.clone())).build().unwrap_err();
    assert!(second.to_string().contains(&format!("unix:{}, which is in use", path.display())), "{second}");
    assert!(ask("/metrics").starts_with("HTTP/1.1 200 "));
    drop(obs);
    assert!(!path.exists());
}

#[test]
fn the_page_lists_what_there_is_and_runs_nothing() {
    let obs = builder(at("127.0.0.1:0")).version("1.2<3").admin_requests(true).build().unwrap();
    let page = ask(&obs, "GET", "/");
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    assert_eq!(
        page.header("content-security-policy"),
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    assert_eq!(page.header("x-content-type-options"), "nosniff");
    assert_eq!(page.header("x-frame-options"), "DENY");
    assert!(page.body.contains("<h1>orders</h1>\n<p>version 1.2&lt;3, starting</p>"), "{}", page.body);
    for path in ["/metrics", "/healthz", "/readyz", "/startupz", "/config", "/debug/requests"] {
        assert!(page.body.contains(&format!("<a href=\"{path}\">{path}</a>")), "{path}: {}", page.body);
    }
    obs.ready();
    assert!(ask(&obs, "GET", "/").body.contains(", ready</p>"));
    let head = ask(&obs, "HEAD", "/");
    assert_eq!((head.status, head.body.as_str()), (200, ""));
    assert_ne!(head.header("content-length"), "0");
    let refused = ask(&obs, "POST", "/");
    assert_eq!((refused.status, refused.header("allow")), (405, "GET, HEAD"));
}
