//! How a configuration is printed: as a file that says the same, without its secrets.

use std::fmt::{self, Write};

use obs_core::redact::{REDACTED, is_secret};
use obs_core::{Declaration, DeclaredLabel};

use super::draft::key_of_output;
use super::key::{Kind, Value, keys};
use super::logs::ONE_OUTPUT;
use super::{
    BucketMatch, BucketRule, Config, RequestRoute, TraceRoute, TrustChoice, bytes, duration,
    metrics::kind_word, routing,
};

impl Config {
    /// The whole configuration in the form of `obs.yaml`, with `[redacted]` in place of secrets: header values,
    /// values under a secret name, credentials and queries in URLs, and whatever the file took from a variable or
    /// another file.
    ///
    /// ```
    /// assert!(obs::Config::new("orders").redacted().starts_with("service:\n  name: \"orders\"\n"));
    /// ```
    pub fn redacted(&self) -> String {
        let mut text = String::new();
        let mut open: Vec<&str> = Vec::new();
        for key in keys() {
            // What has no effect beside named outputs would be a mistake when it is read again.
            if !self.logs.outputs.is_empty() && ONE_OUTPUT.contains(&key.path) {
                continue;
            }
            let Some(shown) = self.shown(key.path, key.kind, (key.get)(self)) else { continue };
            let mut sections: Vec<_> = key.path.split('.').collect();
            sections.pop();
            let same = open.iter().zip(&sections).take_while(|(a, b)| a == b).count();
            for (depth, section) in sections.iter().enumerate().skip(same) {
                let _ = writeln!(text, "{}{section}:", "  ".repeat(depth));
            }
            let _ = writeln!(text, "{}{}: {shown}", "  ".repeat(sections.len()), key.name());
            open = sections;
        }
        text
    }

    /// What stands at each key, by its path; `None` where nothing does.
    pub(super) fn shown(&self, path: &str, kind: Kind, value: Value) -> Option<String> {
        let concealed = |path: &str| self.conceals(path);
        let rules = self.redaction.rules();
        let shown = match value {
            Value::None => return None,
            Value::Pairs(pairs) if pairs.is_empty() => return None,
            Value::Names(names) if names.is_empty() => return None,
            Value::Rules(rules) if rules.is_empty() => return None,
            Value::Families(families) if families.is_empty() => return None,
            Value::Outputs(outputs) if outputs.is_empty() => return None,
            Value::Routes(routes) if routes.is_empty() => return None,
            Value::Shares(shares) if shares.is_empty() => return None,
            Value::Policies(routes) if routes.is_empty() => return None,
            Value::Pairs(pairs) => flow(
                '{',
                '}',
                pairs.into_iter().map(|(name, value)| {
                    let secret = path == "traces.headers"
                        || is_header(path)
                        || is_secret(&name)
                        || concealed(&format!("{path}.{name}"));
                    // Places may stand in its query, so that only what is secret goes.
                    let clean = if path == "links.to" { rules.redact(&value) } else { (&*value).into() };
                    format!("{}: {}", quoted(&name), quoted(if secret { REDACTED } else { &clean }))
                }),
            ),
            _ if concealed(path) => quoted(REDACTED),
            Value::Text(_) if path == "admin.token" || is_credential(path) => quoted(REDACTED),
            Value::Names(urls) if kind == Kind::Urls => match urls.as_slice() {
                [one] => quoted(&url(one)),
                several => flow('[', ']', several.iter().map(|text| quoted(&url(text)))),
            },
            Value::Text(text) if matches!(kind, Kind::UrlOr(_)) => quoted(&url(&text)),
            Value::Text(text) => quoted(&text),
            Value::Flag(flag) => flag.to_string(),
            Value::Word(word) => word.to_owned(),
            Value::Time(time) => duration::Shown(time).to_string(),
            Value::Whole(number) if matches!(kind, Kind::Bytes(..)) => bytes::Shown(number).to_string(),
            Value::Whole(number) => number.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Bounds(bounds) => list(&bounds),
            Value::Rules(rules) => flow('[', ']', rules.iter().map(rule)),
            Value::Families(families) => flow('[', ']', families.iter().map(family)),
            Value::Outputs(outputs) => {
                flow('{', '}', outputs.iter().map(|output| routing::output(self, path, output)))
            }
            Value::Routes(routes) => {
                let route = |(index, route)| routing::route(route, concealed(&format!("{path}[{index}]")));
                flow('[', ']', routes.iter().enumerate().map(route))
            }
            Value::Shares(shares) => {
                let share = |(index, one)| share(self, &format!("{path}[{index}]"), one);
                flow('[', ']', shares.iter().enumerate().map(share))
            }
            Value::Policies(routes) => {
                let route = |(index, one)| policy(self, &format!("{path}[{index}]"), one);
                flow('[', ']', routes.iter().enumerate().map(route))
            }
            Value::Names(names) => flow('[', ']', names.iter().map(|name| quoted(name))),
            Value::Address(super::Admin::Off) => String::from("off"),
            Value::Address(addr) => quoted(&addr.to_string()),
        };
        Some(shown)
    }
}

fn is_header(path: &str) -> bool {
    key_of_output(path) == Some("headers")
}

fn is_credential(path: &str) -> bool {
    matches!(key_of_output(path).or(path.strip_prefix("traces.")), Some("password" | "token" | "debug_key"))
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown =
            keys().filter_map(|key| Some((key.path, self.shown(key.path, key.kind, (key.get)(self))?)));
        let mut map = f.debug_map();
        shown.for_each(|(path, shown)| {
            map.entry(&format_args!("{path}"), &format_args!("{shown}"));
        });
        map.finish()
    }
}

/// A URL without what may let somebody in: user information and the query.
pub(super) fn url(text: &str) -> String {
    let (place, query) = match text.split_once('?') {
        Some((place, _)) => (place, format!("?{REDACTED}")),
        None => (text, String::new()),
    };
    let start = place.find("://").map_or(0, |at| at + 3);
    let end = place[start..].find('/').map_or(place.len(), |at| start + at);
    match place[start..end].rfind('@') {
        Some(at) => format!("{}{REDACTED}{}{query}", &place[..start], &place[start + at..]),
        None => format!("{place}{query}"),
    }
}

fn rule(rule: &BucketRule) -> String {
    let (word, name) = match &rule.of {
        BucketMatch::Metric(name) => ("metric", name),
        BucketMatch::Prefix(name) => ("prefix", name),
        BucketMatch::Suffix(name) => ("suffix", name),
    };
    format!("{{ {word}: {}, bounds: {} }}", quoted(name), list(&rule.bounds))
}

fn share(config: &Config, path: &str, share: &TraceRoute) -> String {
    let shown = |key: &str, text: String| match config.conceals(&format!("{path}.{key}")) {
        true => format!("{key}: {}", quoted(REDACTED)),
        false => format!("{key}: {text}"),
    };
    let mut parts = vec![shown("route", quoted(&share.route)), shown("ratio", share.ratio.to_string())];
    parts.extend(share.per_second.map(|traces| shown("per_second", traces.to_string())));
    flow('{', '}', parts.into_iter())
}

fn policy(config: &Config, path: &str, route: &RequestRoute) -> String {
    let mut parts = Vec::new();
    let mut push = |key: &str, text: String| {
        let text = if config.conceals(&format!("{path}.{key}")) { quoted(REDACTED) } else { text };
        parts.push(format!("{key}: {text}"));
    };
    push("route", quoted(&route.route));
    for (key, flag, default) in [
        ("ignore", route.ignore, false),
        ("metrics", route.metrics, true),
        ("access_log", route.access_log, true),
    ] {
        if flag != default {
            push(key, flag.to_string());
        }
    }
    match route.trust {
        Some(TrustChoice::Edge) => push("trust", String::from("edge")),
        Some(TrustChoice::Internal) => push("trust", String::from("internal")),
        None => {}
    }
    flow('{', '}', parts.into_iter())
}

fn family(family: &Declaration) -> String {
    let label = |label: &DeclaredLabel| match &label.values {
        None => quoted(&label.name),
        Some(values) => {
            let values = flow('[', ']', values.iter().map(|value| quoted(value)));
            format!("{{ {}: {values} }}", quoted(&label.name))
        }
    };
    let mut parts =
        vec![format!("name: {}", quoted(&family.name)), format!("type: {}", kind_word(family.kind))];
    parts.extend(family.help.as_ref().map(|help| format!("help: {}", quoted(help))));
    parts.extend(family.unit.as_ref().map(|unit| format!("unit: {}", quoted(unit))));
    if !family.labels.is_empty() {
        parts.push(format!("labels: {}", flow('[', ']', family.labels.iter().map(label))));
    }
    parts.extend(family.buckets.as_ref().map(|bounds| format!("buckets: {}", list(bounds))));
    flow('{', '}', parts.into_iter())
}

fn list(bounds: &[f64]) -> String {
    flow('[', ']', bounds.iter().map(f64::to_string))
}

/// A list or map on one line.
pub(super) fn flow(start: char, end: char, items: impl Iterator<Item = String>) -> String {
    let items: Vec<_> = items.collect();
    let pad = if start == '{' { " " } else { "" };
    format!("{start}{pad}{}{pad}{end}", items.join(", "))
}

/// A text as YAML and JSON both write it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            // Control characters, and what YAML takes for the end of a line.
            '\0'..' ' | '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(char));
            }
            _ => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests;
