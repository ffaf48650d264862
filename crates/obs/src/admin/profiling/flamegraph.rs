//! Samples as a picture: each function a bar as wide as its share of the time, on those that called it.
//!
//! A picture and no program: what a pointer rests on tells its name and share, by the title that SVG has for that.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::samples::Samples;

const WIDTH: f64 = 1200.0;
const BAR: usize = 17;
const HEAD: usize = 30;
/// Bars that are less wide than this, in pixels, are left out.
const LEAST: f64 = 0.3;
/// About how wide a letter is.
const LETTER: f64 = 7.0;
/// How many bars stand on one another at most.
const HIGHEST: usize = 256;

/// What was seen below one function, by what it called.
#[derive(Default)]
struct Node<'a> {
    count: u64,
    below: BTreeMap<&'a str, Node<'a>>,
}

impl<'a> Node<'a> {
    fn add(&mut self, names: impl Iterator<Item = &'a str>, count: u64) {
        self.count += count;
        let mut node = self;
        for name in names.take(HIGHEST) {
            node = node.below.entry(name).or_default();
            node.count += count;
        }
    }

    fn height(&self) -> usize {
        self.below.values().map(|node| node.height() + 1).max().unwrap_or(0)
    }
}

/// An SVG document.
pub(super) fn draw(samples: &Samples) -> String {
    let mut root = Node::default();
    for stack in &samples.stacks {
        let outermost = stack.frames.iter().rev().flat_map(|frame| frame.iter().rev());
        let names = outermost.map(|function| function.name.as_str());
        root.add(std::iter::once(stack.thread.as_str()).chain(names), stack.count);
    }
    let height = HEAD + (root.height() + 1) * BAR;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"monospace\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n"
    );
    // Writing to a text cannot fail, here and below.
    let _ = writeln!(
        svg,
        "<text x=\"4\" y=\"18\">{} samples in {:.1} s, one for each {} ms of processor time</text>",
        root.count,
        samples.took.as_secs_f64(),
        samples.period.as_millis()
    );
    let scale = WIDTH / root.count.max(1) as f64;
    bar(&mut svg, "all", &root, (0.0, height - BAR), scale, root.count);
    svg.push_str("</svg>\n");
    svg
}

/// A bar and those on it. What was seen in the function itself is where nothing stands on it.
fn bar(svg: &mut String, name: &str, node: &Node<'_>, (x, y): (f64, usize), scale: f64, all: u64) {
    let width = node.count as f64 * scale;
    if width < LEAST {
        return;
    }
    let share = node.count as f64 / all.max(1) as f64 * 100.0;
    let (inner, colour) = (width - 0.5, colour(name));
    let _ = write!(svg, "<g><title>{} ({} samples, {share:.1}%)</title>", Escaped(name), node.count);
    let _ = write!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y}\" width=\"{inner:.1}\" height=\"{}\" rx=\"2\" fill=\"hsl({colour},80%,68%)\"/>",
        BAR - 1
    );
    let letters = (width / LETTER) as usize;
    if letters >= 3 {
        let shown: String = name.chars().take(letters).collect();
        let _ = write!(svg, "<text x=\"{:.1}\" y=\"{}\">{}</text>", x + 2.0, y + 12, Escaped(&shown));
    }
    svg.push_str("</g>\n");
    let mut at = x;
    for (name, below) in &node.below {
        bar(svg, name, below, (at, y.saturating_sub(BAR)), scale, all);
        at += below.count as f64 * scale;
    }
}

/// The same for the same function: warm, and different from its neighbours.
fn colour(name: &str) -> u32 {
    name.bytes().fold(7u32, |hash, byte| hash.wrapping_mul(31).wrapping_add(u32::from(byte))) % 60
}

/// Text of XML: names of threads and functions are anybody's.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|char| match char {
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '&' => f.write_str("&amp;"),
            '"' => f.write_str("&quot;"),
            // XML has no way to write these, nor two that are no characters.
            char if char.is_control() || matches!(char, '\u{fffe}' | '\u{ffff}') => f.write_char('\u{fffd}'),
            char => f.write_char(char),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_wide_as_their_share_and_stand_on_who_called() {
        let samples = Samples::of_a_test(&[
            ("worker", &["burn", "main"], 3),
            ("worker", &["main"], 1),
            ("worker", &["rare", "main"], 4),
        ]);
        let svg = draw(&samples);
        for bar in [
            "<title>all (8 samples, 100.0%)</title><rect x=\"0.0\" y=\"81\" width=\"1199.5\"",
            "<title>worker (8 samples, 100.0%)</title><rect x=\"0.0\" y=\"64\" width=\"1199.5\"",
            "<title>main (8 samples, 100.0%)</title><rect x=\"0.0\" y=\"47\" width=\"1199.5\"",
            "<title>burn (3 samples, 37.5%)</title><rect x=\"0.0\" y=\"30\" width=\"449.5\"",
            "<title>rare (4 samples, 50.0%)</title><rect x=\"450.0\" y=\"30\" width=\"599.5\"",
            "8 samples in 2.0 s, one for each 10 ms of processor time",
        ] {
            assert!(svg.contains(bar), "{bar} in\n{svg}");
        }
    }

    #[test]
    fn names_are_text_and_nothing_else() {
        let samples = Samples::of_a_test(&[("\u{1b}</title><script>", &["<T as \"X\" & Y>::f"], 1)]);
        let svg = draw(&samples);
        assert!(!svg.contains("<script") && !svg.contains('\u{1b}'), "{svg}");
        assert!(svg.contains("&lt;T as &quot;X&quot; &amp; Y&gt;::f (1 samples"), "{svg}");
    }

    #[test]
    fn stacks_without_end_are_cut() {
        let frames = vec!["f"; 100_000];
        let svg = draw(&Samples::of_a_test(&[("deep", &frames, 1)]));
        assert!(svg.len() < 100_000, "{}", svg.len());
    }
}
