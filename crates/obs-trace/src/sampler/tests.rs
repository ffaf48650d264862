//! Decisions for roots and callers, at and beyond the limit.

use std::time::Duration;

use obs_core::context::{Ids, Local, TraceFlags};
use obs_core::observe::Method;
use obs_core::propagate::Remote;
use obs_core::{IdSource, Timestamp, TraceId};

use super::*;

fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix_nanos(1_000))
}

fn trace_id(low: u64) -> TraceId {
    TraceId::new(u128::MAX << 64 | u128::from(low)).unwrap()
}

fn caller(sampled: bool) -> Remote {
    Remote::new(Ids {
        trace_id: trace_id(u64::MAX),
        span_id: IdSource::seeded(1).span_id(),
        flags: TraceFlags::default().sampled(sampled),
    })
}

#[test]
fn the_ratio_is_that_of_other_sdks() {
    let decide =
        |share, low| Sampler::ratio(share).unwrap().decide(&Candidate::new(trace_id(low), None), &clock());
    // The bound for 0.5 is 2^62, compared with the low 64 bits shifted right by one.
    assert!(decide(0.5, (1 << 63) - 1));
    assert!(!decide(0.5, 1 << 63));
    // 0.1 of 2^63 is 922,337,203,685,477,632 in an f64.
    assert!(decide(0.1, 922_337_203_685_477_631 << 1));
    assert!(!decide(0.1, 922_337_203_685_477_632 << 1));
    for low in [0, 1, u64::MAX] {
        assert!(decide(1.0, low));
        assert!(!decide(0.0, low));
    }
}

#[test]
fn a_tenth_of_random_ids_is_a_tenth() {
    let (sampler, ids, clock) = (Sampler::ratio(0.1).unwrap(), IdSource::seeded(7), clock());
    let kept = (0..100_000).filter(|_| sampler.decide(&Candidate::new(ids.trace_id(), None), &clock)).count();
    assert!((9_700..10_300).contains(&kept), "{kept}");
}

#[test]
fn a_caller_that_leaves_the_decision_to_us_is_a_root_to_the_sampler_and_one_that_asks_is_heard() {
    let clock = clock();
    let (all, none) = (Sampler::always_on().parent_based(), Sampler::always_off().parent_based());
    let mut deferring = caller(false);
    deferring.is_deferred = true;
    let deferred = Candidate::new(deferring.trace_id, Some(&deferring));
    assert!(all.decide(&deferred, &clock) && !none.decide(&deferred, &clock));
    let asking = |asked| Candidate::new(trace_id(1), None).asked(asked);
    assert!(!all.decide(&asking(Some(false)), &clock) && none.decide(&asking(Some(true)), &clock));
    assert!(all.decide(&asking(None), &clock) && !none.decide(&asking(None), &clock));
    // What is asked for costs as much as a caller's flag, and is believed no more often.
    assert!(!none.caller_limit(0).decide(&asking(Some(true)), &clock));
    assert!(!Sampler::always_off().decide(&asking(Some(true)), &clock));
}

#[test]
fn a_caller_is_followed_by_parent_based_samplers_only() {
    let (yes, no, clock) = (caller(true), caller(false), clock());
    for (sampler, sampled, unsampled, root) in [
        (Sampler::always_on(), true, true, true),
        (Sampler::always_off(), false, false, false),
        (Sampler::always_on().parent_based(), true, false, true),
        (Sampler::always_off().parent_based(), true, false, false),
        (Sampler::always_off().parent_based().caller_limit(0), false, false, false),
        (Sampler::always_on().parent_based().caller_limit(0), true, false, true),
    ] {
        let decide = |parent| sampler.decide(&Candidate::new(trace_id(u64::MAX), parent), &clock);
        assert_eq!(
            (decide(Some(&yes)), decide(Some(&no)), decide(None)),
            (sampled, unsampled, root),
            "{sampler}"
        );
    }
}

#[test]
fn above_the_limit_the_ratio_decides_and_time_refills() {
    let (sampler, clock, yes) =
        (Sampler::always_off().parent_based().caller_limit(10), clock(), caller(true));
    let believed = |tries: u32| {
        (0..tries).filter(|_| sampler.decide(&Candidate::new(yes.trace_id, Some(&yes)), &clock)).count()
    };
    assert_eq!(believed(100), 10);
    clock.advance(Duration::from_millis(250));
    assert_eq!(believed(100), 2);
    clock.advance(Duration::from_millis(50));
    assert_eq!(believed(100), 1, "what was left over of the last token counts");
    clock.advance(Duration::from_secs(3_600));
    assert_eq!(believed(100), 10, "never more than one second's worth");
}

#[test]
fn threads_share_the_limit_exactly() {
    let (sampler, clock) = (Sampler::always_off().parent_based().caller_limit(500), clock());
    let believed: usize = std::thread::scope(|scope| {
        let work = || {
            let yes = caller(true);
            (0..1_000).filter(|_| sampler.decide(&Candidate::new(yes.trace_id, Some(&yes)), &clock)).count()
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(believed, 500);
}

#[test]
fn the_standard_names_are_read_and_printed() {
    for (name, arg, printed) in [
        ("always_on", None, "always_on"),
        ("always_off", Some("0.5"), "always_off"),
        ("traceidratio", Some("0.25"), "traceidratio 0.25"),
        ("traceidratio", None, "traceidratio 1"),
        ("traceidratio", Some("0"), "traceidratio 0"),
        ("parentbased_always_on", None, "parentbased_always_on"),
        ("parentbased_always_off", None, "parentbased_always_off"),
        (" parentbased_traceidratio ", Some(" 0.5 "), "parentbased_traceidratio 0.5"),
    ] {
        assert_eq!(Sampler::parse(name, arg).unwrap().to_string(), printed);
    }
    for arg in ["1.1", "-0.1", "NaN", "x", "10%"] {
        assert_eq!(Sampler::parse("traceidratio", Some(arg)).unwrap_err(), SamplerError::BadRatio);
    }
    for name in ["", "jaeger_remote", "xray", "parentbased_", "ALWAYS_ON"] {
        assert_eq!(Sampler::parse(name, None).unwrap_err(), SamplerError::UnknownName);
    }
}

#[test]
fn the_share_of_roots_is_swapped_while_running() {
    let (clock, low) = (clock(), 1 << 62);
    for sampler in [Sampler::ratio(0.0).unwrap(), Sampler::ratio(1.0).unwrap().parent_based()] {
        let decide = || sampler.decide(&Candidate::new(trace_id(low), None), &clock);
        for (share, expected) in [(1.0, true), (0.0, false), (0.5, true), (0.25, false)] {
            sampler.set_ratio(share).unwrap();
            assert_eq!(decide(), expected, "{sampler}");
        }
        assert_eq!(sampler.set_ratio(f64::NAN), Err(SamplerError::BadRatio));
        assert!(sampler.to_string().ends_with("traceidratio 0.25"), "the old share stays: {sampler}");
    }
}

#[test]
fn all_and_nothing_have_no_share_to_swap() {
    for sampler in [Sampler::always_on(), Sampler::always_off(), Sampler::always_on().parent_based()] {
        let before = sampler.to_string();
        assert_eq!(sampler.set_ratio(0.5), Err(SamplerError::NoRatio));
        assert_eq!(sampler.to_string(), before);
    }
}

#[test]
fn each_branch_of_a_parent_based_sampler_is_chosen() {
    let clock = clock();
    // With an always_off root, so that what another branch records is its own.
    let make = || Sampler::always_off().parent_based();
    let half = Choice::ratio(0.5).unwrap();
    let (low, high) = (1, u64::MAX);
    for (sampler, expected) in [
        (make(), [true, true, false, false]),
        (make().caller_sampled(Choice::OFF), [false, false, false, false]),
        (make().caller_unsampled(Choice::ON), [true, true, true, true]),
        (make().caller_sampled(half).caller_unsampled(half), [true, false, true, false]),
        // Whoever records nothing has forced nothing, and so is not limited.
        (make().caller_unsampled(Choice::ON).caller_limit(0), [false, false, true, true]),
    ] {
        let decide = |sampled, low| {
            let caller = caller(sampled);
            sampler.decide(&Candidate::new(trace_id(low), Some(&caller)), &clock)
        };
        assert_eq!(
            [decide(true, low), decide(true, high), decide(false, low), decide(false, high)],
            expected,
            "{sampler:?}"
        );
    }
    let below = |sampler: &Sampler, sampled, low| {
        let ids = Ids { trace_id: trace_id(low), ..caller(sampled).ids() };
        sampler.decide_below(&Context::root(ids, Local::task()))
    };
    let usual = make();
    assert_eq!([below(&usual, true, low), below(&usual, false, low)], [None, None], "as what is above");
    let other = make().local_sampled(half).local_unsampled(Choice::ON);
    assert_eq!(
        [below(&other, true, low), below(&other, true, high), below(&other, false, high)],
        [Some(true), Some(false), Some(true)]
    );
    assert_eq!(below(&Sampler::always_on(), false, low), None, "only a parent-based sampler has branches");
}

#[test]
fn the_limit_is_spread_over_the_second_and_changed_while_running() {
    let (sampler, clock) = (Sampler::always_on().per_second(100), clock());
    let recorded = |tries: u32| {
        (0..tries).filter(|_| sampler.decide(&Candidate::new(trace_id(1), None), &clock)).count()
    };
    assert_eq!(recorded(1_000), 10, "a tenth of a second's at once");
    let step = |millis, tries| {
        clock.advance(Duration::from_millis(millis));
        recorded(tries)
    };
    let second: Vec<_> = (0..100).map(|_| step(10, 1_000)).collect();
    assert_eq!(second, [1; 100], "then one each hundredth of a second, however many there are");
    assert_eq!(step(3_600_000, 1_000), 10, "what was not used is not saved up");
    sampler.set_per_second(Some(1));
    assert_eq!((0..10).map(|_| step(500, 100)).sum::<usize>(), 5);
    sampler.set_per_second(None);
    assert_eq!(recorded(1_000), 1_000);
    sampler.set_per_second(Some(0));
    assert_eq!(step(1_000, 100), 0);
}

#[test]
fn the_limit_is_for_what_the_share_would_record_and_not_for_callers() {
    let (sampler, clock, yes) =
        (Sampler::ratio(0.5).unwrap().parent_based().per_second(1), clock(), caller(true));
    let root = |low| sampler.decide(&Candidate::new(trace_id(low), None), &clock);
    assert_eq!([root(u64::MAX), root(1), root(1)], [false, true, false], "what has no share takes no token");
    assert!(sampler.decide(&Candidate::new(yes.trace_id, Some(&yes)), &clock));
}

#[test]
fn callers_that_choose_their_ids_and_flags_are_bounded_by_both_limits_together() {
    let clock = clock();
    let sampler = Sampler::ratio(0.001).unwrap().parent_based().caller_limit(50).per_second(100);
    // The smallest ids are in every share, however small.
    let recorded = |second: u64| {
        let mut recorded = 0;
        for number in 0..10_000 {
            clock.advance(Duration::from_micros(100));
            let mut remote = caller(true);
            remote.trace_id = TraceId::new(u128::from(second * 10_000 + number + 1)).unwrap();
            let of_caller = sampler.decide(&Candidate::new(remote.trace_id, Some(&remote)), &clock);
            // The same by `x-trace-id`.
            let of_id = sampler.decide(&Candidate::new(remote.trace_id, None), &clock);
            recorded += u32::from(of_caller) + u32::from(of_id);
        }
        recorded
    };
    // What the caller's limit holds at first is a second's worth.
    assert!((150..=50 + 50 + 110).contains(&recorded(0)));
    for second in 1..5 {
        let recorded = recorded(second);
        assert!((145..=155).contains(&recorded), "{recorded}");
    }
}

fn rule(route: &str, ratio: f64) -> Rule {
    Rule::new(route, ratio).unwrap()
}

#[test]
fn the_first_rule_about_a_request_decides_in_place_of_the_share() {
    let clock = clock();
    let rules = vec![rule("/health*", 0.0), rule("POST /orders/{id}", 1.0), rule("*", 0.5)];
    let sampler = Sampler::always_off().parent_based().rules(rules).unwrap();
    let decide = |method, path, low| {
        sampler.decide(&Candidate::new(trace_id(low), None).of_request(method, path), &clock)
    };
    let high = u64::MAX;
    assert!(!decide(Method::Get, "/health/live", 1));
    assert!(decide(Method::Post, "/orders/7", high));
    assert!(!decide(Method::Get, "/orders/7", high), "another method: the rule behind it");
    assert!(decide(Method::Get, "/orders/7", 1));
    assert!(!sampler.decide(&Candidate::new(trace_id(1), None), &clock), "no request: the share");
    let (yes, no) = (caller(true), caller(false));
    let called = |caller, method, path| {
        sampler.decide(&Candidate::new(trace_id(high), Some(caller)).of_request(method, path), &clock)
    };
    assert!(called(&yes, Method::Get, "/health/live"), "what the caller has decided goes first");
    assert!(!called(&no, Method::Post, "/orders/7"));
}

#[test]
fn a_rule_has_the_limit_of_all_or_its_own() {
    let clock = clock();
    let rules = vec![rule("/own", 1.0).per_second(3), rule("/all", 1.0)];
    let sampler = Sampler::always_off().per_second(10).rules(rules).unwrap();
    let recorded = |path| {
        let candidate = Candidate::new(trace_id(1), None).of_request(Method::Get, path);
        (0..100).filter(|_| sampler.decide(&candidate, &clock)).count()
    };
    assert_eq!((recorded("/own"), recorded("/all")), (1, 1), "a tenth of a second's, and one at least");
    clock.advance(Duration::from_millis(100));
    assert_eq!((recorded("/own"), recorded("/all")), (0, 1), "a third of a second is not over");
}

#[test]
fn routes_that_make_no_sense_are_refused() {
    for (route, error) in [
        ("health", SamplerError::BadRoute),
        ("", SamplerError::BadRoute),
        ("POST", SamplerError::BadRoute),
        ("POST orders", SamplerError::BadRoute),
        ("post /orders", SamplerError::UnknownMethod),
        ("BREW /pots", SamplerError::UnknownMethod),
    ] {
        assert_eq!(Rule::new(route, 0.5), Err(error), "{route}");
    }
    assert_eq!(Rule::new("/a", 1.5), Err(SamplerError::BadRatio));
    let many = |count| vec![rule("/a", 0.0); count];
    assert!(Sampler::always_on().rules(many(Rule::MOST)).is_ok());
    assert_eq!(Sampler::always_on().rules(many(Rule::MOST + 1)).unwrap_err(), SamplerError::TooManyRules);
}

#[test]
fn rules_and_limits_are_exchanged_while_others_decide() {
    let (sampler, clock) = (Sampler::always_off(), clock());
    let sets = [vec![rule("/a", 1.0), rule("/b", 0.0)], vec![rule("/a", 0.0), rule("/b", 1.0)]];
    sampler.set_rules(sets[0].clone()).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let decider = || {
            let mut seen = [false; 2];
            // Once at least, however late this thread comes to run.
            loop {
                let candidate = Candidate::new(trace_id(1), None).of_request(Method::Get, "/a");
                seen[usize::from(sampler.decide(&candidate, &clock))] = true;
                if stop.load(std::sync::atomic::Ordering::Relaxed) {
                    return seen;
                }
            }
        };
        let deciders: Vec<_> = (0..2).map(|_| scope.spawn(decider)).collect();
        for round in 0..200 {
            sampler.set_rules(sets[round % 2].clone()).unwrap();
            sampler.set_per_second(if round % 3 == 0 { None } else { Some(1_000_000) });
            std::thread::yield_now();
        }
        sampler.set_rules(Vec::new()).unwrap();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        deciders
            .into_iter()
            .for_each(|decider| assert!(decider.join().unwrap().contains(&true), "it has decided"));
    });
    let candidate = Candidate::new(trace_id(1), None).of_request(Method::Get, "/a");
    assert!(!sampler.decide(&candidate, &clock), "without rules the share decides");
}

#[test]
fn a_share_that_rises_behind_a_rule_lets_nothing_through_meanwhile() {
    let (sampler, clock) = (Sampler::ratio(0.0).unwrap(), clock());
    let none = || vec![rule("/a", 0.0)];
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let decider = || {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                let candidate = Candidate::new(trace_id(1), None).of_request(Method::Get, "/a");
                if sampler.decide(&candidate, &clock) {
                    return false;
                }
            }
            true
        };
        let deciders: Vec<_> = (0..2).map(|_| scope.spawn(decider)).collect();
        for _ in 0..2_000 {
            sampler.set(Some(1.0), None, none()).unwrap();
            sampler.set(Some(0.0), None, Vec::new()).unwrap();
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(deciders.into_iter().all(|decider| decider.join().unwrap()));
    });
    assert_eq!(sampler.set(Some(2.0), None, none()), Err(SamplerError::BadRatio));
    assert!(sampler.to_string().ends_with("traceidratio 0"));
    assert_eq!(Sampler::always_on().set(Some(0.5), None, none()), Ok(()), "its share stays");
}

#[test]
fn rules_that_stay_the_same_give_no_second_share_of_their_second() {
    let (sampler, clock) = (Sampler::always_off(), clock());
    let rules = || vec![rule("/a", 1.0).per_second(1)];
    let decide = || sampler.decide(&Candidate::new(trace_id(1), None).of_request(Method::Get, "/a"), &clock);
    sampler.set_rules(rules()).unwrap();
    assert!(decide());
    sampler.set_rules(rules()).unwrap();
    assert!(!decide());
}

#[test]
fn the_largest_limit_is_no_limit_of_none() {
    for limit in [1_000_000_000, 1_000_000_001, u32::MAX] {
        let sampler = Sampler::always_on().per_second(limit);
        assert!(sampler.decide(&Candidate::new(trace_id(1), None), &clock()), "{limit}");
    }
}

#[test]
fn a_rule_that_stays_keeps_what_is_left_of_its_second_when_another_changes() {
    let (sampler, clock) = (Sampler::always_off(), clock());
    let decide =
        |path| sampler.decide(&Candidate::new(trace_id(1), None).of_request(Method::Get, path), &clock);
    let own = |path| rule(path, 1.0).per_second(1);
    sampler.set_rules(vec![own("/a"), own("/b")]).unwrap();
    assert!(decide("/a") && decide("/b"));
    sampler.set_rules(vec![rule("/c", 1.0), own("/b"), own("/a").per_second(2)]).unwrap();
    assert!(!decide("/b"), "moved, and the same");
    assert!(decide("/a"), "another rule");
}

#[test]
fn two_who_change_the_sampler_leave_what_one_of_them_has_set() {
    let (sampler, clock) = (Sampler::ratio(0.0).unwrap(), clock());
    let candidate = || Candidate::new(trace_id(1), None).of_request(Method::Get, "/a");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        // Neither of what is set records this path.
        let writer = || {
            for _ in 0..5_000 {
                sampler.set(Some(1.0), None, vec![rule("/a", 0.0)]).unwrap();
                sampler.set(Some(0.0), None, Vec::new()).unwrap();
            }
        };
        let decider = scope.spawn(|| {
            let mut seen = 0;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                seen += u32::from(sampler.decide(&candidate(), &clock));
            }
            seen
        });
        let writers = [scope.spawn(writer), scope.spawn(writer)];
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        decider.join().unwrap()
    });
    assert_eq!(seen, 0);
}
