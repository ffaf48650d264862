//! The end of a demo: load first, then the services from the gateway on, each with what it says, and the numbers at last.

use std::time::Instant;

use super::answers::{Answers, Counts};
use super::load::Load;
use super::say::say;
use super::sink::Sink;
use super::summary::Scrapes;
use crate::Result;
use crate::shop::Shop;

/// Ends everything in order and says how it went.
pub(super) fn drain(
    load: Load,
    shop: Shop,
    sink: &Sink,
    answers: &Answers,
    mut scrapes: Scrapes,
    begun: Instant,
) -> Result {
    load.stop();
    scrapes.renew(&shop);
    let elapsed = begun.elapsed();
    // Whether anybody reads it or not, the services are ended in their order.
    let _ =
        say("ending gateway, orders, payments: each answers what it has begun and delivers what it has said");
    let mut since = Instant::now();
    let ended = shop.stop(|service, status| {
        let seconds = since.elapsed().as_secs_f64();
        let _ = say(format_args!("  {:<9} ended after {seconds:.1} s ({status})", service.name));
        since = Instant::now();
    });
    let _ =
        say(format_args!("\n{}\n{}", scrapes.summary(elapsed, sink.received()), clients(answers.counts())));
    ended
}

fn clients(Counts { answered, left, unanswered }: Counts) -> String {
    let sent = answered + left + unanswered;
    format!(
        "clients sent {sent} requests: {answered} answered, {left} left on purpose, {unanswered} without an answer"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_sent_is_accounted_for() {
        let counts = Counts { answered: 7, left: 2, unanswered: 1 };
        let expected = "clients sent 10 requests: 7 answered, 2 left on purpose, 1 without an answer";
        assert_eq!(clients(counts), expected);
    }
}
