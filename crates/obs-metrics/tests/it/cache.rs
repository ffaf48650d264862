//! Looks into a cache, by what came of them.

use super::{recorder, text};

#[test]
fn looks_are_counted_by_what_came_of_them_from_zero_on() {
    let recorder = recorder();
    let prices = recorder.cache("prices");
    let counted = || {
        let text = text(&recorder);
        let samples =
            text.lines().filter_map(|line| line.strip_prefix("cache_requests_total{cache=\"prices\","));
        samples.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(counted(), [r#"result="hit"} 0"#, r#"result="miss"} 0"#, r#"result="error"} 0"#]);
    prices.hit();
    prices.miss();
    prices.error();
    // Of one name they count together.
    let same = recorder.cache("prices").clone();
    assert_eq!(same.looked(Ok::<_, &str>(Some(1))), Ok(Some(1)));
    assert_eq!(same.looked(Ok::<Option<u8>, &str>(None)), Ok(None));
    assert_eq!(same.looked(Err::<Option<u8>, _>("gone")), Err("gone"));
    assert_eq!(same.get_or(Some(1), || unreachable!()), 1);
    assert_eq!(same.get_or(None, || 2), 2);
    assert_eq!(counted(), [r#"result="hit"} 3"#, r#"result="miss"} 3"#, r#"result="error"} 2"#]);
}
