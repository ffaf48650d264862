//! The JSON schema of `obs.yaml`, for editors: drawn from the table of keys.

use std::fmt::Write;

use super::key::{Key, Kind, Reload, list, names_under};
use super::logs::{FACTS, OUTPUT_KEYS, Of, OutputKey};
use super::metrics::KINDS;
use super::redacted::quoted;
use super::requests::TRUST;

/// A value of JSON.
enum Json {
    /// As it is written.
    Raw(String),
    Text(String),
    List(Vec<Self>),
    Object(Vec<(&'static str, Self)>),
}

/// The JSON schema (draft 2020-12) of `obs.yaml`, with every key, its type, default, range and meaning.
///
/// The workspace keeps it in `docs/obs.schema.json`; `cargo xtask schema` writes it there.
pub fn schema() -> String {
    let mut root = vec![
        ("$schema", text("https://json-schema.org/draft/2020-12/schema")),
        ("title", text("obs.yaml")),
        ("description", text("What an operator chooses for a service observed by obs.")),
    ];
    root.extend(section(""));
    let mut written = String::new();
    Json::Object(root).write(&mut written, 0);
    written.push('\n');
    written
}

/// What is said of the keys under a section.
fn section(path: &str) -> Vec<(&'static str, Json)> {
    let under = names_under(path).into_iter().map(|name| {
        let path = if path.is_empty() { String::from(name) } else { format!("{path}.{name}") };
        let schema = match Key::at(&path) {
            Some(key) => one(key),
            None if path == "admin" => {
                let off = Json::Object(vec![("const", text("off"))]);
                Json::Object(vec![("anyOf", Json::List(vec![off, Json::Object(section(&path))]))])
            }
            // A list there is what stands under `declare`.
            None if path == "metrics" => {
                let list = Json::Object(kind(Kind::Families));
                Json::Object(vec![("anyOf", Json::List(vec![list, Json::Object(section(&path))]))])
            }
            None => Json::Object(section(&path)),
        };
        (name, schema)
    });
    vec![
        // A section whose keys are all commented out has no value.
        ("type", Json::List(vec![text("object"), text("null")])),
        ("additionalProperties", raw("false")),
        ("properties", Json::Object(under.collect())),
    ]
}

fn one(key: &Key) -> Json {
    let mut said = String::from(key.doc);
    if !key.default.is_empty() {
        let _ = write!(said, " Default: {}.", key.default);
    }
    if !key.variables.is_empty() {
        let names = key.variables.iter().map(|variable| variable.name);
        let _ = write!(said, " Variables that go before it: {}.", list(names, "and"));
    }
    match key.reload {
        Reload::No => {}
        Reload::Yes => said.push_str(" Taken up while the service runs."),
        Reload::NewHistograms => said.push_str(" Taken up while the service runs, for new histograms."),
    }
    let mut schema = vec![("description", Json::Text(said))];
    schema.extend(kind(key.kind));
    Json::Object(schema)
}

fn kind(kind: Kind) -> Vec<(&'static str, Json)> {
    match kind {
        // A version such as 1.2 is a number to YAML and text to us.
        Kind::Text => vec![
            ("type", Json::List(vec![text("string"), text("number"), text("boolean")])),
            ("minLength", raw("1")),
        ],
        Kind::UrlOr(_) => vec![("type", text("string")), ("minLength", raw("1"))],
        Kind::Flag => asked(vec![("type", text("boolean"))]),
        Kind::Word(words) => asked(vec![("enum", Json::List(words.iter().map(|word| text(word)).collect()))]),
        Kind::Time(..) => asked(vec![("type", text("string")), ("pattern", text("^[0-9]+(ms|s|m|h)$"))]),
        Kind::Whole(least, most) => asked(range("integer", &least.to_string(), &most.to_string())),
        Kind::WholeOrNone(least, most) => {
            let mut schema = range("integer", &least.to_string(), &most.to_string());
            schema[0].1 = Json::List(vec![text("integer"), text("null")]);
            asked(schema)
        }
        Kind::Number(least, most) => asked(range("number", &least.to_string(), &most.to_string())),
        Kind::Urls => {
            let one = || vec![("type", text("string")), ("minLength", raw("1"))];
            let several = vec![("type", text("array")), ("minItems", raw("1")), ("items", object(one()))];
            vec![("anyOf", Json::List(vec![object(one()), object(several)]))]
        }
        Kind::Bounds => bounds(),
        Kind::Rules => vec![("type", text("array")), ("items", Json::Object(rule()))],
        Kind::Families => vec![("type", text("array")), ("items", Json::Object(family()))],
        Kind::Bytes(..) => asked(vec![("type", text("string")), ("pattern", text("^[0-9]+([KMGT]i?)?B$"))]),
        Kind::Outputs => outputs(),
        Kind::Routes => routes(),
        Kind::Shares => vec![("type", text("array")), ("items", Json::Object(share()))],
        Kind::Policies => vec![("type", text("array")), ("items", Json::Object(policy()))],
        Kind::Names => {
            let item = Json::Object(vec![("type", text("string")), ("minLength", raw("1"))]);
            vec![("type", text("array")), ("uniqueItems", raw("true")), ("items", item)]
        }
        Kind::Pairs => {
            let value = Json::Object(self::kind(Kind::Text));
            vec![("type", text("object")), ("additionalProperties", value)]
        }
        Kind::Address => vec![
            ("type", text("string")),
            (
                "examples",
                Json::List(vec![text("127.0.0.1:9464"), text("unix:/run/orders/admin.sock"), text("off")]),
            ),
        ],
    }
}

/// A value, or a text that puts it in: `${env:NAME}`.
fn asked(schema: Vec<(&'static str, Json)>) -> Vec<(&'static str, Json)> {
    let put_in = vec![("type", text("string")), ("pattern", text("\\$\\{(env|file):[^}]+\\}"))];
    vec![("anyOf", Json::List(vec![Json::Object(schema), Json::Object(put_in)]))]
}

fn range(of: &str, least: &str, most: &str) -> Vec<(&'static str, Json)> {
    vec![("type", text(of)), ("minimum", raw(least)), ("maximum", raw(most))]
}

fn bounds() -> Vec<(&'static str, Json)> {
    let item = Json::Object(vec![("type", text("number"))]);
    vec![("type", text("array")), ("minItems", raw("1")), ("items", item)]
}

fn rule() -> Vec<(&'static str, Json)> {
    let names = ["metric", "prefix", "suffix"];
    let mut properties: Vec<_> =
        names.into_iter().map(|name| (name, Json::Object(kind(Kind::Text)))).collect();
    properties.push(("bounds", Json::Object(bounds())));
    let one_of = names.map(|name| Json::Object(vec![("required", Json::List(vec![text(name)]))]));
    vec![
        ("type", text("object")),
        ("additionalProperties", raw("false")),
        ("properties", Json::Object(properties)),
        ("required", Json::List(vec![text("bounds")])),
        ("oneOf", Json::List(one_of.into())),
    ]
}

fn share() -> Vec<(&'static str, Json)> {
    let properties = vec![
        ("route", object(kind(Kind::Text))),
        ("ratio", object(kind(Kind::Number(0.0, 1.0)))),
        ("per_second", object(kind(Kind::Whole(0, 1_000_000)))),
    ];
    vec![
        ("type", text("object")),
        ("additionalProperties", raw("false")),
        ("properties", object(properties)),
        ("required", Json::List(vec![text("route"), text("ratio")])),
    ]
}

fn policy() -> Vec<(&'static str, Json)> {
    let flag = || object(kind(Kind::Flag));
    let properties = vec![
        ("route", object(kind(Kind::Text))),
        ("ignore", flag()),
        ("metrics", flag()),
        ("access_log", flag()),
        ("trust", object(kind(TRUST))),
    ];
    vec![
        ("type", text("object")),
        ("additionalProperties", raw("false")),
        ("properties", object(properties)),
        ("required", Json::List(vec![text("route")])),
    ]
}

fn family() -> Vec<(&'static str, Json)> {
    let told = || Json::Object(kind(Kind::Text));
    let texts = |items: Json| Json::Object(vec![("type", text("array")), ("items", items)]);
    let given = Json::Object(vec![
        ("type", text("object")),
        ("minProperties", raw("1")),
        ("additionalProperties", texts(told())),
    ]);
    let label = Json::Object(vec![("anyOf", Json::List(vec![told(), given]))]);
    let types = KINDS.iter().map(|(word, _)| text(word)).collect();
    vec![
        ("type", text("object")),
        ("additionalProperties", raw("false")),
        (
            "properties",
            Json::Object(vec![
                ("name", told()),
                ("type", Json::Object(vec![("enum", Json::List(types))])),
                ("help", told()),
                ("unit", told()),
                ("labels", texts(label)),
                ("buckets", Json::Object(bounds())),
            ]),
        ),
        ("required", Json::List(vec![text("name"), text("type")])),
    ]
}

fn object(members: Vec<(&'static str, Json)>) -> Json {
    Json::Object(members)
}

fn outputs() -> Vec<(&'static str, Json)> {
    let said = |key: &OutputKey| {
        let mut said = String::from(key.doc);
        if !key.default.is_empty() {
            let _ = write!(said, " Default: {}.", key.default);
        }
        match key.of {
            Of::All => {}
            Of::Files => said.push_str(" Of files alone."),
            of => {
                let _ = write!(said, " Of outputs of this kind alone: {}.", of.word().replace('`', ""));
            }
        }
        let mut schema = vec![("description", Json::Text(said))];
        schema.extend(kind(key.kind));
        (key.name, object(schema))
    };
    let output = vec![
        ("type", text("object")),
        ("additionalProperties", raw("false")),
        ("properties", object(OUTPUT_KEYS.iter().map(said).collect())),
        ("required", Json::List(vec![text("type")])),
    ];
    let name = object(vec![("pattern", text("^[A-Za-z0-9_-]{1,64}$"))]);
    vec![
        ("type", text("object")),
        ("minProperties", raw("1")),
        ("maxProperties", raw("32")),
        ("propertyNames", name),
        ("additionalProperties", object(output)),
    ]
}

/// One text, or several of which any will do.
fn texts() -> Json {
    let one = object(kind(Kind::Text));
    let items = object(kind(Kind::Text));
    let several = object(vec![("type", text("array")), ("items", items)]);
    object(vec![("anyOf", Json::List(vec![one, several]))])
}

fn routes() -> Vec<(&'static str, Json)> {
    let names = || ("additionalProperties", raw("false"));
    let required = |words: &[&str]| ("required", Json::List(words.iter().map(|word| text(word)).collect()));
    // A condition stands in conditions; drawn to the depth that is met.
    let condition = condition(3);
    let by_match = object(vec![
        ("type", text("object")),
        names(),
        ("properties", object(vec![("match", condition), ("output", texts())])),
        required(&["match", "output"]),
    ]);
    let default = object(vec![
        ("type", text("object")),
        names(),
        ("properties", object(vec![("default", texts())])),
        required(&["default"]),
    ]);
    let route = object(vec![("anyOf", Json::List(vec![by_match, default]))]);
    vec![("type", text("array")), ("items", route)]
}

fn condition(depth: usize) -> Json {
    let fields = object(vec![
        ("type", text("object")),
        ("minProperties", raw("1")),
        ("additionalProperties", texts()),
    ]);
    let mut properties: Vec<_> = FACTS.into_iter().map(|fact| (fact, texts())).collect();
    properties.push(("fields", fields));
    let inner = || if depth == 0 { object(vec![("type", text("object"))]) } else { condition(depth - 1) };
    for join in ["all", "any"] {
        let list = vec![("type", text("array")), ("minItems", raw("1")), ("items", inner())];
        properties.push((join, object(list)));
    }
    properties.push(("not", inner()));
    object(vec![
        ("type", text("object")),
        ("minProperties", raw("1")),
        ("additionalProperties", raw("false")),
        ("properties", object(properties)),
    ])
}

fn text(text: &str) -> Json {
    Json::Text(text.to_owned())
}

fn raw(text: &str) -> Json {
    Json::Raw(text.to_owned())
}

impl Json {
    fn write(&self, out: &mut String, depth: usize) {
        let indent = |out: &mut String, depth: usize| {
            out.push('\n');
            out.extend(std::iter::repeat_n("  ", depth));
        };
        match self {
            Self::Raw(raw) => out.push_str(raw),
            Self::Text(text) => out.push_str(&quoted(text)),
            // Lists here are short but for those of objects.
            Self::List(items) if items.iter().all(|item| !matches!(item, Self::Object(_))) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    item.write(out, depth);
                }
                out.push(']');
            }
            Self::List(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    indent(out, depth + 1);
                    item.write(out, depth + 1);
                }
                indent(out, depth);
                out.push(']');
            }
            Self::Object(members) => {
                out.push('{');
                for (at, (name, value)) in members.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    indent(out, depth + 1);
                    let _ = write!(out, "{}: ", quoted(name));
                    value.write(out, depth + 1);
                }
                indent(out, depth);
                out.push('}');
            }
        }
    }
}
