//! Parts of a scrape, as they were written.

/// Families whose numbers are not the service's own.
const OTHERS: [&str; 7] =
    ["obs_", "process_", "health_", "tokio_", "allocator_", "build_info", "log_lines_total"];

/// Each family's name and text.
fn families(scrape: &str) -> Vec<(&str, String)> {
    let mut families: Vec<(&str, String)> = Vec::new();
    for line in scrape.split_inclusive('\n') {
        let comment = line.strip_prefix("# HELP ").or_else(|| line.strip_prefix("# TYPE "));
        let name = comment.and_then(|rest| rest.split([' ', '\n']).next());
        match (name, families.last_mut()) {
            // The second of the two comments of one family, or a sample.
            (Some(name), Some((known, text))) if *known == name => text.push_str(line),
            (Some(name), _) => families.push((name, line.to_owned())),
            (None, Some((_, text))) => text.push_str(line),
            (None, None) => {}
        }
    }
    families
}

pub(super) fn of_the_service(scrape: &str) -> String {
    let is_own = |name: &str| !OTHERS.iter().any(|prefix| name.starts_with(prefix));
    families(scrape).into_iter().filter(|(name, _)| is_own(name)).map(|(_, text)| text).collect()
}

pub(super) fn family(scrape: &str, name: &str) -> String {
    families(scrape).into_iter().filter(|(known, _)| *known == name).map(|(_, text)| text).collect()
}

/// The values of the samples of this name that have all of these labels.
pub(super) fn samples<'a>(
    scrape: &'a str,
    name: &'a str,
    labels: &'a [(&'a str, &'a str)],
) -> impl Iterator<Item = f64> + 'a {
    scrape.lines().filter(|line| !line.starts_with('#')).filter_map(move |line| {
        let rest = line.strip_prefix(name)?;
        let (own, value) = match rest.strip_prefix('{') {
            Some(rest) => rest.rsplit_once("} ")?,
            None => ("", rest.strip_prefix(' ')?),
        };
        let has = |(key, value): &(&str, &str)| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let label = format!("{key}=\"{value}\"");
            own.match_indices(&label).any(|(at, _)| at == 0 || own.as_bytes()[at - 1] == b',')
        };
        if labels.iter().all(has) { value.parse().ok() } else { None }
    })
}

/// Panics unless both are the same, and says where they begin to differ.
#[track_caller]
pub(super) fn assert_same(found: &str, expected: &str) {
    if found == expected {
        return;
    }
    let (mut found_lines, mut expected_lines) = (found.lines(), expected.lines());
    let mut number = 0;
    let differ = loop {
        number += 1;
        match (found_lines.next(), expected_lines.next()) {
            (Some(found), Some(expected)) if found == expected => {}
            // Only the last line's end can differ then.
            (None, None) => break String::from("the last line's end"),
            (found, expected) => {
                let shown =
                    |line: Option<&str>| line.map_or(String::from("nothing"), |line| format!("`{line}`"));
                break format!("line {number} is {}, expected {}", shown(found), shown(expected));
            }
        }
    };
    panic!("the exposition is another one: {differ}\n--- found\n{found}--- expected\n{expected}---");
}

#[cfg(test)]
mod tests {
    use super::*;

    const SCRAPE: &str = "\
# HELP a_total One.\n# TYPE a_total counter\na_total{x=\"1\",y=\"# HELP \"} 2\na_total{x=\"11\",y=\"\"} 3\n\
# HELP ab_total Another.\n# TYPE ab_total counter\nab_total 4\n\
# HELP obs_x X.\n# TYPE obs_x gauge\nobs_x 5\n";

    #[test]
    fn families_are_told_apart() {
        assert_eq!(
            family(SCRAPE, "ab_total"),
            "# HELP ab_total Another.\n# TYPE ab_total counter\nab_total 4\n"
        );
        assert_eq!(family(SCRAPE, "b_total"), "");
        assert!(of_the_service(SCRAPE).ends_with("ab_total 4\n"));
    }

    #[test]
    fn the_first_line_that_differs_is_named() {
        assert_same("a 1\nb 2\n", "a 1\nb 2\n");
        let told = |found: &'static str, expected: &'static str| {
            let panic = std::panic::catch_unwind(|| assert_same(found, expected)).unwrap_err();
            let text = panic.downcast_ref::<String>().unwrap();
            text.lines().next().unwrap().to_owned()
        };
        let begin = "the exposition is another one: ";
        assert_eq!(told("a 1\nb 2\n", "a 1\nb 3\n"), format!("{begin}line 2 is `b 2`, expected `b 3`"));
        assert_eq!(told("a 1\n", "a 1\nb 3\n"), format!("{begin}line 2 is nothing, expected `b 3`"));
        assert_eq!(told("a 1\n", "a 1"), format!("{begin}the last line's end"));
    }

    #[test]
    fn samples_are_found_by_whole_labels() {
        let values = |name, labels| samples(SCRAPE, name, labels).collect::<Vec<_>>();
        assert_eq!(values("a_total", &[("x", "1")]), [2.0]);
        assert_eq!(values("a_total", &[]), [2.0, 3.0]);
        assert_eq!(values("ab_total", &[]), [4.0]);
        assert!(values("ab_total", &[("x", "1")]).is_empty());
    }
}
