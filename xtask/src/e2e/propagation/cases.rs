//! Headers that no propagator of OpenTelemetry writes: those of other senders, and malformed ones.

use super::judge::Headers;

/// The ids in them; each case gets its own.
pub(super) struct Known<'a> {
    pub(super) trace_id: &'a str,
    pub(super) span_id: &'a str,
}

/// Headers as a sender writes them, with `{t}` for a trace id, `{T}` for the same in capitals, `{s}` for a span id and `{S}`.
pub(super) struct Case {
    pub(super) name: &'static str,
    headers: &'static [(&'static str, &'static str)],
    /// What we make of it, where it is not what the propagators of Python make of it, and why.
    pub(super) differs: Option<(Verdict, &'static str)>,
}

/// What is made of headers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Verdict {
    Absent,
    Sampled,
    Unsampled,
}

impl Case {
    pub(super) fn headers(&self, known: &Known<'_>) -> Headers {
        let fill = |value: &str| {
            value
                .replace("{t}", known.trace_id)
                .replace("{s}", known.span_id)
                .replace("{T}", &known.trace_id.to_uppercase())
                .replace("{S}", &known.span_id.to_uppercase())
                .replace("{64}", &known.trace_id[16..])
        };
        self.headers.iter().map(|(name, value)| ((*name).to_owned(), fill(value))).collect()
    }
}

const fn case(name: &'static str, headers: &'static [(&'static str, &'static str)]) -> Case {
    Case { name, headers, differs: None }
}

const fn ours(
    name: &'static str,
    headers: &'static [(&'static str, &'static str)],
    verdict: Verdict,
    why: &'static str,
) -> Case {
    Case { name, headers, differs: Some((verdict, why)) }
}

const STRICT: &str = "what is malformed anywhere is as good as none";
const LOWER: &str = "B3 has lower-case digits";
const DEFERRED: &str = "no decision is left to our sampler, which records all here";

pub(super) const W3C: &[Case] = &[
    case("a later version with more behind", &[("traceparent", "cc-{t}-{s}-01-what-comes")]),
    case("flags that are not known yet", &[("traceparent", "00-{t}-{s}-f9")]),
    case("white space around", &[("traceparent", " \t00-{t}-{s}-01 \t")]),
    case("version 00 with more behind", &[("traceparent", "00-{t}-{s}-01-x")]),
    case("version ff", &[("traceparent", "ff-{t}-{s}-01")]),
    case("no flags", &[("traceparent", "00-{t}-{s}")]),
    case("flags of one digit", &[("traceparent", "00-{t}-{s}-1")]),
    case("flags that are no digits", &[("traceparent", "00-{t}-{s}-0g")]),
    case("capitals", &[("traceparent", "00-{T}-{s}-01")]),
    case("a trace id of 64 bits", &[("traceparent", "00-{64}-{s}-01")]),
    case("a trace id of zeros", &[("traceparent", "00-00000000000000000000000000000000-{s}-01")]),
    case("a span id of zeros", &[("traceparent", "00-{t}-0000000000000000-01")]),
    case("other separators", &[("traceparent", "00_{t}_{s}_01")]),
    ours(
        "two of them",
        &[("traceparent", "00-{t}-{s}-01"), ("traceparent", "00-{t}-{s}-00")],
        Verdict::Absent,
        "one that stands there twice is as good as none",
    ),
];

pub(super) const B3: &[Case] = &[
    case("a trace id of 64 bits", &[("b3", "{64}-{s}-1")]),
    case("the caller's parent behind", &[("b3", "{t}-{s}-1-e457b5a2e4d86bd1")]),
    case("debug", &[("b3", "{t}-{s}-d")]),
    case("nothing decided", &[("b3", "{t}-{s}")]),
    case("a word for the decision", &[("b3", "{t}-{s}-true")]),
    ours("capitals", &[("b3", "{T}-{s}-1")], Verdict::Absent, LOWER),
    ours("capitals of the span", &[("b3", "{t}-{S}-1")], Verdict::Absent, LOWER),
    case("a trace id of zeros", &[("b3", "00000000000000000000000000000000-{s}-1")]),
    case("a span id of zeros", &[("b3", "{t}-0000000000000000-1")]),
    case("a trace id alone", &[("b3", "{t}")]),
    case("a short span id", &[("b3", "{t}-1234-1")]),
    case("an odd trace id", &[("b3", "{64}1234-{s}-1")]),
    case("five parts", &[("b3", "{t}-{s}-1-e457b5a2e4d86bd1-1")]),
    ours("an unknown decision", &[("b3", "{t}-{s}-x")], Verdict::Absent, STRICT),
    ours("a parent that is none", &[("b3", "{t}-{s}-1-zz")], Verdict::Absent, STRICT),
];

pub(super) const B3_MULTI: &[Case] = &[
    case("a trace id of 64 bits", &[("x-b3-traceid", "{64}"), ("x-b3-spanid", "{s}"), ("x-b3-sampled", "1")]),
    case("debug", &[("x-b3-traceid", "{t}"), ("x-b3-spanid", "{s}"), ("x-b3-flags", "1")]),
    case(
        "debug against the decision",
        &[("x-b3-traceid", "{t}"), ("x-b3-spanid", "{s}"), ("x-b3-sampled", "0"), ("x-b3-flags", "1")],
    ),
    case(
        "the caller's parent beside",
        &[
            ("x-b3-traceid", "{t}"),
            ("x-b3-spanid", "{s}"),
            ("x-b3-parentspanid", "e457b5a2e4d86bd1"),
            ("x-b3-sampled", "1"),
        ],
    ),
    case("all in the one header", &[("b3", "{t}-{s}-1")]),
    ours("nothing decided", &[("x-b3-traceid", "{t}"), ("x-b3-spanid", "{s}")], Verdict::Sampled, DEFERRED),
    case("no span", &[("x-b3-traceid", "{t}"), ("x-b3-sampled", "1")]),
    case("no trace", &[("x-b3-spanid", "{s}"), ("x-b3-sampled", "1")]),
    case(
        "a span id of zeros",
        &[("x-b3-traceid", "{t}"), ("x-b3-spanid", "0000000000000000"), ("x-b3-sampled", "1")],
    ),
    ours(
        "capitals",
        &[("x-b3-traceid", "{T}"), ("x-b3-spanid", "{s}"), ("x-b3-sampled", "1")],
        Verdict::Absent,
        LOWER,
    ),
    ours(
        "an unknown decision",
        &[("x-b3-traceid", "{t}"), ("x-b3-spanid", "{s}"), ("x-b3-sampled", "2")],
        Verdict::Absent,
        STRICT,
    ),
    ours(
        "debug in the place of the decision",
        &[("x-b3-traceid", "{t}"), ("x-b3-spanid", "{s}"), ("x-b3-sampled", "d")],
        Verdict::Absent,
        STRICT,
    ),
];

pub(super) const JAEGER: &[Case] = &[
    case("not sampled", &[("uber-trace-id", "{t}:{s}:0:0")]),
    case("sampled", &[("uber-trace-id", "{t}:{s}:0:1")]),
    case("a parent", &[("uber-trace-id", "{t}:{s}:e457b5a2e4d86bd1:1")]),
    case("a trace id of 64 bits", &[("uber-trace-id", "{64}:{s}:0:1")]),
    case("debug", &[("uber-trace-id", "{t}:{s}:0:3")]),
    case("three parts", &[("uber-trace-id", "{t}:{s}:1")]),
    case("five parts", &[("uber-trace-id", "{t}:{s}:0:1:1")]),
    case("a trace id of zeros", &[("uber-trace-id", "0:{s}:0:1")]),
    case("a span id of zeros", &[("uber-trace-id", "{t}:0:0:1")]),
    case("no digits", &[("uber-trace-id", "xyz:{s}:0:1")]),
    case("a trace id that is too long", &[("uber-trace-id", "1{t}:{s}:0:1")]),
    case("a span id that is too long", &[("uber-trace-id", "{t}:1{s}:0:1")]),
    case("no flags", &[("uber-trace-id", "{t}:{s}:0:")]),
];
