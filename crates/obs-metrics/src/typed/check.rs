//! What the macro has the compiler check of names.

/// Whether no label's name is one that the registry would refuse: ids, which would make a series of each request, what
/// Prometheus keeps for itself, and the same name twice.
#[doc(hidden)]
pub const fn may_be_labels(names: &[&str]) -> bool {
    let mut at = 0;
    while at < names.len() {
        let mut refused = 0;
        while refused < obs_core::keys::label::REFUSED.len() {
            if is(names[at], obs_core::keys::label::REFUSED[refused]) {
                return false;
            }
            refused += 1;
        }
        let bytes = names[at].as_bytes();
        let reserved = bytes.len() >= 2 && bytes[0] == b'_' && bytes[1] == b'_';
        if reserved || is(names[at], "le") || is(names[at], "quantile") {
            return false;
        }
        at += 1;
    }
    are_different(names)
}

/// The name that a field has: `type` for `r#type`.
#[doc(hidden)]
pub const fn name(field: &str) -> &str {
    match field.as_bytes() {
        [b'r', b'#', rest @ ..] => match std::str::from_utf8(rest) {
            Ok(name) => name,
            Err(_) => field,
        },
        _ => field,
    }
}

/// Whether none is there twice.
#[doc(hidden)]
pub const fn are_different(names: &[&str]) -> bool {
    let mut at = 0;
    while at < names.len() {
        let mut before = 0;
        while before < at {
            if is(names[at], names[before]) {
                return false;
            }
            before += 1;
        }
        at += 1;
    }
    true
}

const fn is(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut at = 0;
    while at < a.len() {
        if a[at] != b[at] {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_registry_would_refuse_is_refused_before() {
        assert!(may_be_labels(&[]) && may_be_labels(&["kind", "_x", "lee"]));
        for name in ["trace_id", "span_id", "request_id", "le", "quantile", "__name__"] {
            assert!(!may_be_labels(&["kind", name]), "{name}");
        }
        assert!(!may_be_labels(&["a", "b", "a"]));
    }
}
