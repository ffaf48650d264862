//! Plain targets through a proxy: asked by their whole URL, with its credentials to it alone.

use std::time::Duration;

use http::Method;
use obs_export::http::{Bypass, Call, CallError, ClientSettings, Endpoint, Once, Proxies, Proxy, Retry};

use crate::stub::{Answer, LONG, Stub};

pub(crate) fn ask(url: &str, settings: ClientSettings) -> Result<Vec<u8>, CallError> {
    let once = Once::new(settings, Retry::new().budget(Duration::from_millis(1)));
    let call = Call::new(Method::PUT, Endpoint::parse(url).unwrap()).body("text/plain", "x");
    once.call(call, LONG).map(|response| response.body.to_vec())
}

#[test]
fn a_plain_target_is_asked_of_the_proxy_by_its_whole_url() {
    // The proxy answers in the place of the target, which nobody could find.
    let proxy = Stub::start([Answer::Status(200, vec![], b"by proxy".into())]);
    let through = Proxy::parse(&format!("ada:hunter2@{}", proxy.address)).unwrap();
    let settings = ClientSettings::new().proxy(through).bearer("token").unwrap();
    assert_eq!(ask("http://nowhere.invalid:81/in?a=b", settings.clone()).unwrap(), b"by proxy");
    let request = proxy.next();
    assert_eq!(request.line, "PUT http://nowhere.invalid:81/in?a=b HTTP/1.1");
    assert_eq!(request.header("host"), Some("nowhere.invalid:81"));
    // `ada:hunter2`, by coreutils' base64.
    assert_eq!(request.header("proxy-authorization"), Some("Basic YWRhOmh1bnRlcjI="));
    assert_eq!(request.header("authorization"), Some("Bearer token"));
    let printed = format!("{settings:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("YWRh"), "{printed}");
}

#[test]
fn what_passes_by_the_proxy_is_asked_itself_and_sees_no_credentials() {
    let target = Stub::start([Answer::status(200)]);
    let proxies = Proxies::all(Proxy::parse("ada:hunter2@127.0.0.1:1").unwrap()).bypass(Bypass::parse(""));
    ask(&target.url(), ClientSettings::new().proxy(proxies)).unwrap();
    let request = target.next();
    assert_eq!((request.line.as_str(), request.header("proxy-authorization")), ("PUT / HTTP/1.1", None));
}

#[test]
fn a_proxy_that_wants_credentials_for_a_plain_target_is_told() {
    let answer = Answer::Status(407, vec![("proxy-authenticate", "Basic".into())], b"who are you?".into());
    let proxy = Stub::start([answer]);
    let through = Proxy::parse(&format!("ada:hunter2@{}", proxy.address)).unwrap();
    let error = ask("http://nowhere.invalid", ClientSettings::new().proxy(through)).unwrap_err();
    assert_eq!(error.to_string(), "refused with status 407: who are you?");
}

#[test]
fn a_proxy_that_cannot_be_reached_is_no_way_around_it() {
    let target = Stub::start([Answer::status(200)]);
    let error = ask(&target.url(), ClientSettings::new().proxy(Proxy::parse("127.0.0.1:1").unwrap()));
    assert!(matches!(error, Err(CallError::Unreachable { .. })), "{error:?}");
    assert!(target.rest().is_empty());
}
