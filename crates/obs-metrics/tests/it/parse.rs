//! A small strict parser of the text format: what it does not know it refuses.

use std::collections::BTreeMap;

/// One family: its type, its help, and its samples by name and sorted labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Family {
    pub(crate) kind: String,
    pub(crate) help: Option<String>,
    pub(crate) samples: BTreeMap<Sample, Value>,
}

/// The sample's name and its labels in the order of their names; a bucket's `le` is written as `{:?}` of its number.
pub(crate) type Sample = (String, Vec<(String, String)>);

/// A number that equals itself also when it is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value(pub(crate) f64);

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.0.is_nan() && other.0.is_nan()
    }
}

/// Families by name. Empty lines are allowed only where the peer writes them.
pub(crate) fn parse(text: &str, blank_lines: bool) -> Result<BTreeMap<String, Family>, String> {
    let mut families = BTreeMap::<String, Family>::new();
    let (mut current, mut help) = (None::<String>, None::<(String, String)>);
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("no newline at the end".to_owned());
    }
    for line in text.lines() {
        let fail = |why: &str| Err(format!("{why}: {line}"));
        if line.is_empty() && blank_lines {
            continue;
        }
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, text) = rest.split_once(' ').ok_or("HELP without text")?;
            if help.replace((name.to_owned(), unescape(text, false)?)).is_some() {
                return fail("two HELP");
            }
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let Some((name, kind)) = rest.split_once(' ') else { return fail("TYPE") };
            let help = match help.take() {
                Some((other, help)) if other == name => Some(help),
                Some(_) => return fail("HELP of another family"),
                None => None,
            };
            let family = Family { kind: kind.to_owned(), help, samples: BTreeMap::new() };
            if !is_name(name, true) || families.insert(name.to_owned(), family).is_some() {
                return fail("TYPE again or bad name");
            }
            current = Some(name.to_owned());
        } else {
            let Some(family) = &current else { return fail("sample without TYPE") };
            let (mut sample, value) = parse_sample(line)?;
            let entry = families.get_mut(family).unwrap();
            if entry.kind == "histogram" {
                for (_, bound) in sample.1.iter_mut().filter(|(key, _)| key == "le") {
                    *bound = format!("{:?}", bound.parse::<f64>().map_err(|error| error.to_string())?);
                }
            }
            let endings: &[&str] =
                if entry.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            if !endings.iter().any(|ending| sample.0 == format!("{family}{ending}")) {
                return fail("sample of another family");
            }
            if entry.samples.insert(sample, Value(value)).is_some() {
                return fail("sample again");
            }
        }
    }
    Ok(families)
}

pub(crate) fn parse_sample(line: &str) -> Result<(Sample, f64), String> {
    let end = line.find(['{', ' ']).ok_or_else(|| format!("no value: {line}"))?;
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (key, after) = rest.split_once("=\"").ok_or_else(|| format!("label: {line}"))?;
            let end = closing_quote(after).ok_or_else(|| format!("open label: {line}"))?;
            let value = unescape(&after[..end], true)?;
            if !is_name(key, false) {
                return Err(format!("label name {key}: {line}"));
            }
            labels.push((key.to_owned(), value));
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').ok_or_else(|| format!("no brace: {line}"))?;
    }
    let value = rest.strip_prefix(' ').ok_or_else(|| format!("no space: {line}"))?;
    let value = value.parse().map_err(|_| format!("value: {line}"))?;
    labels.sort();
    if !is_name(name, true) || labels.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(format!("bad name or label twice: {line}"));
    }
    Ok(((name.to_owned(), labels), value))
}

fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().find_map(|(at, char)| {
        let closes = char == '"' && !escaped;
        escaped = char == '\\' && !escaped;
        closes.then_some(at)
    })
}

fn unescape(text: &str, quotes: bool) -> Result<String, String> {
    let (mut out, mut chars) = (String::new(), text.chars());
    while let Some(char) = chars.next() {
        out.push(match char {
            '\\' => match chars.next() {
                Some('\\') => '\\',
                Some('n') => '\n',
                Some('"') if quotes => '"',
                other => return Err(format!("escape {other:?} in {text}")),
            },
            char => char,
        });
    }
    Ok(out)
}

fn is_name(name: &str, colon: bool) -> bool {
    let ok = |char: char| char.is_ascii_alphanumeric() || char == '_' || colon && char == ':';
    name.chars().all(ok) && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

#[test]
fn the_parser_is_strict() {
    for bad in [
        "a 1",
        "a 1\n",
        "# TYPE a gauge\nb 1\n",
        "# TYPE a gauge\na 1\na 2\n",
        "# TYPE a gauge\n\na 1\n",
        "# TYPE a gauge\na{b=\"1\",b=\"2\"} 1\n",
        "# TYPE a gauge\na{b=\"\\x\"} 1\n",
        "# TYPE a gauge\na{b=\"1} 1\n",
        "# TYPE a gauge\na{} 1\n",
        "# TYPE a gauge\na{1=\"\"} 1\n",
        "# TYPE a gauge\na  1\n",
        "# HELP b x\n# TYPE a gauge\n",
        "# TYPE a gauge\n# TYPE a gauge\n",
    ] {
        assert!(parse(bad, false).is_err(), "{bad}");
    }
}
