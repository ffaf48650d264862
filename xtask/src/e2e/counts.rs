//! Numbers by the values of some labels, and where two sets of them differ.

use std::collections::BTreeMap;

use crate::Result;
use crate::exposition::{Labels, label};

/// A number for each combination of values.
pub(super) type Counts = BTreeMap<Vec<String>, f64>;

/// Sums samples by the values of the labels called `by`.
pub(super) fn counts<'a>(samples: impl Iterator<Item = (&'a Labels, f64)>, by: &[&str]) -> Counts {
    let mut counts = Counts::new();
    for (labels, value) in samples {
        let key = by.iter().map(|name| label(labels, name).to_owned()).collect();
        *counts.entry(key).or_default() += value;
    }
    counts
}

/// An error with the first difference.
pub(super) fn equal(seen: &Counts, expected: &Counts) -> Result {
    let differs = |key: &&Vec<String>| seen.get(*key) != expected.get(*key);
    let different: Vec<_> = seen.keys().chain(expected.keys()).filter(differs).collect();
    match different.first() {
        None => Ok(()),
        Some(key) => Err(format!("{} is {:?}, not {:?}", key.join(" "), seen.get(*key), expected.get(*key))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_one_a_missing_and_an_extra_series_are_told() {
        let counts = |pairs: &[(&str, f64)]| -> Counts {
            pairs.iter().map(|(key, value)| (vec![(*key).to_owned()], *value)).collect()
        };
        let expected = counts(&[("a", 1.0), ("b", 2.0)]);
        assert_eq!(equal(&expected, &expected), Ok(()));
        for seen in [&[("a", 1.0), ("b", 3.0)][..], &[("a", 1.0)], &[("a", 1.0), ("b", 2.0), ("c", 1.0)]] {
            assert!(equal(&counts(seen), &expected).is_err(), "{seen:?}");
        }
    }
}
