//! The filter's rules as a table.

use tracing_core::Level;

use super::*;

#[track_caller]
fn check(filter: &str, expected: &[(&str, &str)]) {
    let filter: Filter = filter.parse().unwrap();
    for (target, level) in expected {
        assert_eq!(filter.level_of(target).to_string(), *level, "{target} under {filter}");
    }
}

#[test]
fn the_longest_target_on_a_segment_boundary_wins() {
    check(
        "info,hyper=warn,shop=error,shop::payment=debug,shop::payment::card=off",
        &[
            ("other", "info"),
            ("hyper", "warn"),
            ("hyper::client", "warn"),
            ("hyper_util", "info"),
            ("hyperion::x", "info"),
            ("shop", "error"),
            ("shop::orders", "error"),
            ("shop::payment", "debug"),
            ("shop::payments", "error"),
            ("shop::payment::card", "off"),
            ("shop::payment::card::chip", "off"),
            ("shop::payment::cards", "debug"),
            ("shop:payment", "info"),
            ("", "info"),
        ],
    );
}

#[test]
fn order_matters_only_between_equal_targets() {
    check("a::b=debug,a=warn", &[("a", "warn"), ("a::b", "debug")]);
    check("a=warn,a::b=debug", &[("a", "warn"), ("a::b", "debug")]);
    check("a=warn,a=trace", &[("a", "trace")]);
    check("info,hyper=warn,off", &[("x", "off"), ("hyper", "warn")]);
}

#[test]
fn words_cases_and_blanks_are_forgiving() {
    check("", &[("x", "info")]);
    check("hyper=warn", &[("x", "info"), ("hyper", "warn")]);
    check(" DEBUG , hyper = Warn ,", &[("x", "debug"), ("hyper", "warn")]);
}

#[test]
fn a_bad_directive_is_named() {
    for (text, directive, says) in [
        ("inof", "inof", "is no level"),
        ("info,shop", "shop", "target=level"),
        ("info,shop=loud,x=y", "shop=loud", "none of off, error"),
        ("=debug", "=debug", "no target"),
        ("a b=debug", "a b=debug", "space"),
        ("a=b=debug", "a=b=debug", "a further `=`"),
        ("shop[order{id=1}]=debug", "shop[order{id=1}]=debug", "not supported"),
        ("info, x=1", "x=1", "none of"),
    ] {
        let error = text.parse::<Filter>().unwrap_err();
        assert_eq!(error.directive(), directive);
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.to_string().contains(directive), "{error}");
    }
}

#[test]
fn a_long_directive_is_cut_where_it_is_told() {
    let error = "x".repeat(100_000).parse::<Filter>().unwrap_err();
    assert!(error.to_string().len() < 300, "{}", error.to_string().len());
}

#[test]
fn levels_are_compared_and_the_most_verbose_is_the_hint() {
    let filter: Filter = "warn,shop=debug,quiet=off".parse().unwrap();
    assert_eq!(filter.max_level_hint(), LevelFilter::DEBUG);
    assert!(filter.allows("x", Level::WARN) && filter.allows("x", Level::ERROR));
    assert!(!filter.allows("x", Level::INFO));
    assert!(filter.allows("shop::cart", Level::DEBUG) && !filter.allows("shop", Level::TRACE));
    assert!(!filter.allows("quiet", Level::ERROR));
}

#[test]
fn what_is_displayed_reads_back_the_same() {
    for text in ["info", "off,a=trace,b=warn,a::b=debug", "error,z=info,a=info"] {
        let filter: Filter = text.parse().unwrap();
        assert_eq!(filter.to_string().parse::<Filter>().unwrap(), filter);
    }
}
