//! Variables that say things in a way of their own: those of the OpenTelemetry specification as a rule.

use std::path::PathBuf;

use super::super::draft::takes_a_ratio;
use super::super::key::{Kind, Value};
use super::super::{LogOutput, OtlpProtocol, SEMCONV, SamplerChoice, TraceTail};
use super::{Reader, in_our_case};

/// What the service is, all in one list.
pub(super) fn attributes(read: &mut Reader<'_, '_>) {
    let name = "OTEL_RESOURCE_ATTRIBUTES";
    let Some(list) = read.pairs(name) else { return };
    for (key, value) in list {
        read.draft.config.resource.set(&key, value);
    }
}

/// Where lines go, and whether in colour.
pub(super) fn logs(read: &mut Reader<'_, '_>) {
    // A path need not be text.
    let file = "OBS_LOG_FILE";
    if let Some(path) = read.raw(file) {
        // Of several outputs that the file names, this one is left.
        if !read.draft.config.logs.outputs.is_empty() {
            read.choose_at("logs.outputs", Value::Outputs(Vec::new()), file);
            read.choose_at("logs.routes", Value::Routes(Vec::new()), file);
        }
        if path == "off" {
            read.choose_at("logs.output", Value::Word("off"), file);
        } else {
            read.choose_at("logs.output", Value::Word("file"), file);
            read.choose_at("logs.file.path", Value::Text(path.to_string_lossy().into_owned()), file);
            read.draft.config.logs.output = LogOutput::File(PathBuf::from(path));
        }
    }
    if read.raw("NO_COLOR").is_some() {
        read.choose_at("logs.colour", Value::Word("off"), "NO_COLOR");
    }
}

/// Where spans go, and which.
pub(super) fn traces(read: &mut Reader<'_, '_>) {
    endpoint(read);
    semconv(read);
    for name in ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"] {
        if let Some(headers) = read.pairs(name) {
            read.choose_at("traces.headers", Value::Pairs(headers), name);
        }
    }
    sampler(read);
    let name = "OTEL_TRACES_EXPORTER";
    let expected = "`otlp`, `console` or `none`";
    if let Some(word) = read.parsed(name, expected, |text| match &*in_our_case(name, text) {
        "otlp" => Some(Value::Word("otlp")),
        "none" => Some(Value::Word("none")),
        // The specification's word for it, and ours.
        "console" | "stdout" => Some(Value::Word("stdout")),
        _ => None,
    }) {
        read.choose_at("traces.exporter", word, name);
    }
    queue(read);
    disabled(read);
}

/// Nothing is decided or recorded here, and what a caller has decided is handed on as it came: propagation is not disabled.
fn disabled(read: &mut Reader<'_, '_>) {
    let name = "OTEL_SDK_DISABLED";
    if read.flag(name) != Some(true) {
        return;
    }
    read.choose_at("traces.exporter", Value::Word("none"), name);
    read.choose_at("traces.sampler", Value::Word("parentbased_always_off"), name);
    read.choose_at("traces.routes", Value::Shares(Vec::new()), name);
    if let Some(Kind::Whole(_, most)) = super::Key::at("traces.forced_per_second").map(|key| key.kind) {
        read.choose_at("traces.forced_per_second", Value::Whole(most), name);
    }
    let traces = &mut read.draft.config.traces;
    (traces.per_second, traces.tail, traces.is_disabled) = (None, TraceTail::default(), true);
}

/// What one span of a queue that is bounded in spans counts in one that is bounded in bytes: the specification's own
/// bound of 2,048 is ours of 8 MiB then.
const SPAN_BYTES: u64 = 4 << 10;

fn queue(read: &mut Reader<'_, '_>) {
    let name = "OTEL_BSP_MAX_QUEUE_SIZE";
    let Some(Kind::Bytes(least, most)) = super::Key::at("traces.queue").map(|key| key.kind) else { return };
    let spans = read.parsed(name, "a whole number of spans, 1 at least", |text| {
        text.parse::<u64>().ok().filter(|spans| *spans > 0)
    });
    if let Some(spans) = spans {
        let bytes = spans.saturating_mul(SPAN_BYTES).clamp(least, most);
        read.choose_at("traces.queue", Value::Whole(bytes), name);
    }
}

/// Which names attributes have. The variable is set for all services alike, so that words for what is not done here are
/// nothing, also where there are no others.
fn semconv(read: &mut Reader<'_, '_>) {
    let name = "OTEL_SEMCONV_STABILITY_OPT_IN";
    let Some(text) = read.text(name) else { return };
    let words: Vec<_> = text.split(',').map(str::trim).filter(|word| SEMCONV.contains(word)).collect();
    if !words.is_empty() {
        read.choose_at("traces.semconv", Value::Names(words.into_iter().map(str::to_owned).collect()), name);
    }
}

fn endpoint(read: &mut Reader<'_, '_>) {
    let scheme = scheme(read);
    let name = "OTEL_EXPORTER_OTLP_ENDPOINT";
    if let Some(base) = read.text(name) {
        let url = format!("{}/v1/traces", with_scheme(base, scheme).trim_end_matches('/'));
        read.choose_at("traces.endpoint", Value::Names(vec![url]), name);
    }
    let name = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    if let Some(url) = read.text(name) {
        let url = with_scheme(url, scheme);
        read.choose_at("traces.endpoint", Value::Names(vec![url.clone()]), name);
        // As it stands, without the path that other places get.
        read.draft.config.traces.endpoints = vec![url];
    }
}

/// What a server of gRPC without a scheme is reached by ("OTLP Exporter", `insecure`). Elsewhere a scheme must be there.
fn scheme(read: &mut Reader<'_, '_>) -> Option<&'static str> {
    let all = read.flag("OTEL_EXPORTER_OTLP_INSECURE");
    let insecure = read.flag("OTEL_EXPORTER_OTLP_TRACES_INSECURE").or(all);
    let is_grpc = read.draft.config.traces.protocol == OtlpProtocol::Grpc;
    is_grpc.then_some(if insecure == Some(true) { "http" } else { "https" })
}

fn with_scheme(url: String, scheme: Option<&str>) -> String {
    match scheme.filter(|_| !url.contains("://")) {
        Some(scheme) => format!("{scheme}://{url}"),
        None => url,
    }
}

fn sampler(read: &mut Reader<'_, '_>) {
    let (name, argument) = ("OTEL_TRACES_SAMPLER", "OTEL_TRACES_SAMPLER_ARG");
    let Some(Kind::Word(words)) = super::Key::at("traces.sampler").map(|key| key.kind) else { return };
    let ratio = read.parsed(argument, "a number from 0 to 1", |text| Kind::Number(0.0, 1.0).parse(text));
    let word = read.word(name, words);
    // The specification reads the argument with its sampler alone; a share that the file chose is one too.
    let from_file = read.draft.config.traces.sampler.ratio().filter(|_| read.draft.is_chosen("traces.ratio"));
    let takes_one = match &word {
        Some(Value::Word(word)) => takes_a_ratio(word),
        _ => from_file.is_some() || read.draft.word("traces.sampler").is_some_and(takes_a_ratio),
    };
    if let Some(word) = word {
        read.draft.config.traces.sampler = SamplerChoice::ParentBased(from_file.unwrap_or(1.0));
        read.choose_at("traces.sampler", word, name);
    }
    if let Some(ratio) = ratio.filter(|_| takes_one) {
        read.choose_at("traces.ratio", ratio, argument);
    }
}
