//! What is kept of many batches: the best, and the one in the middle.

/// The quietest and the middle batch of a measure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Batches {
    /// The smallest value: the batch the machine disturbed least.
    pub best: f64,
    /// The value in the middle; of an even number, the mean of the two in the middle.
    pub median: f64,
}

impl Batches {
    /// Summarises the values of all batches, where smaller is better; `None` without a batch.
    pub fn of(values: &[f64]) -> Option<Self> {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let upper = *sorted.get(middle)?;
        let median =
            if sorted.len().is_multiple_of(2) { f64::midpoint(sorted[middle - 1], upper) } else { upper };
        Some(Self { best: sorted[0], median })
    }
}

/// Whether `hits` of `trials` is what a coin of `probability` gives, within five standard deviations.
///
/// A right sampler fails this once in two million runs; one that is off by a tenth of its ratio fails it
/// always from about 23,000 trials on.
pub fn within_binomial(hits: u64, trials: u64, probability: f64) -> bool {
    let expected = trials as f64 * probability;
    let deviation = (expected * (1.0 - probability)).sqrt();
    (hits as f64 - expected).abs() <= 5.0 * deviation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_count_is_the_mean_of_the_middle() {
        assert_eq!(Batches::of(&[4.0, 1.0, 2.0, 9.0]), Some(Batches { best: 1.0, median: 3.0 }));
        assert_eq!(Batches::of(&[3.0]), Some(Batches { best: 3.0, median: 3.0 }));
        assert_eq!(Batches::of(&[]), None);
    }

    #[test]
    fn a_ratio_of_one_leaves_no_room() {
        assert!(within_binomial(1_000, 1_000, 1.0));
        assert!(!within_binomial(999, 1_000, 1.0));
        assert!(within_binomial(1_050, 10_000, 0.1));
        assert!(!within_binomial(1_200, 10_000, 0.1));
    }
}
