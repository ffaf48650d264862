//! Signals in every phase: the first begins the end, the second is the end.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitCode, Termination};
use std::time::Duration;

use axum::Router;
use axum::routing::get;

use super::child::{Service, say};
use super::running::Flavor;
use super::wire::Wire;
use crate::collector::{Answer, Collector};
use crate::service::{TempFile, until};

/// What exiting at once may take on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(3);
const FOREVER: Duration = Duration::from_secs(40);

fn serve(flavor: Flavor, builder: obs::Builder) -> i32 {
    served(flavor, builder.admin(obs::Admin::Off))
}

/// Serves in the child, and gives the exit code `main` would have.
fn served(flavor: Flavor, builder: obs::Builder) -> i32 {
    let obs = builder.install().unwrap();
    let admin = obs.admin_addr();
    let base = std::sync::Arc::clone(obs.base());
    std::thread::spawn(move || {
        for phase in [obs_core::Phase::Draining, obs_core::Phase::Stopped] {
            until("the phase", || base.lifecycle.phase() >= phase);
            say("phase", format!("{phase:?}"));
        }
    });
    let slow = async move || {
        say("slow", "entered");
        if let Some(admin) = admin {
            say("admin", admin);
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        "at last"
    };
    let stuck = async move || -> &'static str {
        say("stuck", "entered");
        if let Some(admin) = admin {
            say("admin", admin);
        }
        std::thread::sleep(FOREVER);
        "never"
    };
    let never = async || {
        say("never", "entered");
        std::future::pending::<&'static str>().await
    };
    let router =
        Router::new().route("/slow", get(slow)).route("/stuck", get(stuck)).route("/never", get(never));
    let router = router.route("/", get(async || "hello"));
    let runtime = flavor.runtime();
    let ended = runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        // The handlers of signals are in place once a request is answered.
        std::thread::spawn(move || {
            Wire::open(addr).get("/");
            say("addr", addr);
        });
        obs::axum::serve(obs, listener, router).await
    });
    say("ended", format!("{:?}", ended.how()));
    let success = format!("{:?}", ended.report()) == format!("{:?}", ExitCode::SUCCESS);
    i32::from(!success)
}

fn quiet(delay: Duration, timeout: Duration) -> obs::Builder {
    obs::builder("orders").log_output(obs::config::LogOutput::Off).drain(delay, timeout)
}

const NONE: Duration = Duration::ZERO;
const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn a_signal_before_serving_keeps_its_default_action() {
    let name = "a_signal_before_serving_keeps_its_default_action";
    let mut service = Service::start(module_path!(), name, || {
        let _obs = quiet(NONE, LIMIT).admin(obs::Admin::Off).install().unwrap();
        say("installed", "");
        std::thread::sleep(FOREVER);
        0
    });
    service.said("installed");
    service.signal("TERM");
    let (status, took) = service.ended();
    assert_eq!(status.signal(), Some(15));
    assert!(took < AT_ONCE, "{took:?}");
}

#[test]
fn the_first_signal_finishes_what_is_in_flight_and_exits_with_0() {
    let name = "the_first_signal_finishes_what_is_in_flight_and_exits_with_0";
    let mut service = Service::start(module_path!(), name, || serve(Flavor::OneWorker, quiet(NONE, LIMIT)));
    let mut wire = Wire::open(service.addr());
    wire.ask("/slow");
    service.said("slow");
    service.signal("TERM");
    let answer = wire.answer().unwrap();
    assert_eq!((answer.text(), answer.closes()), ("at last", true));
    drop(wire);
    let (status, _) = service.ended();
    assert_eq!(status.code(), Some(0));
}

/// As a hook before SIGTERM does, and then SIGTERM comes.
#[test]
fn a_signal_after_the_end_was_asked_for_otherwise_is_the_first() {
    let name = "a_signal_after_the_end_was_asked_for_otherwise_is_the_first";
    let mut service = Service::start(module_path!(), name, || {
        let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
        served(Flavor::OneWorker, quiet(NONE, LIMIT).admin(admin))
    });
    let mut wire = Wire::open(service.addr());
    wire.ask("/slow");
    service.said("slow");
    let admin = service.said("admin").parse().unwrap();
    let drain = b"POST /drain HTTP/1.1\r\nhost: localhost\r\n\r\n";
    assert_eq!(crate::service::exchange(admin, drain).unwrap().status, 202);
    service.signal("TERM");
    let answer = wire.answer().unwrap();
    assert_eq!((answer.text(), answer.closes()), ("at last", true));
    drop(wire);
    assert_eq!(service.ended().0.code(), Some(0));
}

#[test]
fn ctrl_c_is_the_same() {
    let mut service =
        Service::start(module_path!(), "ctrl_c_is_the_same", || serve(Flavor::Current, quiet(NONE, LIMIT)));
    service.addr();
    service.signal("INT");
    assert_eq!(service.said("ended"), "Drained");
    assert_eq!(service.ended().0.code(), Some(0));
}

#[test]
fn a_second_signal_while_draining_exits_at_once() {
    let name = "a_second_signal_while_draining_exits_at_once";
    let mut service =
        Service::start(module_path!(), name, || serve(Flavor::Current, quiet(LIMIT, 2 * LIMIT)));
    service.addr();
    service.signal("TERM");
    assert_eq!(service.said("phase"), "Draining");
    service.signal("TERM");
    let (status, took) = service.ended();
    assert_eq!(status.code(), Some(143));
    assert!(took < AT_ONCE, "{took:?}");
}

#[test]
fn a_second_signal_leaves_no_socket_of_the_admin_listener_behind() {
    let name = "a_second_signal_leaves_no_socket_of_the_admin_listener_behind";
    let path = |parent: u32| std::env::temp_dir().join(format!("obs-it-serve-{parent}-second.sock"));
    let mut service = Service::start(module_path!(), name, || {
        let admin = obs::Admin::Unix(path(std::os::unix::process::parent_id()));
        served(Flavor::Current, quiet(LIMIT, 2 * LIMIT).admin(admin))
    });
    service.addr();
    let path = path(std::process::id());
    assert!(path.exists());
    service.signal("TERM");
    assert_eq!(service.said("phase"), "Draining");
    assert!(path.exists(), "it is there to the end");
    service.signal("TERM");
    assert_eq!(service.ended().0.code(), Some(143));
    assert!(!path.exists());
}

#[test]
fn a_second_signal_while_finishing_exits_at_once_and_delivers_lines() {
    let name = "a_second_signal_while_finishing_exits_at_once_and_delivers_lines";
    let path = |parent: u32| std::env::temp_dir().join(format!("obs-it-serve-{parent}-second.log"));
    let mut service = Service::start(module_path!(), name, || {
        let file = path(std::os::unix::process::parent_id());
        serve(Flavor::Current, obs::builder("orders").log_file(file).drain(NONE, LIMIT))
    });
    let file = TempFile(path(std::process::id()));
    let addr = service.addr();
    let mut wire = Wire::open(addr);
    wire.ask("/never");
    service.said("never");
    service.signal("TERM");
    until("it takes no more connections", || std::net::TcpStream::connect(addr).is_err());
    service.signal("INT");
    let (status, took) = service.ended();
    assert_eq!(status.code(), Some(130));
    assert!(took < AT_ONCE, "{took:?}");
    let lines = file.lines();
    let of_serve = lines.iter().filter(|line| line["target"] == "obs::serve");
    let phases: Vec<_> = of_serve.map(|line| line["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["ready", "draining", "finishing", "stopped"]);
    let draining = lines.iter().find(|line| line["phase"] == "draining").unwrap();
    assert_eq!((&draining["asked_by"], &draining["requests"]), (&"SIGTERM".into(), &1.into()));
}

#[test]
fn a_second_signal_while_flushing_exits_at_once() {
    let name = "a_second_signal_while_flushing_exits_at_once";
    let mut service = Service::start(module_path!(), name, || {
        let collector = Collector::start(Answer::Hang);
        let obs = quiet(NONE, LIMIT).otlp_endpoint(collector.url());
        serve(Flavor::Current, obs.otlp_linger(Duration::from_millis(1)))
    });
    service.addr();
    service.signal("TERM");
    // Its listener is gone and nothing is in flight: what is left is the flush.
    assert_eq!(service.said("phase"), "Draining");
    std::thread::sleep(Duration::from_secs(2));
    service.signal("TERM");
    let (status, took) = service.ended();
    assert_eq!(status.code(), Some(143));
    assert!(took < AT_ONCE, "{took:?}");
}

#[test]
fn a_signal_after_serving_exits_at_once() {
    let name = "a_signal_after_serving_exits_at_once";
    let mut service = Service::start(module_path!(), name, || {
        serve(Flavor::Current, quiet(NONE, Duration::from_secs(1)));
        // It was drained: `main` may take its time, unless it is told otherwise.
        std::thread::sleep(FOREVER);
        0
    });
    service.addr();
    service.signal("TERM");
    assert_eq!(service.said("ended"), "Drained");
    std::thread::sleep(Duration::from_millis(2_500));
    service.signal("INT");
    let (status, took) = service.ended();
    assert_eq!(status.code(), Some(130));
    assert!(took < AT_ONCE, "{took:?}");
}

#[test]
fn a_second_signal_is_heard_though_the_runtime_is_blocked() {
    let name = "a_second_signal_is_heard_though_the_runtime_is_blocked";
    let mut service = Service::start(module_path!(), name, || serve(Flavor::Current, quiet(NONE, LIMIT)));
    let mut wire = Wire::open(service.addr());
    wire.ask("/stuck");
    service.said("stuck");
    service.signal("TERM");
    std::thread::sleep(Duration::from_millis(200));
    service.signal("TERM");
    let (status, took) = service.ended();
    assert_eq!(status.code(), Some(143));
    assert!(took < AT_ONCE, "{took:?}");
}

fn gives_up(name: &str, flavor: Flavor) {
    let timeout = Duration::from_secs(1);
    let mut service = Service::start(module_path!(), name, || serve(flavor, quiet(NONE, timeout)));
    let mut wire = Wire::open(service.addr());
    wire.ask("/stuck");
    service.said("stuck");
    service.signal("TERM");
    let (status, took) = service.ended();
    assert_eq!(status.code(), Some(1), "{flavor:?}");
    assert!(took >= timeout && took < timeout + Duration::from_secs(1) + AT_ONCE, "{took:?}");
}

#[test]
fn a_blocked_runtime_exits_with_1_when_the_time_is_over() {
    gives_up("a_blocked_runtime_exits_with_1_when_the_time_is_over", Flavor::Current);
}

/// `serve` has returned here; what does not end is the runtime.
#[test]
fn a_blocked_worker_exits_with_1_when_the_time_is_over() {
    gives_up("a_blocked_worker_exits_with_1_when_the_time_is_over", Flavor::OneWorker);
}

#[test]
fn an_end_that_no_signal_asked_for_has_its_time_too() {
    let name = "an_end_that_no_signal_asked_for_has_its_time_too";
    let mut service = Service::start(module_path!(), name, || {
        let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
        served(Flavor::Current, quiet(NONE, Duration::from_secs(1)).admin(admin))
    });
    let mut wire = Wire::open(service.addr());
    wire.ask("/stuck");
    service.said("stuck");
    let admin = service.said("admin").parse().unwrap();
    let drain = b"POST /drain HTTP/1.1\r\nhost: localhost\r\n\r\n";
    assert_eq!(crate::service::exchange(admin, drain).unwrap().status, 202);
    assert_eq!(service.ended().0.code(), Some(1));
}

#[test]
fn a_service_is_unready_once_it_is_to_end_though_its_runtime_is_blocked() {
    let name = "a_service_is_unready_once_it_is_to_end_though_its_runtime_is_blocked";
    let mut service = Service::start(module_path!(), name, || {
        let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
        served(Flavor::Current, quiet(NONE, LIMIT).admin(admin))
    });
    let mut wire = Wire::open(service.addr());
    wire.ask("/stuck");
    service.said("stuck");
    let admin = service.said("admin").parse().unwrap();
    let ready = || {
        crate::service::exchange(admin, b"GET /readyz HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap().status
    };
    assert_eq!(ready(), 200);
    service.signal("TERM");
    assert_eq!(service.said("phase"), "Draining");
    assert_eq!(ready(), 503);
    service.signal("TERM");
    assert_eq!(service.ended().0.code(), Some(143));
}

#[test]
fn a_request_that_is_cut_exits_with_1() {
    let name = "a_request_that_is_cut_exits_with_1";
    let timeout = Duration::from_secs(1);
    let mut service = Service::start(module_path!(), name, || serve(Flavor::Current, quiet(NONE, timeout)));
    let mut wire = Wire::open(service.addr());
    wire.ask("/never");
    service.said("never");
    service.signal("TERM");
    assert_eq!(service.said("ended"), "Cut { requests: 1 }");
    assert_eq!(service.ended().0.code(), Some(1));
}
