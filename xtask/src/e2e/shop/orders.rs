//! That every order placed is counted and kept, and how the connections to the database are told of.

use std::collections::BTreeMap;

use super::super::eventually::eventually;
use super::Seen;
use super::traffic::{Placed, Sent};
use crate::Result;
use crate::exposition::{label, total};
use crate::service::TEXT;
use crate::shop::Part;

const CREATED: &str = "app_order_created_total";

/// The first lines of the family, as an operator's rules expect them.
const CREATED_IS: &str = "# HELP app_order_created_total Total number of orders created\n\
    # TYPE app_order_created_total counter\napp_order_created_total{service=\"payment\"} ";

pub(super) fn counted(seen: &Seen<'_>) -> Result<String> {
    let placed = placed(&seen.sent).count();
    let text = seen.shop.orders.metrics(TEXT)?.text();
    if !text.contains(&format!("{CREATED_IS}{placed}\n")) {
        let found: Vec<_> = text.lines().filter(|line| line.contains(CREATED)).collect();
        return Err(format!("{placed} orders were placed, and there is\n{}", found.join("\n")));
    }
    eventually(|| {
        let query = format!("{CREATED}{{job=\"orders\",service=\"payment\"}}");
        match seen.prometheus.query(&query)?.as_slice() {
            [(_, value)] if *value == placed as f64 => Ok(()),
            other => Err(format!("{placed} orders were placed, Prometheus has {other:?}")),
        }
    })?;
    Ok(format!("{placed}, on /metrics and in Prometheus"))
}

pub(super) fn kept(seen: &Seen<'_>) -> Result<String> {
    let rows = seen.postgres.rows(&seen.database, "SELECT id, customer, quantity, state FROM orders")?;
    same(&rows, &seen.sent)
}

/// That the rows are the orders that were placed, each as its customer knows it.
pub(super) fn same(rows: &[Vec<String>], sent: &[Sent]) -> Result<String> {
    let row = |placed: &Placed| {
        let state = if placed.is_paid { "paid" } else { "unpaid" };
        (placed.id.to_string(), vec![placed.user.clone(), placed.quantity.to_string(), state.to_owned()])
    };
    let expected: BTreeMap<_, _> = placed(sent).map(row).collect();
    let kept: BTreeMap<_, _> = rows
        .iter()
        .filter_map(|row| row.split_first())
        .map(|(id, rest)| (id.clone(), rest.to_vec()))
        .collect();
    let differs = |id: &&String| expected.get(*id) != kept.get(*id);
    if let Some(id) = expected.keys().chain(kept.keys()).find(differs) {
        return Err(format!("order {id} is {:?}, not {:?}", kept.get(id), expected.get(id)));
    }
    // A map hides an id that was given twice.
    match placed(sent).count() {
        count if count == rows.len() => Ok(format!("{count} rows")),
        count => Err(format!("{} rows of {count} orders", rows.len())),
    }
}

fn placed(sent: &[Sent]) -> impl Iterator<Item = &Placed> {
    sent.iter().filter_map(|sent| sent.placed.as_ref())
}

/// That queries are counted as there were orders and reads, and commands and looks as Redis itself has counted them.
pub(super) fn asked(seen: &Seen<'_>) -> Result<String> {
    let placed = placed(&seen.sent).count() as f64;
    let reads = seen.sent.iter().filter(|sent| sent.request.method == "GET");
    let reads = reads.filter(|sent| sent.way.iter().any(|hop| hop.service == Part::Orders)).count() as f64;
    let scrape = seen.shop.orders.scrape(TEXT)?;
    let of = |family: &str, name: &str, value: &str| {
        total(scrape.named(family).filter(|sample| label(&sample.labels, name) == value))
    };
    let operations = |operation| of("db_client_operations_total", "operation", operation);
    let durations = |operation| of("db_client_operation_duration_seconds_count", "operation", operation);
    let looks = |result| of("cache_requests_total", "result", result);
    let [gets, puts] = [seen.redis.calls("get")?, seen.redis.calls("setex")?];
    for (what, told, expected) in [
        ("INSERT", operations("INSERT"), placed),
        ("UPDATE", operations("UPDATE"), placed),
        ("SELECT", operations("SELECT"), reads),
        ("INSERT, timed", durations("INSERT"), placed),
        ("SETEX", operations("SETEX"), puts),
        ("misses", looks("miss"), puts),
        ("looks", looks("hit") + looks("miss"), gets),
        ("looks of orders", gets, placed),
        ("failed looks", looks("error"), 0.0),
        ("failed queries", scrape.sum("db_client_operation_errors_total"), 0.0),
    ] {
        if told != expected {
            return Err(format!("{what}: {told}, not {expected}"));
        }
    }
    Ok(format!("{placed} orders, {reads} reads, {} hits and {} misses", looks("hit"), looks("miss")))
}

pub(super) fn pool(seen: &Seen<'_>) -> Result<String> {
    // What each order and each read needs; the table and the readiness check go past it.
    let reads = seen.sent.iter().filter(|sent| sent.request.method == "GET");
    let reads = reads.filter(|sent| sent.way.iter().any(|hop| hop.service == Part::Orders)).count();
    let least = (2 * placed(&seen.sent).count() + reads) as f64;
    eventually(|| {
        let scrape = seen.shop.orders.scrape(TEXT)?;
        let of = |name: &str| match scrape.named(name).collect::<Vec<_>>()[..] {
            [sample] if label(&sample.labels, "pool") == "orders" => Ok(sample.value),
            ref other => Err(format!("{name} should be one series with pool=\"orders\": {other:?}")),
        };
        let [active, idle, max] = [
            of("db_pool_connections_active")?,
            of("db_pool_connections_idle")?,
            of("db_pool_connections_max")?,
        ];
        let waits = of("db_pool_wait_duration_seconds_count")?;
        let without = of("db_pool_timeouts_total")? + of("db_pool_errors_total")?;
        if without > 0.0 {
            return Err(format!("{without} of {waits} acquires gave no connection"));
        }
        if active == 0.0 && (1.0..=max).contains(&idle) && max == 8.0 && waits >= least {
            return Ok(format!("{idle} of {max} open and idle, {waits} waits"));
        }
        Err(format!("{active} active, {idle} idle, {max} at most, {waits} waits and not {least}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Ids;

    use super::super::super::requests::Request;

    fn sent(id: u64, is_paid: bool) -> Sent {
        let request = Request::new(&mut Ids::new(), "POST", String::new(), String::new());
        let placed = Placed { id, user: "ada".to_owned(), quantity: 2, is_paid };
        Sent { request, placed: Some(placed), way: Vec::new() }
    }

    fn row(texts: [&str; 4]) -> Vec<String> {
        texts.map(str::to_owned).to_vec()
    }

    #[test]
    fn a_missing_row_an_extra_row_and_another_state_are_told() {
        let sent = [sent(1, true), sent(2, false)];
        let good = [row(["1", "ada", "2", "paid"]), row(["2", "ada", "2", "unpaid"])];
        assert!(same(&good, &sent).is_ok());
        assert!(same(&good[..1], &sent).is_err());
        assert!(same(&good, &sent[..1]).is_err());
        let other = [good[0].clone(), row(["2", "ada", "2", "placed"])];
        assert!(same(&other, &sent).is_err());
        let twice = [good[0].clone(), good[1].clone(), good[1].clone()];
        assert!(same(&twice, &sent).is_err());
    }
}
