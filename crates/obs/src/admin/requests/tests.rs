//! What is in flight as it is listed: all of it, no more than fits, and nothing a client has written.

use std::time::Duration;

use obs_core::context::{Local, Route, TraceFlags};
use obs_core::observe::conclude;
use obs_core::{Clock, Outcome, Resource};

use super::*;

fn base() -> Arc<Base> {
    Base::builder(Resource::new("orders")).clock(Clock::manual(obs_core::Timestamp::default())).build()
}

fn request(base: &Base) -> Context {
    let ids = obs_core::context::Ids {
        trace_id: base.ids.trace_id(),
        span_id: base.ids.span_id(),
        flags: TraceFlags::default(),
    };
    Context::root(ids, Local::server(base.ids.request_id(), None))
}

fn asked(in_flight: &InFlight, accept: &str) -> String {
    let request = http::Request::get(REQUESTS).header("accept", accept).body(()).unwrap();
    let response = shown::respond(in_flight, &request);
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "no-store");
    String::from_utf8(response.into_body().to_vec()).unwrap()
}

#[test]
fn what_has_begun_and_not_ended_is_listed_by_its_route() {
    let base = base();
    let in_flight = InFlight::new(&base);
    let (old, new) = (request(&base), request(&base));
    let (get, post) =
        (Request::new(Method::Get, "/orders/7?token=hunter2"), Request::new(Method::Post, "/<b>"));
    in_flight.start(&old, &get);
    old.local().set_route(Route::from_static("/orders/{id}"));
    base.clock.advance(Duration::from_millis(1_500));
    in_flight.start(&new, &post);
    assert_eq!(
        asked(&in_flight, "*/*"),
        format!(
            "2 in flight, the oldest first\n     1.500s GET /orders/{{id}} {}\n     0.000s POST - {}\n",
            old.trace_id(),
            new.trace_id()
        )
    );
    assert_eq!(
        asked(&in_flight, "application/json"),
        format!(
            "{{\"in_flight\":2,\"requests\":[{{\"age_seconds\":1.500,\"method\":\"GET\",\"route\":\"/orders/{{id}}\",\
             \"kind\":\"http\",\"trace_id\":\"{}\",\"span_id\":\"{}\"}},{{\"age_seconds\":0.000,\"method\":\"POST\",\
             \"route\":null,\"kind\":\"http\",\"trace_id\":\"{}\",\"span_id\":\"{}\"}}]}}\n",
            old.trace_id(),
            old.span_id(),
            new.trace_id(),
            new.span_id()
        )
    );
    let html = asked(&in_flight, "text/html,application/xhtml+xml,*/*;q=0.8");
    assert!(
        html.contains("<td>/orders/{id}<td>") && !html.contains("hunter2") && !html.contains("<b>"),
        "{html}"
    );
    conclude(&in_flight, &old, &get, &End::new(Outcome::Success, Duration::ZERO));
    conclude(&in_flight, &new, &post, &End::new(Outcome::Cancelled, Duration::ZERO));
    assert_eq!(asked(&in_flight, "*/*"), "0 in flight, the oldest first\n");
}

#[test]
fn a_flood_is_counted_and_takes_no_more_than_its_place() {
    let base = base();
    let in_flight = InFlight::new(&base);
    let all: Vec<_> = (0..20_000).map(|_| request(&base)).collect();
    let get = Request::new(Method::Get, "/");
    all.iter().for_each(|context| in_flight.start(context, &get));
    let listed: usize = in_flight.0.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
    assert_eq!(listed, SHARDS * EACH);
    let text = asked(&in_flight, "*/*");
    assert!(text.starts_with("20000 in flight, 1000 shown, the oldest first\n"), "{}", &text[..60]);
    assert_eq!(text.lines().count(), 1_001);
    let end = End::new(Outcome::Success, Duration::ZERO);
    for context in &all {
        conclude(&in_flight, context, &get, &end);
    }
    assert_eq!(asked(&in_flight, "*/*"), "0 in flight, the oldest first\n");
}
