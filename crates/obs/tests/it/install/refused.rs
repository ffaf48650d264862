//! Installations that cannot be: each says why, in words that help, and leaves nothing behind.

use std::net::{SocketAddr, TcpListener, TcpStream};

use obs::Error;

use crate::process::alone;
use crate::service::{TempFile, exchange, request, until};

const ANY: &str = "127.0.0.1:0";

fn any() -> obs::Admin {
    obs::Admin::At(ANY.parse().unwrap())
}

/// An address that was free a moment ago.
fn free() -> SocketAddr {
    TcpListener::bind(ANY).unwrap().local_addr().unwrap()
}

/// How many threads this process has, where the system tells.
fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count)
}

/// The system shows a thread for a moment after it was joined.
#[track_caller]
fn no_more_threads_than(before: usize) {
    until("no thread is left behind", || threads() <= before);
}

#[test]
fn a_second_installation_is_refused_and_the_first_goes_on() {
    alone(module_path!(), "a_second_installation_is_refused_and_the_first_goes_on", &[], || {
        let file = TempFile::new("second.log");
        let first = obs::builder("orders").admin(any()).log_file(&file.0).install().unwrap();
        let (before, addr, other) = (threads(), free(), TempFile::new("other.log"));
        let second = || obs::builder("again").admin(obs::Admin::At(addr)).log_file(&other.0).install();
        for error in [second().unwrap_err(), second().unwrap_err()] {
            assert!(matches!(error, Error::AlreadyInstalled), "{error:?}");
            assert_eq!(error.to_string(), "obs was installed in this process before; call `init` once");
        }
        assert!(matches!(obs::init("again").unwrap_err(), Error::AlreadyInstalled));
        no_more_threads_than(before);
        assert!(TcpStream::connect(addr).is_err(), "no port is left behind");
        assert!(!other.0.exists(), "no file is left behind");
        tracing::info!("the first goes on");
        metrics::counter!("still_counted").increment(1);
        let scraped = exchange(first.admin_addr().unwrap(), &request("GET", "/metrics", "")).unwrap();
        assert!(scraped.body.contains("\nstill_counted_total 1\n"), "{}", scraped.body);
        drop(first);
        assert_eq!(file.lines()[0]["message"], "the first goes on");
        // A process has one, alive or ended: its subscriber cannot be taken back.
        assert!(matches!(second().unwrap_err(), Error::AlreadyInstalled));
    });
}

#[test]
fn a_subscriber_of_another_library_is_left_alone() {
    alone(module_path!(), "a_subscriber_of_another_library_is_left_alone", &[], || {
        tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
        let (before, addr) = (threads(), free());
        let error =
            obs::builder("orders").admin(obs::Admin::At(addr)).log_output(obs::config::LogOutput::Off);
        let error = error.install().unwrap_err();
        assert!(matches!(error, Error::Taken("tracing subscriber")), "{error:?}");
        let text = "a global tracing subscriber was installed before obs; install only one of them";
        assert_eq!(error.to_string(), text);
        no_more_threads_than(before);
        assert!(TcpStream::connect(addr).is_err(), "no port is left behind");
        // Nor is half an installation: the recorder is still free.
        let theirs = obs_metrics::Recorder::builder(obs_core::Base::new(obs::Resource::new("theirs")));
        metrics::set_global_recorder(theirs.build().unwrap()).unwrap();
    });
}

#[test]
fn a_recorder_of_another_library_is_left_alone() {
    alone(module_path!(), "a_recorder_of_another_library_is_left_alone", &[], || {
        let theirs = obs_metrics::Recorder::builder(obs_core::Base::new(obs::Resource::new("theirs")));
        let theirs = theirs.build().unwrap();
        metrics::set_global_recorder(theirs.clone()).unwrap();
        let error = obs::builder("orders").admin(any()).log_output(obs::config::LogOutput::Off).install();
        let error = error.unwrap_err();
        assert!(matches!(error, Error::Taken("metrics recorder")), "{error:?}");
        metrics::counter!("theirs").increment(1);
        let text = String::from_utf8(theirs.render(obs_metrics::Format::Text)).unwrap();
        assert!(text.contains("\ntheirs_total 1\n"), "{text}");
        // Nor is half an installation: the subscriber is still free.
        tracing::subscriber::set_global_default(tracing_subscriber::registry()).unwrap();
    });
}

#[test]
fn a_port_in_use_is_named_and_another_one_works() {
    alone(module_path!(), "a_port_in_use_is_named_and_another_one_works", &[], || {
        let holder = TcpListener::bind(ANY).unwrap();
        let taken = holder.local_addr().unwrap();
        let file = TempFile::new("port.log");
        let with = |admin| obs::builder("orders").admin(admin).log_file(&file.0).install();
        let before = threads();
        let text = format!("{:?}", with(obs::Admin::At(taken)).unwrap_err());
        assert!(text.contains(&taken.to_string()) && text.contains("OBS_ADMIN_ADDR"), "{text}");
        no_more_threads_than(before);
        let obs = with(any()).unwrap();
        tracing::info!("it works");
        drop(obs);
        assert_eq!(file.lines().len(), 1);
    });
}

#[test]
fn a_log_file_that_cannot_be_written_is_named_with_the_cause_once() {
    alone(module_path!(), "a_log_file_that_cannot_be_written_is_named_with_the_cause_once", &[], || {
        for (path, cause) in
            [("/no/such/folder/a.log", "No such file or directory"), ("/proc", "Is a directory")]
        {
            let (before, addr) = (threads(), free());
            let error =
                obs::builder("orders").admin(obs::Admin::At(addr)).log_file(path).install().unwrap_err();
            let text = format!("{error:?}");
            assert!(text.contains(&format!("log file {path} cannot be opened")), "{text}");
            assert_eq!(text.matches(cause).count(), 1, "{text}");
            no_more_threads_than(before);
            assert!(TcpStream::connect(addr).is_err(), "no port is left behind");
        }
        // None of it has claimed the process.
        drop(obs::builder("orders").admin(any()).log_output(obs::config::LogOutput::Off).install().unwrap());
    });
}

#[test]
fn every_wrong_variable_is_named_at_once() {
    let wrong = [
        ("OBS_ADMIN_ADDR", "nowhere"),
        ("OBS_LOG_FORMAT", "xml"),
        ("OBS_TRUST", "everybody"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OBS_LOG", "loud"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
    ];
    alone(module_path!(), "every_wrong_variable_is_named_at_once", &wrong, || {
        let text = format!("{:?}", obs::init("orders").unwrap_err());
        let missing: Vec<_> = wrong.iter().filter(|(name, _)| !text.contains(name)).collect();
        assert!(missing.is_empty(), "{missing:?} not in {text}");
    });
}

/// With TLS built in it is taken.
#[cfg(not(any(feature = "traces-tls", feature = "logs-ship-tls", feature = "metrics-push-tls")))]
#[test]
fn an_https_endpoint_is_refused_with_what_to_do_instead() {
    let endpoint = [("OTEL_EXPORTER_OTLP_ENDPOINT", "https://collector.example:4318")];
    alone(module_path!(), "an_https_endpoint_is_refused_with_what_to_do_instead", &endpoint, || {
        let text = format!("{:?}", obs::builder("orders").admin(obs::Admin::Off).install().unwrap_err());
        assert!(text.contains("https://, but TLS is not built in"), "{text}");
        assert!(text.contains("over http://"), "{text}");
    });
}
