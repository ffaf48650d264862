//! What is wrong with routes, found before there is a line: no such output, a condition that nothing meets, a route that
//! those before leave nothing for.
//!
//! All levels and all combinations of the other facts are tried, but those that cannot be, such as two environments at
//! once. Where that would be too many, routes are compared two by two; what is found is right in either case.

use std::fmt;

use super::Route;
use super::condition::{Answer, Bound, Fact, Test};
use super::glob::Glob;
use super::levels::ASCENDING;

/// What is wrong with one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteError {
    /// Which route, from 0.
    pub route: usize,
    /// What is wrong with it.
    pub fault: RouteFault,
}

/// What is wrong with a route.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteFault {
    /// There is no output of this name.
    UnknownOutput(String),
    /// Its condition contradicts itself.
    NeverMatches,
    /// A route before it takes every line that it would: that one, from 0, or several together.
    Hidden(Option<usize>),
}

/// The most facts whose combinations are all tried.
const MOST_FACTS: usize = 12;

/// Every fault of `routes` between outputs of these names.
pub fn check(routes: &[Route], outputs: &[&str]) -> Vec<RouteError> {
    let mut faults = Vec::new();
    for (at, route) in routes.iter().enumerate() {
        let unknown = route.outputs().filter(|name| !outputs.contains(name));
        faults
            .extend(unknown.map(|name| RouteFault::UnknownOutput(name.to_owned())).map(|fault| (at, fault)));
        let before = &routes[..at];
        if !leaves(route, &[]) {
            faults.push((at, RouteFault::NeverMatches));
        } else if let Some(by) = before.iter().position(|one| !leaves(route, std::slice::from_ref(one))) {
            faults.push((at, RouteFault::Hidden(Some(by))));
        } else if !leaves(route, before) {
            faults.push((at, RouteFault::Hidden(None)));
        }
    }
    faults.into_iter().map(|(route, fault)| RouteError { route, fault }).collect()
}

/// Whether there may be a line for `route` that none of `before` takes.
fn leaves(route: &Route, before: &[Route]) -> bool {
    let mut facts = Vec::new();
    // Its own first: where those of others are not so, it is most often found at once that there is one.
    for route in std::iter::once(route).chain(before) {
        route.when.facts(&mut |fact| {
            if !matches!(fact, Fact::Level(_)) && !facts.contains(&fact) {
                facts.push(fact);
            }
        });
    }
    if facts.len() > MOST_FACTS {
        return true;
    }
    let takes = |route: &Route, level, so: u32| {
        let answer = |fact: &Fact| match fact {
            Fact::Level(levels) => levels.contains(level).into(),
            _ => facts.iter().position(|known| *known == fact).is_some_and(|at| so & 1 << at != 0).into(),
        };
        route.when.ask(&mut { answer }) == Answer::Yes
    };
    // What follows from each, as bits; asked once, since there are far more combinations than pairs.
    let follows = |wanted: Relation, fact: &Fact| {
        let others = (0..).zip(&facts).filter(|(_, other)| relation(fact, other) == wanted);
        others.fold(0u32, |bits, (other, _)| bits | 1 << other)
    };
    let rules: Vec<_> = facts
        .iter()
        .map(|fact| [Relation::Implies, Relation::Excludes].map(|wanted| follows(wanted, fact)))
        .collect();
    let can_be = |so: u32| {
        (0..).zip(&rules).zip(&facts).all(|((at, [implied, excluded]), fact)| {
            let holds = so & 1 << at != 0;
            if holds { so & implied == *implied && so & excluded == 0 } else { !is_always(fact) }
        })
    };
    (0..1u32 << facts.len()).filter(|so| can_be(*so)).any(|so| {
        ASCENDING.iter().any(|(_, level)| {
            takes(route, *level, so) && !before.iter().any(|before| takes(before, *level, so))
        })
    })
}

/// Whether it is so of every line: each has a target.
fn is_always(fact: &Fact) -> bool {
    matches!(fact, Fact::Target(glob) if !glob.is_literal() && glob.as_str().bytes().all(|byte| byte == b'*'))
}

/// What follows for another fact from one that is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Implies,
    Excludes,
    None,
}

fn relation(so: &Fact, other: &Fact) -> Relation {
    if so == other {
        return Relation::Implies;
    }
    match (so, other) {
        (Fact::Env(so), Fact::Env(other)) | (Fact::Target(so), Fact::Target(other)) => of_globs(so, other),
        (Fact::Module(so), Fact::Module(other)) if so.is_literal() && other.matches(so.as_str()) => {
            Relation::Implies
        }
        (Fact::Target(so), Fact::Module(other)) if so.is_literal() && other.matches(so.as_str()) => {
            Relation::Implies
        }
        (Fact::Field(so), Fact::Field(other)) if so.name == other.name => of_tests(&so.value, &other.value),
        _ => Relation::None,
    }
}

fn of_globs(so: &Glob, other: &Glob) -> Relation {
    match (so.is_literal(), other.matches(so.as_str())) {
        (true, true) => Relation::Implies,
        (true, false) => Relation::Excludes,
        (false, _) if other.is_literal() && !so.matches(other.as_str()) => Relation::Excludes,
        (false, _) => Relation::None,
    }
}

fn of_tests(so: &Test, other: &Test) -> Relation {
    match (so, other) {
        (Test::Text(so), Test::Text(other)) => of_globs(so, other),
        (Test::Text(so), Test::Number(..)) if so.is_literal() => {
            if other.is_met_by_text(so.as_str()) {
                Relation::Implies
            } else {
                Relation::Excludes
            }
        }
        (Test::Number(bound, number), Test::Number(other, further)) => {
            of_bounds((*bound, *number), (*other, *further))
        }
        _ => Relation::None,
    }
}

fn of_bounds((so, number): (Bound, f64), (other, further): (Bound, f64)) -> Relation {
    let upward = |bound| matches!(bound, Bound::AtLeast | Bound::MoreThan);
    let with_end = |bound| matches!(bound, Bound::AtLeast | Bound::AtMost);
    // As if both looked upward.
    let (nearer, same) = if upward(so) {
        (number > further, number == further)
    } else {
        (number < further, number == further)
    };
    if upward(so) == upward(other) {
        let follows = nearer || same && (with_end(other) || !with_end(so));
        return if follows { Relation::Implies } else { Relation::None };
    }
    let apart = nearer || same && !(with_end(so) && with_end(other));
    if apart { Relation::Excludes } else { Relation::None }
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            RouteFault::UnknownOutput(name) => write!(f, "there is no output `{}`", name.escape_debug()),
            RouteFault::NeverMatches => f.write_str("no line can match: its conditions exclude each other"),
            RouteFault::Hidden(Some(by)) => {
                write!(f, "no line comes this far: route {} takes every line that it would", by + 1)
            }
            RouteFault::Hidden(None) => {
                f.write_str("no line comes this far: the routes before take every line that it would")
            }
        }
    }
}

impl std::error::Error for RouteError {}

#[cfg(test)]
mod tests {
    use super::super::Match;
    use super::*;

    fn level(text: &str) -> Match {
        Match::level(text.parse().unwrap())
    }

    #[track_caller]
    fn check(conditions: &[Match], expected: &[(usize, RouteFault)]) {
        let routes: Vec<_> = conditions.iter().map(|when| Route::new(when.clone(), ["out"])).collect();
        let found: Vec<_> =
            super::check(&routes, &["out"]).into_iter().map(|error| (error.route, error.fault)).collect();
        assert_eq!(found, expected);
    }

    const BY_FIRST: RouteFault = RouteFault::Hidden(Some(0));
    const BY_FIRST_BUT_ONE: RouteFault = RouteFault::Hidden(Some(1));

    #[test]
    fn an_output_that_is_not_there_is_named() {
        let routes = [Route::otherwise(["out", "loki"])];
        let faults = super::check(&routes, &["out"]);
        assert_eq!(faults.len(), 1);
        assert_eq!(faults[0].to_string(), "there is no output `loki`");
    }

    #[test]
    fn a_contradiction_is_found() {
        let never = [(0, RouteFault::NeverMatches)];
        check(&[Match::all([level("ERROR"), level("<=INFO")])], &never);
        check(&[Match::all([Match::env("prod"), Match::env("dev")])], &never);
        check(&[Match::all([Match::module("shop::payment"), Match::not(Match::module("payment"))])], &never);
        check(&[Match::all([Match::field("status", ">=500"), Match::field("status", "<500")])], &never);
        check(&[Match::all([Match::field("status", ">500"), Match::field("status", "404")])], &never);
        check(&[Match::any([])], &never);
        check(&[Match::all([Match::field("a", "x"), Match::not(Match::field("a", "x*"))])], &never);
    }

    #[test]
    fn what_may_be_is_no_contradiction() {
        check(&[Match::all([Match::env("prod*"), Match::env("*eu")])], &[]);
        check(&[Match::all([Match::module("shop"), Match::module("payment")])], &[]);
        check(&[Match::all([Match::field("status", ">=500"), Match::field("status", "<=500")])], &[]);
        check(&[Match::all([Match::field("a", "x"), Match::field("b", "y"), level(">=WARN")])], &[]);
        check(&[Match::all([Match::target("shop::*"), Match::not(Match::target("shop::cart"))])], &[]);
    }

    #[test]
    fn a_route_that_gets_nothing_is_told_by_what_hides_it() {
        check(&[Match::all([]), level("ERROR")], &[(1, BY_FIRST)]);
        check(&[level(">=WARN"), level("ERROR")], &[(1, BY_FIRST)]);
        check(&[Match::env("prod"), Match::all([Match::env("prod"), level("ERROR")])], &[(1, BY_FIRST)]);
        check(&[Match::module("pay*"), Match::module("payment")], &[(1, BY_FIRST)]);
        check(&[Match::target("*"), Match::all([])], &[(1, BY_FIRST)]);
        check(&[level(">=WARN"), Match::target("*"), level("INFO")], &[(2, BY_FIRST_BUT_ONE)]);
        check(&[level(">=WARN"), level("<WARN"), Match::all([])], &[(2, RouteFault::Hidden(None))]);
        check(
            &[Match::env("prod"), Match::not(Match::env("prod")), level("INFO")],
            &[(2, RouteFault::Hidden(None))],
        );
        check(&[Match::field("n", ">=5"), Match::field("n", ">7")], &[(1, BY_FIRST)]);
    }

    #[test]
    fn an_overlap_in_part_hides_nothing() {
        check(&[level("ERROR"), level(">=WARN"), Match::all([])], &[]);
        check(&[Match::module("payment"), Match::module("pay*")], &[]);
        check(&[Match::env("prod"), Match::env("dev"), Match::all([])], &[]);
        check(
            &[
                Match::all([Match::env("prod"), level("ERROR"), Match::module("payment")]),
                Match::all([Match::env("dev"), level("DEBUG")]),
                Match::all([]),
            ],
            &[],
        );
        check(&[Match::field("n", ">7"), Match::field("n", ">=7")], &[]);
    }

    #[test]
    fn too_many_facts_are_compared_two_by_two() {
        let many: Vec<_> = (0..40).map(|n| Match::field(format!("f{n}"), "x")).collect();
        check(&many, &[]);
        let again: Vec<_> = many.iter().cloned().chain([many[7].clone()]).collect();
        check(&again, &[(40, RouteFault::Hidden(Some(7)))]);
    }
}
