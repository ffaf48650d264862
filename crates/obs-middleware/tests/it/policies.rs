//! What holds for the requests of some paths.

use std::convert::Infallible;

use http::{Request, Response};
use obs_core::context;
use obs_middleware::{Peer, Policy, Trust};
use tower::{Layer, ServiceExt, service_fn};

use crate::spy::{Spy, layer};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

async fn get(policies: impl IntoIterator<Item = Policy>, path: &str) -> (Response<String>, Spy) {
    let (layer, spy, _) = layer();
    let service = layer.policies(policies).layer(service_fn(async |_: Request<()>| {
        let text = if context::current().is_some() { "inside" } else { "outside" };
        Ok::<_, Infallible>(Response::new(String::from(text)))
    }));
    let peer = Peer("10.0.0.9:41000".parse().unwrap());
    let request = Request::builder().uri(path).header("traceparent", PARENT).extension(peer);
    let (head, body) = service.oneshot(request.body(()).unwrap()).await.unwrap().into_parts();
    let body = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
    (Response::from_parts(head, String::from_utf8(body.to_vec()).unwrap()), spy)
}

fn policy(route: &str) -> Policy {
    Policy::new(route).unwrap()
}

#[tokio::test]
async fn what_is_ignored_leaves_nothing_and_has_no_ids() {
    let (response, spy) = get([policy("/health*").ignored()], "/healthz?x=1").await;
    assert_eq!((response.body().as_str(), response.headers().get("x-trace-id")), ("outside", None));
    assert_eq!((spy.all(), spy.unfinished()), (vec![], 0));
    let (response, spy) = get([policy("/health*").ignored()], "/orders").await;
    assert_eq!((response.body().as_str(), spy.only().outcome), ("inside", "success"));
}

#[tokio::test]
async fn the_first_policy_that_fits_counts_and_a_method_has_to_fit() {
    let policies =
        || [policy("POST /a").ignored(), policy("/a").without_access_line(), policy("/a*").ignored()];
    assert!(get(policies(), "/a").await.1.only().muted);
    assert_eq!(get(policies(), "/ab").await.1.all(), []);
    assert!(!get(policies(), "/b").await.1.only().muted);
}

#[tokio::test]
async fn a_route_may_believe_less_or_more_than_the_layer() {
    let of = |seen: crate::spy::Seen| (seen.parent.is_some(), seen.link.is_some());
    let edge = || [policy("/webhooks/{sender}").trust(Trust::Edge)];
    assert_eq!(of(get(edge(), "/webhooks/a").await.1.only()), (false, true));
    assert_eq!(of(get(edge(), "/orders").await.1.only()), (true, false));
    assert_eq!(of(get([policy("*").trust(Trust::Internal)], "/x").await.1.only()), (true, false));
}

/// Its end is not looked at, so that it may be what is ignored or not believed, or not.
#[tokio::test]
async fn a_long_path_is_neither_hidden_nor_believed_by_its_beginning() {
    let long = "a".repeat(1_100);
    let path = format!("/files/{long}/admin");
    let (response, spy) = get([policy("/files/{name}").ignored()], &path).await;
    assert_eq!((response.body().as_str(), spy.only().outcome), ("inside", "success"));

    let of = |seen: crate::spy::Seen| (seen.parent.is_some(), seen.link.is_some());
    let path = format!("/webhooks/{long}/events");
    let edge = policy("/webhooks/{sender}/events").trust(Trust::Edge);
    let all = policy("*").trust(Trust::Internal);
    assert_eq!(of(get([edge.clone(), all.clone()], &path).await.1.only()), (false, true));
    assert_eq!(of(get([edge, all.clone()], "/webhooks/a").await.1.only()), (true, false));
    assert_eq!(of(get([all], &path).await.1.only()), (true, false), "nobody is doubted");
    assert_eq!(get([policy("/webhooks/*").ignored()], &path).await.1.all(), []);
}
