//! Profiles of a real process, over the admin listener. Each in a process of its own: signals that sample come to all threads.

use std::hint::black_box;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::process::alone;
use crate::service::{Response, exchange, request, until};

fn start(name: &str) -> obs::Obs {
    let admin = obs::Admin::At("127.0.0.1:0".parse().unwrap());
    let builder = obs::builder(name).admin(admin).log_output(obs::config::LogOutput::Off);
    builder.admin_token("s3cret").build().unwrap()
}

fn ask(admin: SocketAddr, path: &str) -> Response {
    exchange(admin, &request("GET", path, "authorization: Bearer s3cret\r\n")).expect("an answer")
}

/// An answer that need not be text: its head and its body.
fn bytes(admin: SocketAddr, path: &str) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(admin).unwrap();
    stream.write_all(&request("GET", path, "authorization: Bearer s3cret\r\n")).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let at = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    (String::from_utf8(answer[..at].to_vec()).unwrap(), answer[at + 4..].to_vec())
}

#[inline(never)]
fn burn_processor_time(over: &AtomicBool) {
    let mut sum = 0u64;
    while !over.load(Ordering::Relaxed) {
        // Nothing that is a call of its own where nothing is optimised.
        let mut number = 0;
        while number < 100_000 {
            sum = (sum * 31 + number) % 1_000_003;
            number += 1;
        }
    }
    black_box(sum);
}

/// Burns on a thread of this name until it is dropped.
struct Fire(Arc<AtomicBool>);

impl Fire {
    fn light() -> Self {
        let over = Arc::<AtomicBool>::default();
        let seen = Arc::clone(&over);
        std::thread::Builder::new().name("furnace".into()).spawn(move || burn_processor_time(&seen)).unwrap();
        Self(over)
    }
}

impl Drop for Fire {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// How large a share of all samples the bar of this title has.
fn share(svg: &str, name: &str) -> f64 {
    let titles = svg.split("<title>").skip(1).filter_map(|rest| rest.split_once("</title>"));
    let titled = titles.map(|(title, _)| title).filter(|title| title.contains(name));
    let share = |title: &str| title.rsplit(", ").next()?.strip_suffix("%)")?.parse().ok();
    titled.filter_map(share).fold(0.0, f64::max)
}

#[test]
fn who_burns_processor_time_is_in_the_picture_and_in_the_profile() {
    alone(module_path!(), "who_burns_processor_time_is_in_the_picture_and_in_the_profile", &[], || {
        let obs = start("burning");
        let admin = obs.admin_addr().unwrap();
        let _fire = Fire::light();
        let picture = ask(admin, "/debug/pprof/flamegraph?seconds=1&frequency=199");
        assert_eq!((picture.status, picture.header("content-type")), (200, "image/svg+xml"));
        for name in ["furnace", "it::profiling::burn_processor_time"] {
            assert!(share(&picture.body, name) > 80.0, "{name} in {}", picture.body);
        }
        let (head, profile) = bytes(admin, "/debug/pprof/profile?seconds=1");
        assert!(head.starts_with("HTTP/1.1 200 ") && head.contains("application/octet-stream"), "{head}");
        let name = b"burn_processor_time";
        assert!(profile.windows(name.len()).any(|window| window == name));
    });
}

#[test]
fn there_is_one_profile_at_a_time_and_the_rest_of_the_listener_goes_on() {
    alone(module_path!(), "there_is_one_profile_at_a_time_and_the_rest_of_the_listener_goes_on", &[], || {
        let mut obs = start("busy");
        let admin = obs.admin_addr().unwrap();
        // An hour would be refused; the end of the installation ends it.
        let asked = std::thread::spawn(move || {
            // Until none of those that look for it is in its way.
            while bytes(admin, "/debug/pprof/profile?seconds=60").0.starts_with("HTTP/1.1 409 ") {}
        });
        // This one has its turn for a moment only.
        until("the first has begun", || ask(admin, "/debug/pprof/heap").status == 409);
        let refused = ask(admin, "/debug/pprof/flamegraph?seconds=1");
        assert_eq!(refused.body, "a profile is being taken: there is one at a time\n");
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((30..=61).contains(&wait), "{wait}");
        assert_eq!(ask(admin, "/debug/pprof/heap").status, 409);
        assert_eq!((ask(admin, "/healthz").status, ask(admin, "/metrics").status), (200, 200));
        let began = Instant::now();
        obs.shutdown(Duration::from_secs(2));
        assert!(began.elapsed() < Duration::from_secs(30));
        drop(asked);
    });
}

#[test]
fn what_makes_no_sense_is_refused_by_name_and_what_is_not_there_says_why() {
    let obs = start("refusing");
    let admin = obs.admin_addr().unwrap();
    let seconds = "`seconds` must be a whole number from 1 to 60\n";
    let frequency = "`frequency` must be a whole number from 1 to 999\n";
    let unknown = "no parameter `secs`: there are `seconds` and `frequency`\n";
    for path in ["/debug/pprof/profile", "/debug/pprof/flamegraph"] {
        for (query, expected) in [
            ("seconds=0", seconds),
            ("seconds=61", seconds),
            ("frequency=1000", frequency),
            ("secs=1", unknown),
        ] {
            let refused = ask(admin, &format!("{path}?{query}"));
            assert_eq!((refused.status, refused.body.as_str()), (400, expected), "{path}?{query}");
        }
        let posted = exchange(admin, &request("POST", path, "authorization: Bearer s3cret\r\n")).unwrap();
        assert_eq!((posted.status, posted.header("allow")), (405, "GET"));
        assert_eq!(exchange(admin, &request("GET", path, "")).unwrap().status, 401);
    }
    assert_eq!(ask(admin, "/debug/pprof/heap?gc=1").status, 400);
    for (path, why) in [("/debug/pprof/heap", "need"), ("/debug/tasks", "`--cfg tokio_unstable`")] {
        let absent = ask(admin, path);
        assert_eq!(absent.status, 501, "{path}");
        assert!(absent.body.contains(why) && absent.body.contains("docs/profiling.md"), "{}", absent.body);
        assert_eq!(exchange(admin, &request("GET", path, "")).unwrap().status, 401);
    }
}
