//! Variables one by one, and their mistakes together.

use super::super::layers::tests::{laid, laid_with};
use super::super::{Admin, Config, Exporter, LogOutput, OtlpCompression, OtlpProtocol, SamplerChoice};
use super::*;
use crate::ConfigError;

fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    laid("", variables)
}

#[test]
fn nothing_set_changes_nothing() {
    let config = read(&[]).unwrap();
    assert_eq!(config.resource.name, "orders");
    assert_eq!(config.admin, Admin::At("127.0.0.1:9464".parse().unwrap()));
    assert_eq!((config.traces.endpoints, config.traces.sampler), (vec![], SamplerChoice::ParentBased(1.0)));
    assert_eq!(read(&[("OTEL_SERVICE_NAME", "")]).unwrap().resource.name, "orders");
}

#[test]
fn the_service_is_named_by_its_variable_before_the_list() {
    let config = read(&[
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=a, cloud.region=cn-east,team=core%2Cinfra"),
        ("OTEL_SERVICE_NAME", "b"),
        ("OBS_ENV", "prod"),
    ]);
    let resource = config.unwrap().resource;
    assert_eq!((resource.name.as_str(), resource.region.as_deref()), ("b", Some("cn-east")));
    assert_eq!(resource.env.as_deref(), Some("prod"));
    assert_eq!(resource.attributes, [("team".to_owned(), "core,infra".to_owned())]);
}

#[test]
fn the_generic_endpoint_gets_a_path_and_the_specific_one_does_not() {
    let endpoint = |variables: &[(&str, &str)]| read(variables).unwrap().traces.endpoints;
    let generic = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/");
    assert_eq!(endpoint(&[generic]), ["http://127.0.0.1:4318/v1/traces"]);
    let specific = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c/x");
    assert_eq!(endpoint(&[generic, specific]), ["http://c/x"]);
    let exporter = |variable| read(&[generic, variable]).unwrap().traces.exporter;
    assert_eq!(exporter(("OTEL_TRACES_EXPORTER", "none")), Exporter::None);
    assert_eq!(exporter(("OTEL_TRACES_EXPORTER", "console")), Exporter::Stdout);
    assert_eq!(exporter(("OTEL_TRACES_EXPORTER", "otlp")), Exporter::Otlp);
    assert_eq!(exporter(("OTEL_SDK_DISABLED", "TRUE")), Exporter::None);
}

#[test]
fn propagators_choose_what_is_read_and_written() {
    let found = |text| {
        let chosen = read(&[("OTEL_PROPAGATORS", text)]).unwrap().propagate;
        (chosen.extract.join(" "), chosen.inject.join(" "), chosen.baggage)
    };
    let all = |extract: &str, inject: &str, baggage| (extract.to_owned(), inject.to_owned(), baggage);
    assert_eq!(found(""), all("tracecontext x-trace-id", "tracecontext", false));
    // The specification's own default.
    assert_eq!(found("tracecontext,baggage"), all("tracecontext x-trace-id", "tracecontext", true));
    assert_eq!(found("b3multi, jaeger,b3multi"), all("b3multi jaeger x-trace-id", "b3multi jaeger", false));
    assert_eq!(found("none"), all("", "", false));
    for wrong in ["b4", "tracecontext,none", "x-trace-id", "tracecontext,"] {
        let error = read(&[("OTEL_PROPAGATORS", wrong)]).unwrap_err().to_string();
        let told = format!(
            "OTEL_PROPAGATORS: `{wrong}` is wrong, expected a list of tracecontext, baggage, b3, b3multi and jaeger, or none"
        );
        assert!(error.contains(&told), "{error}");
    }
}

#[test]
fn what_is_spoken_is_said_by_the_generic_variable_and_before_it_by_the_particular_one() {
    let traces = |variables: &[(&str, &str)]| read(variables).unwrap().traces;
    let all = ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc");
    let server = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4317");
    // Calls have paths of their own.
    let found = traces(&[all, server, ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip")]);
    assert_eq!(found.endpoints, ["http://c:4317"]);
    assert_eq!((found.protocol, found.compression), (OtlpProtocol::Grpc, OtlpCompression::Gzip));
    let one = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf");
    let found = traces(&[all, one, server, ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "none")]);
    assert_eq!(found.endpoints, ["http://c:4317/v1/traces"]);
    assert_eq!((found.protocol, found.compression), (OtlpProtocol::HttpProtobuf, OtlpCompression::None));
    let found = traces(&[]);
    assert_eq!((found.protocol, found.compression), (OtlpProtocol::HttpProtobuf, OtlpCompression::None));
}

#[test]
fn samplers_have_their_standard_names() {
    let sampler = |name, argument| {
        read(&[("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", argument)]).unwrap().traces.sampler
    };
    assert_eq!(sampler("always_on", ""), SamplerChoice::AlwaysOn);
    assert_eq!(sampler("always_off", "0.5"), SamplerChoice::AlwaysOff);
    assert_eq!(sampler("traceidratio", "0.5"), SamplerChoice::Ratio(0.5));
    assert_eq!(sampler("traceidratio", ""), SamplerChoice::Ratio(1.0));
    assert_eq!(sampler("parentbased_traceidratio", "0.1"), SamplerChoice::ParentBased(0.1));
    assert_eq!(sampler("parentbased_always_off", ""), SamplerChoice::ParentBased(0.0));
}

#[test]
fn every_mistake_is_told_at_once_and_no_secret_with_it() {
    let error = read(&[
        ("OTEL_TRACES_SAMPLER", "sometimes"),
        ("OTEL_TRACES_SAMPLER_ARG", "1.5"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/xml"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2,oops"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
        ("OTEL_BSP_SCHEDULE_DELAY", "-1"),
        ("OBS_ADMIN_ADDR", "9464"),
        ("OBS_TRUST", "all"),
        ("OBS_LOG_FORMAT", "xml"),
        ("OBS_LOG_CALLER", "maybe"),
    ])
    .unwrap_err();
    let mut places: Vec<_> = error.mistakes().iter().map(|mistake| mistake.place.as_str()).collect();
    places.sort_unstable();
    assert_eq!(
        places,
        [
            "OBS_ADMIN_ADDR",
            "OBS_LOG_CALLER",
            "OBS_LOG_FORMAT",
            "OBS_TRUST",
            "OTEL_BSP_SCHEDULE_DELAY",
            "OTEL_EXPORTER_OTLP_HEADERS",
            "OTEL_EXPORTER_OTLP_PROTOCOL",
            "OTEL_EXPORTER_OTLP_TIMEOUT",
            "OTEL_TRACES_SAMPLER",
            "OTEL_TRACES_SAMPLER_ARG",
        ]
    );
    let text = error.to_string();
    assert!(
        text.starts_with("10 mistakes in the configuration:\n  OBS_LOG_FORMAT: `xml` is wrong, expected "),
        "{text}"
    );
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_list_that_is_none_is_not_repeated() {
    for text in ["hunter2", "authorization: hunter2", "authorization Bearer hunter2"] {
        let error = read(&[("OTEL_EXPORTER_OTLP_HEADERS", text)]).unwrap_err();
        let told = "OTEL_EXPORTER_OTLP_HEADERS: expected a list such as key=value,key=value";
        assert_eq!(error.to_string(), told);
    }
}

#[test]
fn variables_of_ours_say_what_the_file_would() {
    let config = read(&[
        ("OBS_LOG_ROTATE", "daily"),
        ("OBS_LOG_KEEP", "7"),
        ("OBS_LOG_FILE", "/var/log/x.log"),
        ("OBS_DRAIN_DELAY", "500ms"),
        ("OBS_DRAIN_TIMEOUT", "1m"),
        ("OTEL_ATTRIBUTE_COUNT_LIMIT", "5"),
        ("OTEL_SPAN_EVENT_COUNT_LIMIT", "6"),
        ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
    ]);
    let config = config.unwrap();
    assert_eq!(config.logs.output, LogOutput::File("/var/log/x.log".into()));
    assert_eq!((config.logs.rotate, config.logs.keep), (super::super::Rotation::Daily, Some(7)));
    assert_eq!((config.drain.delay.as_millis(), config.drain.timeout.as_secs()), (500, 60));
    let limits = config.traces.limits;
    assert_eq!((limits.attributes, limits.events, limits.attribute_length), (5, 6, Some(100)));
    let both = [("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", "7"), ("OTEL_ATTRIBUTE_COUNT_LIMIT", "5")];
    assert_eq!(read(&both).unwrap().traces.limits.attributes, 7, "the particular one counts");
    assert_eq!(read(&[("OBS_LOG_FILE", "off")]).unwrap().logs.output, LogOutput::Off);
}

#[cfg(unix)]
#[test]
fn a_value_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStringExt;
    let lookup = |name: &str| (name == "OBS_LOG").then(|| OsString::from_vec(vec![0xff]));
    assert_eq!(laid_with(b"", &lookup).unwrap_err().to_string(), "OBS_LOG: is not UTF-8");
}

#[test]
fn old_names_are_asked_for_by_the_words_of_the_specification_and_other_words_say_nothing() {
    let found = |text| read(&[("OTEL_SEMCONV_STABILITY_OPT_IN", text)]).unwrap().traces.semconv;
    assert!(found("").is_empty() && found("messaging,gen_ai_latest_experimental").is_empty());
    assert_eq!(found("http/dup, database,rpc/dup"), ["http/dup", "database"]);
    let error = laid("traces: { semconv: [http/dpu] }", &[]).unwrap_err().to_string();
    assert!(error.contains("traces.semconv") && error.contains("http/dup"), "{error}");
}

#[test]
fn a_disabled_sdk_makes_what_the_file_says_of_traces_void_and_that_is_no_mistake() {
    let file = "traces:
  exporter: otlp
  endpoint: http://c:4318
  protocol: grpc
  timeout: 5s
  sampler: traceidratio
  ratio: 0.5
  per_second: 7
  forced_per_second: 1
  routes: [{ route: '/x', ratio: 1 }]
  tail: { keep_errors: true, trace_bytes: 64KiB }
";
    let traces =
        laid(file, &[("OTEL_SDK_DISABLED", "true")]).unwrap_or_else(|error| panic!("{error}")).traces;
    assert_eq!((traces.exporter, traces.sampler), (Exporter::None, SamplerChoice::ParentBased(0.0)));
    // Nothing of what is left would have a span recorded.
    assert_eq!((traces.routes.len(), traces.per_second, traces.tail.keeps_any()), (0, None, false));
    assert!(traces.is_disabled && !laid(file, &[]).unwrap().traces.is_disabled);
    assert_eq!(laid(file, &[("OTEL_SDK_DISABLED", "false")]).unwrap().traces.exporter, Exporter::Otlp);
}

#[test]
fn a_time_out_of_zero_is_no_limit() {
    // "OTLP Exporter" and "Batch Span Processor" of the specification's environment variables.
    for name in ["OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"] {
        assert_eq!(read(&[(name, "0")]).unwrap().traces.timeout, LONGEST, "{name}");
    }
    assert_eq!(read(&[("OTEL_BSP_EXPORT_TIMEOUT", "0")]).unwrap().traces.retry_for, Some(LONGEST));
    assert_eq!(read(&[("OTEL_BSP_SCHEDULE_DELAY", "0")]).unwrap().traces.linger, Duration::ZERO);
}

#[test]
fn words_about_other_conventions_leave_what_the_file_says_of_old_names() {
    let file = "traces: { semconv: [http/dup] }";
    let found = |text| laid(file, &[("OTEL_SEMCONV_STABILITY_OPT_IN", text)]).unwrap().traces.semconv;
    assert_eq!(found("gen_ai_latest_experimental,rpc/dup"), ["http/dup"]);
    assert_eq!(
        found("database,gen_ai_latest_experimental"),
        ["database"],
        "the names that are stable, alone"
    );
    assert_eq!(found("database/dup,rpc"), ["database/dup"]);
}

#[test]
fn words_of_the_specification_are_read_in_any_case_and_ours_as_they_are_written() {
    let traces = |name, word| read(&[(name, word)]).unwrap().traces;
    assert_eq!(traces("OTEL_TRACES_SAMPLER", "ALWAYS_ON").sampler, SamplerChoice::AlwaysOn);
    assert_eq!(traces("OTEL_TRACES_EXPORTER", "None").exporter, Exporter::None);
    assert_eq!(traces("OTEL_TRACES_EXPORTER", "OTLP").exporter, Exporter::Otlp);
    assert_eq!(traces("OTEL_TRACES_EXPORTER", "Console").exporter, Exporter::Stdout);
    assert_eq!(traces("OTEL_EXPORTER_OTLP_PROTOCOL", "HTTP/JSON").protocol, OtlpProtocol::HttpJson);
    assert_eq!(traces("OTEL_EXPORTER_OTLP_COMPRESSION", "GZip").compression, OtlpCompression::Gzip);
    let propagate = read(&[("OTEL_PROPAGATORS", "B3Multi,Baggage")]).unwrap().propagate;
    assert_eq!((propagate.inject, propagate.baggage), (vec![String::from("b3multi")], true));
    assert_eq!(read(&[("OTEL_PROPAGATORS", "NONE")]).unwrap().propagate.inject, [""; 0]);
    assert!(read(&[("OBS_LOG_FORMAT", "JSON")]).is_err());
}
