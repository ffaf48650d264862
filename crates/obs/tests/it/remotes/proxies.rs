//! Proxies by the file and by the environment, which is read once, at the start.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::config::file::Yaml;
use crate::process::alone;
use crate::receiver::Receiver;
use crate::service::until;

/// `nowhere.invalid` has no address: what gets there went through a proxy.
const FAR: &str = "http://nowhere.invalid:3100";

/// A file with one output, and what else is chosen of it.
fn file(name: &str, chosen: &str) -> Yaml {
    let outputs = format!("outputs: {{ far: {{ type: loki, url: '{FAR}', retry_for: 1ms{chosen} }} }}");
    Yaml::new(name, &format!("logs: {{ {outputs} }}"))
}

#[test]
fn a_proxy_of_the_file_is_asked_in_the_place_of_the_receiver_and_not_shown_with_its_password() {
    let proxy = Receiver::start(204);
    let yaml = file("proxy-chosen", &format!(", proxy: 'http://ada:hunter2@{}'", proxy.addr));
    let obs = yaml.builder().build().unwrap();
    until("it was asked", || !proxy.lines().is_empty());
    let head = proxy.heads().remove(0);
    assert_eq!(head[0], "POST http://nowhere.invalid:3100/loki/api/v1/push HTTP/1.1");
    assert!(head.contains(&"proxy-authorization: Basic YWRhOmh1bnRlcjI=".to_owned()), "{head:?}");
    let printed = format!("{}{:?}", obs.config().redacted(), obs.config());
    assert!(!printed.contains("hunter2") && printed.contains(&proxy.addr.to_string()), "{printed}");
}

/// Starts an installation in a process with these variables, in which `{}` stands for the address of a proxy; whether
/// the proxy is asked for the receiver. `name` is that of the test.
#[track_caller]
fn is_asked(name: &str, variables: &[(&str, &str)], chosen: &str) -> bool {
    let proxy = Receiver::start(204);
    let shown = proxy.addr.to_string();
    let variables: Vec<_> =
        variables.iter().map(|(name, text)| (*name, text.replace("{}", &shown))).collect();
    let variables: Vec<_> = variables.iter().map(|(name, text)| (*name, text.as_str())).collect();
    alone(module_path!(), name, &variables, || {
        let yaml = file(&format!("proxy-{}", std::process::id()), chosen);
        let obs = yaml.builder().build().unwrap();
        let _entered = obs.enter();
        tracing::info!("sent");
        obs.flush(std::time::Duration::from_secs(10));
    });
    !proxy.lines().is_empty()
}

#[test]
fn a_proxy_of_the_environment_is_asked() {
    let name = "a_proxy_of_the_environment_is_asked";
    assert!(is_asked(name, &[("HTTP_PROXY", "http://{}")], ""));
}

#[test]
fn a_proxy_for_all_in_lower_case_is_asked_by_whoever_asks_for_the_environment() {
    let name = "a_proxy_for_all_in_lower_case_is_asked_by_whoever_asks_for_the_environment";
    assert!(is_asked(name, &[("all_proxy", "{}")], ", proxy: env"));
}

#[test]
fn no_proxy_of_the_environment_is_asked_for_what_passes_by_it() {
    let name = "no_proxy_of_the_environment_is_asked_for_what_passes_by_it";
    assert!(!is_asked(name, &[("HTTP_PROXY", "http://{}"), ("no_proxy", "x, .invalid:3100")], ""));
}

#[test]
fn no_proxy_of_the_environment_is_asked_by_whoever_goes_without() {
    let name = "no_proxy_of_the_environment_is_asked_by_whoever_goes_without";
    assert!(!is_asked(name, &[("HTTP_PROXY", "http://{}")], ", proxy: none"));
}

#[test]
fn a_proxy_that_a_client_of_a_cgi_program_names_is_not_asked() {
    let name = "a_proxy_that_a_client_of_a_cgi_program_names_is_not_asked";
    assert!(!is_asked(name, &[("HTTP_PROXY", "http://{}"), ("REQUEST_METHOD", "GET")], ""));
}

#[test]
fn what_is_no_proxy_is_told_with_its_place_and_without_its_text() {
    let wrong = |builder: obs::Builder| {
        let error = builder.build().unwrap_err();
        let told = format!("{error}{:?}", std::error::Error::source(&error).map(ToString::to_string));
        assert!(!told.contains("hunter2"), "{told}");
        told
    };
    let yaml = file("proxy-wrong", ", proxy: 'socks5://ada:hunter2@proxy'");
    let told = wrong(yaml.builder());
    assert!(told.contains("logs.outputs.far: its `proxy`: proxy has a scheme other than http"), "{told}");
    let text = format!("traces: {{ endpoint: '{FAR}', proxy: 'http://ada:hunter2@' }}");
    let yaml = Yaml::new("proxy-wrong-traces", &text);
    let told = wrong(yaml.builder());
    assert!(told.contains("traces.proxy: its `proxy`: proxy has no host"), "{told}");
}

#[test]
fn a_variable_that_cannot_be_used_is_told_only_where_it_would_be() {
    let name = "a_variable_that_cannot_be_used_is_told_only_where_it_would_be";
    alone(module_path!(), name, &[("ALL_PROXY", "socks5://ada:hunter2@proxy")], || {
        let yaml = file("proxy-variable", "");
        let error = yaml.builder().build().unwrap_err().to_string();
        assert!(error.contains("whose `ALL_PROXY` cannot be used") && !error.contains("hunter2"), "{error}");
        let yaml = file("proxy-variable-unused", ", proxy: none, probe: false");
        drop(yaml.builder().build().unwrap());
        let near =
            Yaml::new("proxy-variable-near", "traces: { endpoint: 'http://localhost:1', probe: false }");
        drop(near.builder().log_output(obs::config::LogOutput::Off).build().unwrap());
    });
}

#[test]
fn this_machine_is_never_asked_through_a_proxy_of_the_environment() {
    // The variable leads to where nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = silent.local_addr().unwrap().to_string();
    let was_asked = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            silent.set_nonblocking(true).unwrap();
            while !was_asked.load(Ordering::SeqCst) {
                assert!(silent.accept().is_err());
                std::thread::yield_now();
            }
        });
        let name = "this_machine_is_never_asked_through_a_proxy_of_the_environment";
        alone(module_path!(), name, &[("HTTP_PROXY", &proxy)], || {
            let loki = Receiver::start(204);
            let outputs = format!("outputs: {{ far: {{ type: loki, url: '{}' }} }}", loki.url());
            let yaml = Yaml::new("proxy-near", &format!("logs: {{ {outputs} }}"));
            let obs = yaml.builder().build().unwrap();
            until("it was asked itself", || loki.lines() == ["POST /loki/api/v1/push HTTP/1.1"]);
            drop(obs);
        });
        was_asked.store(true, Ordering::SeqCst);
    });
}
