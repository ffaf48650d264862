//! Assertions on trees of spans: what is otherwise is told, all of it, with the way to it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use obs::testing::{Expected, Testing, span};
use obs::traces::Kind;
use tracing::{info, info_span};

fn checked_out() -> Testing {
    let obs = obs::testing::start("orders");
    {
        let _entered = obs.enter();
        info_span!("check out", cart = 7_u64, user = "ada").in_scope(|| {
            info_span!("reserve").in_scope(|| info!("reserved"));
            info_span!("charge", otel.kind = "client", attempt = 1).in_scope(|| tracing::error!("declined"));
            info_span!("charge", otel.kind = "client", attempt = 2, otel.status_code = "ok").in_scope(|| {});
        });
    }
    obs
}

fn right() -> Expected {
    span("check out")
        .kind(Kind::Internal)
        .attribute("cart", 7)
        .attribute("user", "ada")
        .without("password")
        // In no order of theirs.
        .child(span("charge").attribute("attempt", 2).ok())
        .child(span("reserve").event("reserved"))
        .child(span("charge").kind(Kind::Client).attribute("attempt", 1).error("declined").event("declined"))
}

/// What the assertion says, without the tree below it.
fn told(obs: &Testing, expected: &Expected) -> Vec<String> {
    let tree = obs.tree("check out");
    let panic = catch_unwind(AssertUnwindSafe(|| tree.assert(expected))).expect_err("it holds");
    let text = panic.downcast_ref::<String>().unwrap();
    let (differences, details) = text.split_once("\nin\n").unwrap();
    assert_eq!(details, tree.details());
    differences.lines().map(str::to_owned).collect()
}

#[test]
fn a_tree_that_is_as_expected_passes() {
    let obs = checked_out();
    obs.tree("check out").assert(&right());
    obs.tree("check out").assert(&span("check out").and_more());
    obs.tree("check out").assert(&span("check out").child(span("charge").failed().and_more()).and_more());
}

#[test]
fn everything_that_is_otherwise_is_told() {
    let obs = checked_out();
    let of_the_root =
        span("pay").kind(Kind::Server).attribute("cart", 8).attribute("tenant", 1).without("user");
    assert_eq!(
        told(&obs, &of_the_root.ok().event("paid").and_more()),
        [
            "check out: expected a span called `pay`",
            "check out: is Internal, expected Server",
            "check out: status is Unset, expected Ok",
            "check out: cart is 7, expected 8",
            "check out: has no tenant, expected 1",
            "check out: has user, expected none",
            "check out: has no event `paid`",
        ]
    );
}

#[test]
fn spans_below_are_held_against_the_nearest_and_the_rest_is_told() {
    let obs = checked_out();
    let expected =
        span("check out").child(span("charge").attribute("attempt", 3).failed()).child(span("refund"));
    assert_eq!(
        told(&obs, &expected),
        [
            "check out > charge: attempt is 1, expected 3",
            "check out: there is no span called `refund` below it",
            "check out: `reserve` below it was not expected",
            "check out: `charge` below it was not expected",
        ]
    );
    // An error is no success by itself.
    let expected = span("check out").child(span("charge").attribute("attempt", 1)).and_more();
    assert_eq!(
        told(&obs, &expected),
        ["check out > charge: status is Error(\"declined\"), expected NoError"]
    );
}

#[test]
fn of_spans_that_could_be_several_each_is_found_its_own() {
    let obs = checked_out();
    let charge = |attempt: u64| span("charge").attribute("attempt", attempt).and_more();
    // The first takes either; the second is one of the two alone.
    let any = span("charge").kind(Kind::Client).attribute("otel.none", 1);
    let failed = span("charge").kind(Kind::Client).failed();
    obs.tree("check out").assert(&span("check out").child(failed).child(charge(2)).and_more());
    let told = told(&obs, &span("check out").child(any).child(charge(2)).and_more());
    assert_eq!(told.len(), 2, "{told:?}");
}

#[test]
fn details_are_the_whole_of_each_span() {
    let obs = checked_out();
    let details = obs.tree("check out").details();
    let lines: Vec<_> = details.lines().collect();
    assert!(
        lines[0].starts_with("check out [Internal] ") && lines[0].contains(" cart=7 user=\"ada\""),
        "{details}"
    );
    assert!(lines[1].starts_with("  reserve [Internal]") && lines[2] == "    · reserved", "{details}");
    assert!(
        lines[3].starts_with("  charge [Client] error: declined ") && lines[3].contains(" attempt=1"),
        "{details}"
    );
}
