//! The page of the specification's variables, row by row: what it says is read has its effect, and the rest has none.

use super::super::Config;
use super::super::layers::tests::{laid, laid_unjudged};

const PAGE: &str = include_str!("../../../../../docs/configuration.md");

/// Which variables go by the same words for all signals and for each.
const OTLP: [&str; 9] = [
    "ENDPOINT",
    "INSECURE",
    "CERTIFICATE",
    "CLIENT_KEY",
    "CLIENT_CERTIFICATE",
    "HEADERS",
    "COMPRESSION",
    "TIMEOUT",
    "PROTOCOL",
];

/// By the specification ("Environment Variable Specification", "OpenTelemetry Protocol Exporter").
const OTHERS: [&str; 41] = [
    "OTEL_SDK_DISABLED",
    "OTEL_ENTITIES",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_SERVICE_NAME",
    "OTEL_LOG_LEVEL",
    "OTEL_PROPAGATORS",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_BSP_SCHEDULE_DELAY",
    "OTEL_BSP_EXPORT_TIMEOUT",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_BLRP_SCHEDULE_DELAY",
    "OTEL_BLRP_EXPORT_TIMEOUT",
    "OTEL_BLRP_MAX_QUEUE_SIZE",
    "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_SPAN_EVENT_COUNT_LIMIT",
    "OTEL_SPAN_LINK_COUNT_LIMIT",
    "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT",
    "OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT",
    "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
    "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
    "OTEL_EXPORTER_PROMETHEUS_HOST",
    "OTEL_EXPORTER_PROMETHEUS_PORT",
    "OTEL_TRACES_EXPORTER",
    "OTEL_METRICS_EXPORTER",
    "OTEL_LOGS_EXPORTER",
    "OTEL_METRICS_EXEMPLAR_FILTER",
    "OTEL_METRIC_EXPORT_INTERVAL",
    "OTEL_METRIC_EXPORT_TIMEOUT",
    "OTEL_CONFIG_FILE",
    "OTEL_EXPORTER_OTLP_SPAN_INSECURE",
    "OTEL_EXPORTER_OTLP_METRIC_INSECURE",
    "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
    "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION",
];

fn rows() -> Vec<(&'static str, &'static str)> {
    let (_, section) = PAGE.split_once("\n## The variables of OpenTelemetry\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = |line: &'static str| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | ");
    section.lines().filter_map(cells).collect()
}

/// A value that is not what counts without it.
fn sample(name: &str) -> &'static str {
    match name {
        "OTEL_SDK_DISABLED" => "true",
        "OTEL_RESOURCE_ATTRIBUTES" => "te%3Dam=a%2Cb",
        "OTEL_PROPAGATORS" => "b3",
        "OTEL_TRACES_SAMPLER" => "always_on",
        "OTEL_TRACES_SAMPLER_ARG" => "0.5",
        "OTEL_BSP_MAX_QUEUE_SIZE" => "4096",
        "OTEL_TRACES_EXPORTER" => "none",
        "OTEL_LOGS_EXPORTER" => "console",
        _ if name.ends_with("ENDPOINT") => "http://d:4318",
        _ if name.ends_with("INSECURE") => "true",
        _ if name.ends_with("HEADERS") => "x-key=a%20b",
        "OTEL_EXPORTER_OTLP_LOGS_COMPRESSION" => "none",
        _ if name.ends_with("COMPRESSION") => "gzip",
        _ if name.ends_with("PROTOCOL") => "http/json",
        _ => "7",
    }
}

/// What has to be there so that the variable means something.
fn surroundings(name: &str) -> Vec<(&'static str, &'static str)> {
    let spans = [("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let collector = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318"), ("OTEL_LOGS_EXPORTER", "otlp")];
    let mut around = if name.ends_with("INSECURE") { spans.to_vec() } else { collector.to_vec() };
    for (one, other) in [
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"),
        ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE"),
        ("OTEL_EXPORTER_OTLP_LOGS_CLIENT_KEY", "OTEL_EXPORTER_OTLP_LOGS_CLIENT_CERTIFICATE"),
    ] {
        if name == one || name == other {
            around.push((if name == one { other } else { one }, "/x.pem"));
        }
    }
    if name == "OTEL_TRACES_SAMPLER_ARG" {
        around.push(("OTEL_TRACES_SAMPLER", "traceidratio"));
    }
    around
}

fn laid_by(variables: &[(&str, &str)]) -> Config {
    laid_unjudged(variables).unwrap_or_else(|error| panic!("{variables:?}: {error}"))
}

#[test]
fn the_page_has_all_of_them_each_once() {
    let mut expected: Vec<_> = OTHERS.iter().map(|name| (*name).to_owned()).collect();
    for signal in ["", "TRACES_", "METRICS_", "LOGS_"] {
        expected.extend(OTLP.iter().map(|word| format!("OTEL_EXPORTER_OTLP_{signal}{word}")));
    }
    let mut found: Vec<_> = rows().iter().map(|(name, _)| (*name).to_owned()).collect();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn what_the_page_says_is_read_changes_something_and_the_rest_changes_nothing() {
    for (name, said) in rows() {
        let around = surroundings(name);
        // A key and its certificate are nothing without one another.
        let before =
            laid_by(&around.iter().copied().filter(|(_, value)| *value != "/x.pem").collect::<Vec<_>>());
        // The first of two is found.
        let after = laid_by(&[&[(name, sample(name))], &around[..]].concat());
        let is_read = !said.starts_with("not read");
        let changed = format!("{before:?}") != format!("{after:?}");
        assert_eq!(changed, is_read, "{name}: {said}");
    }
}

#[test]
fn what_is_read_has_the_value_that_was_said() {
    let traces = |variables: &[(&str, &str)]| laid_by(variables).traces;
    assert_eq!(traces(&[("OTEL_BSP_MAX_QUEUE_SIZE", "2048")]).queue, 8 << 20, "both defaults are the same");
    assert_eq!(traces(&[("OTEL_BSP_MAX_QUEUE_SIZE", "1")]).queue, 64 << 10, "the least there is");
    assert_eq!(traces(&[("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "512")]).batch, 512);
    let patience = traces(&[("OTEL_BSP_EXPORT_TIMEOUT", "30000")]).retry_for;
    assert_eq!(patience.map(|time| time.as_secs()), Some(30));
    let endpoint = |variables: &[(&str, &str)]| traces(variables).endpoints.concat();
    let (server, grpc) = (("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4317"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"));
    let insecure = ("OTEL_EXPORTER_OTLP_INSECURE", "true");
    assert_eq!(endpoint(&[server, grpc]), "https://c:4317");
    assert_eq!(endpoint(&[server, grpc, insecure]), "http://c:4317");
    let secure = ("OTEL_EXPORTER_OTLP_TRACES_INSECURE", "false");
    assert_eq!(endpoint(&[server, grpc, insecure, secure]), "https://c:4317");
    // A scheme has the last word.
    let whole = ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://c:4317");
    assert_eq!(endpoint(&[whole, grpc, insecure]), "https://c:4317");
    let resource = laid_by(&[("OTEL_RESOURCE_ATTRIBUTES", "te%3Dam=a%2Cb,empty=")]).resource;
    assert_eq!(resource.attributes, [("te=am", "a,b"), ("empty", "")].map(|(k, v)| (k.into(), v.into())));
    for wrong in ["a=%zz", "a=%f", "a", "=b", "%ff=a"] {
        assert!(laid("", &[("OTEL_RESOURCE_ATTRIBUTES", wrong)]).is_err(), "{wrong}");
    }
    for (name, wrong) in [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "0"),
        ("OTEL_BSP_EXPORT_TIMEOUT", "1s"),
    ] {
        let told = laid("", &[(name, wrong)]).unwrap_err().to_string();
        assert!(told.starts_with(name) && !told.contains('\n'), "{told}");
    }
}
