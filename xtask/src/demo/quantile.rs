//! Quantiles out of the buckets of a histogram, by the same rule as Prometheus: whoever asks it sees the same number.

use std::collections::BTreeMap;

use crate::exposition::{Sample, label};

/// Buckets as they are exposed: upper bound and cumulative count, by their bounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Buckets(Vec<(f64, f64)>);

impl Buckets {
    /// Adds up the `_bucket` samples of one or several series.
    pub(super) fn of<'a>(samples: impl Iterator<Item = &'a Sample>) -> Self {
        // The bounds are positive or infinite, so that their bits are in the order of their values.
        let mut counts = BTreeMap::new();
        for sample in samples {
            let Ok(bound) = label(&sample.labels, "le").parse::<f64>() else { continue };
            *counts.entry(bound.to_bits()).or_insert(0.0) += sample.value;
        }
        Self(counts.into_iter().map(|(bound, count)| (f64::from_bits(bound), count)).collect())
    }

    /// The value below which the part `q` of the observations is, linear within its bucket. One that is beyond the last
    /// bound is told as that bound; of no observation there is none. (`histogram_quantile`, Prometheus 2 and 3,
    /// "promql/quantile.go", for classic histograms with positive bounds.)
    pub(super) fn quantile(&self, q: f64) -> Option<f64> {
        let (last, finite) = self.0.split_last()?;
        let &(infinite, total) = last;
        if infinite != f64::INFINITY || finite.is_empty() || total == 0.0 {
            return None;
        }
        let rank = q * total;
        let Some(at) = finite.iter().position(|&(_, count)| count >= rank) else {
            return finite.last().map(|&(bound, _)| bound);
        };
        let (end, count) = finite[at];
        let (start, below) = if at == 0 { (0.0, 0.0) } else { finite[at - 1] };
        let inside = count - below;
        Some(start + (end - start) * if inside > 0.0 { (rank - below) / inside } else { 1.0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exposition::Scrape;

    fn buckets(pairs: &[(&str, f64)]) -> Buckets {
        let lines = pairs.iter().map(|(bound, count)| format!("h_bucket{{le=\"{bound}\"}} {count}\n"));
        Buckets::of(Scrape::parse(&lines.collect::<String>()).unwrap().named("h_bucket"))
    }

    fn check(pairs: &[(&str, f64)], q: f64, expected: Option<f64>) {
        let found = buckets(pairs).quantile(q);
        let same = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
            (found, expected) => found == expected,
        };
        assert!(same, "{pairs:?} at {q}: {found:?}, expected {expected:?}");
    }

    const SPREAD: [(&str, f64); 4] = [("0.1", 10.0), ("0.2", 30.0), ("0.4", 40.0), ("+Inf", 40.0)];

    #[test]
    fn a_quantile_is_linear_within_its_bucket() {
        check(&SPREAD, 0.125, Some(0.05));
        check(&SPREAD, 0.5, Some(0.15));
        check(&SPREAD, 0.99, Some(0.392));
        check(&SPREAD, 1.0, Some(0.4));
        check(&SPREAD, 0.0, Some(0.0));
    }

    #[test]
    fn the_edge_of_a_bucket_is_its_bound() {
        check(&SPREAD, 0.25, Some(0.1));
        check(&SPREAD, 0.75, Some(0.2));
        check(&[("0.1", 0.0), ("0.2", 5.0), ("+Inf", 5.0)], 0.0, Some(0.1));
    }

    #[test]
    fn what_is_beyond_the_last_bound_is_told_as_that_bound() {
        check(&[("0.1", 1.0), ("5", 2.0), ("+Inf", 100.0)], 0.99, Some(5.0));
    }

    #[test]
    fn without_observations_or_without_bounds_there_is_none() {
        check(&[], 0.5, None);
        check(&[("0.1", 0.0), ("+Inf", 0.0)], 0.5, None);
        check(&[("+Inf", 7.0)], 0.5, None);
        check(&[("0.1", 1.0), ("0.2", 2.0)], 0.5, None);
    }

    #[test]
    fn series_are_added_bucket_by_bucket() {
        let twice = buckets(&[SPREAD, SPREAD].concat());
        assert_eq!(twice.0[1], (0.2, 60.0));
        assert_eq!(twice.quantile(0.5), buckets(&SPREAD).quantile(0.5));
    }
}
