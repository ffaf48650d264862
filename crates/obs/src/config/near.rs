//! Which known word a mistaken one was meant to be.

/// Longer words are compared no further.
const LONGEST: usize = 64;

/// The known word nearest to `word`, if one is near enough to have been meant.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(LONGEST).flat_map(char::to_lowercase).collect();
    let most = (word.len() / 3).max(1);
    let measured = known.into_iter().map(|known| (distance(&word, known), known));
    measured
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// How many letters must be put in, left out, changed or swapped with the next (optimal string alignment).
fn distance(from: &[char], to: &str) -> usize {
    let to: Vec<char> = to.chars().take(LONGEST).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (row, &letter) in from.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, &other) in to.iter().enumerate() {
            let changed = last[column] + usize::from(letter != other);
            let mut least = changed.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && letter == to[column - 1] && from[row - 1] == other {
                least = least.min(before[column - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut last, next);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: [&str; 5] = ["level", "format", "output", "file", "colour"];

    #[test]
    fn slips_of_the_keyboard_are_understood() {
        for (word, meant) in [
            ("levl", "level"),
            ("elvel", "level"),
            ("Level", "level"),
            ("levels", "level"),
            ("fromat", "format"),
            ("color", "colour"),
            ("fil", "file"),
        ] {
            assert_eq!(nearest(word, KNOWN), Some(meant), "{word}");
        }
    }

    #[test]
    fn other_words_are_not_guessed_at() {
        for word in ["", "x", "verbosity", "sampler", &"level".repeat(10_000)] {
            assert_eq!(nearest(word, KNOWN), None, "{word}");
        }
    }
}
