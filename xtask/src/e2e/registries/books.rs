//! Samples by registry, name and labels, and how two accounts of them are held against each other.

use std::collections::BTreeMap;

use crate::Result;
use crate::json::Json;

/// Registry, name, and labels in the order of their names; a bucket's bound as Rust writes its number.
pub(super) type Key = (usize, String, Vec<(String, String)>);

#[derive(Clone, Debug, Default)]
pub(super) struct Books(BTreeMap<Key, f64>);

impl Books {
    /// Takes a sample as JSON: `name`, `labels` and `value`, the value as text.
    pub(super) fn note(&mut self, registry: usize, sample: &Json) -> Result {
        let read = || {
            let name = sample.at(&["name"])?.text()?;
            let labels = sample.at(&["labels"])?.members().iter();
            let labels = labels.map(|(name, value)| Some((name.clone(), value.text()?.to_owned())));
            let value = sample.at(&["value"])?.text()?.parse().ok()?;
            Some((name.to_owned(), labels.collect::<Option<Vec<_>>>()?, value))
        };
        let (name, labels, value) = read().ok_or_else(|| format!("no sample: {sample:?}"))?;
        self.put(registry, name, labels, value)
    }

    pub(super) fn put(
        &mut self,
        registry: usize,
        name: String,
        mut labels: Vec<(String, String)>,
        value: f64,
    ) -> Result {
        for (_, bound) in labels.iter_mut().filter(|(name, _)| name == "le") {
            let number: f64 = bound.parse().map_err(|_| format!("`{bound}` is no bound"))?;
            *bound = format!("{number:?}");
        }
        labels.sort();
        let key = (registry, name, labels);
        match self.0.insert(key.clone(), value) {
            None => Ok(()),
            Some(_) => Err(format!("{key:?} is there twice")),
        }
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.keys()
    }

    pub(super) fn get(&self, key: &Key) -> Option<f64> {
        self.0.get(key).copied()
    }

    /// Whether the other account has each of these samples with the same value. A sum of many numbers may differ in its
    /// last digits, as it depends on their order.
    pub(super) fn agree(&self, other: &Self) -> Result {
        for (key, expected) in &self.0 {
            let found = other.get(key).ok_or_else(|| format!("{key:?} is missing"))?;
            let close = (found - expected).abs() <= 1e-9 * expected.abs().max(1.0);
            let same = found == *expected || found.is_nan() && expected.is_nan();
            if !(same || key.1.ends_with("_sum") && close) {
                return Err(format!("{key:?} is {found}, recorded was {expected}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_value_or_a_missing_sample_is_seen() {
        let books = |value: &str, bound: &str| {
            let mut books = Books::default();
            let text = format!(r#"{{"name":"x_bucket","labels":{{"le":"{bound}"}},"value":"{value}"}}"#);
            books.note(1, &Json::parse(&text).unwrap()).unwrap();
            books
        };
        assert_eq!(books("1.0", "+Inf").agree(&books("1", "inf")), Ok(()));
        assert_eq!(books("NaN", "1").agree(&books("nan", "1.0")), Ok(()));
        assert!(books("1.0", "1").agree(&books("1.0000000000001", "1")).is_err());
        assert!(books("1.0", "1").agree(&books("1.0", "2")).is_err());
        let twice = Json::parse(r#"{"name":"x_bucket","labels":{"le":"1.0"},"value":"1"}"#).unwrap();
        assert!(books("1.0", "1").note(1, &twice).is_err());
    }
}
