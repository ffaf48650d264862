//! Decisions for roots and callers, at and beyond the limit.

use std::time::Duration;

use obs_core::context::{Ids, TraceFlags};
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
