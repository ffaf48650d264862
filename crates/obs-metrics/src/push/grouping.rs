//! The path of a group in a Pushgateway, and what may not stand in it.

use std::fmt::Write;

use metrics_exporter_prometheus::formatting::sanitize_label_key;
use obs_export::http::base64;

/// `/metrics/job/<job>{/<label>/<value>}` out of parts that [`check`] has nothing against.
pub(super) fn path(job: &str, labels: &[(String, String)]) -> String {
    let mut path = "/metrics".to_owned();
    part(&mut path, "job", job);
    for (name, value) in labels {
        part(&mut path, name, value);
    }
    path
}

/// A value that is empty, or that would be taken for several parts of the path or for a step up in it, is written in
/// base64; an empty one needs a character to stand for it.
fn part(path: &mut String, name: &str, value: &str) {
    path.push('/');
    path.push_str(name);
    if value.is_empty() {
        path.push_str("@base64/=");
    } else if value.contains('/') || matches!(value, "." | "..") {
        path.push_str("@base64/");
        path.push_str(&base64::url_safe(value.as_bytes()));
    } else {
        path.push('/');
        percent_encode(path, value);
    }
}

/// All but the unreserved characters (RFC 3986, section 2.3).
fn percent_encode(out: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
}

/// Tells what is wrong with a group, in the order given.
pub(super) fn check(job: &str, labels: &[(String, String)], mistakes: &mut Vec<String>) {
    if job.is_empty() {
        mistakes.push("the job is empty".to_owned());
    }
    for (at, (name, _)) in labels.iter().enumerate() {
        if name.is_empty() || sanitize_label_key(name) != *name {
            mistakes.push(format!("grouping label `{name}`: the name must match [a-zA-Z_][a-zA-Z0-9_]*"));
        } else if name.starts_with("__") {
            mistakes.push(format!("grouping label `{name}`: the name is reserved"));
        } else if name == "job" {
            mistakes.push("grouping label `job`: the job is set apart".to_owned());
        } else if labels[..at].iter().any(|(other, _)| other == name) {
            mistakes.push(format!("grouping label `{name}`: it is there twice"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(labels: &[(&str, &str)]) -> Vec<(String, String)> {
        labels.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn values_are_escaped_and_in_base64_only_where_a_path_cannot_hold_them() {
        for (job, labels, expected) in [
            ("nightly", &[][..], "/metrics/job/nightly"),
            ("a b?ü", &[("instance", "x:1")], "/metrics/job/a%20b%3F%C3%BC/instance/x%3A1"),
            ("/var/tmp", &[("a", "")], "/metrics/job@base64/L3Zhci90bXA/a@base64/="),
            ("j", &[("a", "?>/"), ("b", "..")], "/metrics/job/j/a@base64/Pz4v/b@base64/Li4"),
            ("j", &[("a", "ÿ/ÿ")], "/metrics/job/j/a@base64/w78vw78"),
        ] {
            assert_eq!(path(job, &owned(labels)), expected);
        }
    }

    #[test]
    fn every_mistake_is_told_at_once() {
        let labels = owned(&[("a-b", ""), ("", ""), ("job", "x"), ("__x", ""), ("a", "1"), ("a", "2")]);
        let mut mistakes = Vec::new();
        check("", &labels, &mut mistakes);
        assert_eq!(
            mistakes,
            [
                "the job is empty",
                "grouping label `a-b`: the name must match [a-zA-Z_][a-zA-Z0-9_]*",
                "grouping label ``: the name must match [a-zA-Z_][a-zA-Z0-9_]*",
                "grouping label `job`: the job is set apart",
                "grouping label `__x`: the name is reserved",
                "grouping label `a`: it is there twice",
            ]
        );
    }
}
