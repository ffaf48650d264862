//! Layers over each other, their contradictions, and the places that mistakes name.

use std::ffi::OsString;
use std::time::Duration;

use super::super::environment::Lookup;
use super::super::{Config, Exporter, LogOutput, SamplerChoice};
use super::*;

/// What a file and variables come to, over the defaults of a service called `orders`.
pub(in crate::config) fn laid(file: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    laid_over(Config::new("orders"), file, variables)
}

/// Without what signals make of it: nothing is looked for on the disk.
pub(in crate::config) fn laid_unjudged(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let lookup = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
    };
    let layers = Layers { code: Config::new("orders"), file: None, findings: |_| Vec::new() };
    layers.resolve(Some(b""), None, &lookup)
}

pub(in crate::config) fn laid_with(file: &[u8], lookup: Lookup<'_>) -> Result<Config, ConfigError> {
    let layers = Layers { code: Config::new("orders"), file: None, findings: crate::signals::mistakes };
    layers.resolve(Some(file), None, lookup)
}

fn laid_over(code: Config, file: &str, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let lookup = |name: &str| {
        variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
    };
    let layers = Layers { code, file: None, findings: crate::signals::mistakes };
    layers.resolve(Some(file.as_bytes()), None, &lookup)
}

#[track_caller]
fn wrong(file: &str, variables: &[(&str, &str)], expected: &[&str]) {
    let error = laid(file, variables).expect_err(file);
    let told: Vec<_> = error.mistakes().iter().map(ToString::to_string).collect();
    assert_eq!(told, expected, "{file}");
}

#[test]
fn the_file_goes_before_the_code_and_the_environment_before_both() {
    let mut code = Config::new("orders");
    code.logs.filter = String::from("warn");
    code.traces.filter = String::from("warn");
    code.drain.delay = Duration::from_secs(9);
    let file = "logs: { level: debug }\ntraces: { level: debug }\n";
    let config = laid_over(code, file, &[("OBS_TRACE", "error")]).unwrap();
    assert_eq!(config.logs.filter, "debug");
    assert_eq!(config.traces.filter, "error");
    assert_eq!(config.drain.delay, Duration::from_secs(9), "what neither says is left");
}

#[test]
fn a_log_file_of_the_environment_goes_before_outputs_and_routes_of_the_file() {
    let file = "logs: { outputs: { a: { type: stdout } }, routes: [{ match: { level: INFO }, output: a }] }";
    assert_eq!(laid(file, &[]).unwrap().logs.outputs.len(), 1);
    for (value, expected) in [("x.log", LogOutput::File("x.log".into())), ("off", LogOutput::Off)] {
        let logs = laid(file, &[("OBS_LOG_FILE", value)]).unwrap().logs;
        assert_eq!((logs.output, logs.outputs.len(), logs.routes.len()), (expected, 0, 0));
    }
}

#[test]
fn the_service_is_named_by_the_file_and_renamed_by_the_environment() {
    let file = "service:\n  name: shop\n  namespace: shops\n  attributes: { team: core, cloud.zone: a }\n";
    let resource = laid(file, &[]).unwrap().resource;
    let all: Vec<_> = resource.iter().collect();
    assert_eq!(
        all,
        [("service.name", "shop"), ("service.namespace", "shops"), ("team", "core"), ("cloud.zone", "a")]
    );
    let variables = [("OTEL_SERVICE_NAME", "x"), ("OTEL_RESOURCE_ATTRIBUTES", "team=y,service.name=z")];
    let resource = laid(file, &variables).unwrap().resource;
    assert_eq!((resource.name.as_str(), &resource.attributes[1].1), ("x", &String::from("y")));
}

#[test]
fn versions_and_names_are_text_whatever_yaml_takes_them_for() {
    let file = "service: { name: 007, version: 1.10, env: true, region: off, cluster: 0x1F }";
    let resource = laid(file, &[]).unwrap().resource;
    assert_eq!((resource.name.as_str(), resource.version.as_deref()), ("007", Some("1.10")));
    let rest = [resource.env, resource.region, resource.cluster].map(Option::unwrap);
    assert_eq!(rest, ["true", "off", "0x1F"]);
}

#[test]
fn a_log_file_in_the_file_is_where_lines_go_unless_a_variable_says_otherwise() {
    let output = |file, variables: &[_]| laid(file, variables).unwrap().logs.output;
    let file = "logs: { file: { path: /x.log, rotate: daily, keep: 3 } }";
    assert_eq!(output(file, &[]), LogOutput::File("/x.log".into()));
    assert_eq!(output(file, &[("OBS_LOG_FILE", "/y.log")]), LogOutput::File("/y.log".into()));
    assert_eq!(output(file, &[("OBS_LOG_FILE", "off")]), LogOutput::Off);
    assert_eq!(output("logs: { output: stderr }", &[]), LogOutput::Stderr);
    let stderr = "logs: { output: stderr }";
    assert_eq!(output(stderr, &[("OBS_LOG_FILE", "/y.log")]), LogOutput::File("/y.log".into()));
    let keep = "logs: { file: { path: /x.log, keep: 3 } }";
    assert_eq!(laid(keep, &[("OBS_LOG_ROTATE", "daily")]).unwrap().logs.keep, Some(3));
}

#[test]
fn a_share_is_taken_by_the_sampler_of_whatever_layer() {
    let sampler = |file, variables: &[_]| laid(file, variables).unwrap().traces.sampler;
    let argument = ("OTEL_TRACES_SAMPLER_ARG", "0.5");
    let share = "traces: { ratio: 0.1 }";
    assert_eq!(sampler(share, &[]), SamplerChoice::ParentBased(0.1));
    assert_eq!(sampler("traces: { ratio: 0.1, sampler: traceidratio }", &[]), SamplerChoice::Ratio(0.1));
    assert_eq!(sampler(share, &[argument]), SamplerChoice::ParentBased(0.5));
    let named = ("OTEL_TRACES_SAMPLER", "traceidratio");
    assert_eq!(sampler(share, &[named]), SamplerChoice::Ratio(0.1), "the file's share is left");
    assert_eq!(sampler(share, &[named, argument]), SamplerChoice::Ratio(0.5));
    assert_eq!(sampler(share, &[("OTEL_TRACES_SAMPLER", "always_on")]), SamplerChoice::AlwaysOn);
    let all = ("OTEL_TRACES_SAMPLER", "parentbased_always_on");
    assert_eq!(sampler(share, &[all, argument]), SamplerChoice::ParentBased(1.0), "all is no share");
    // The specification has the argument read with a sampler only.
    assert_eq!(sampler("", &[argument]), SamplerChoice::ParentBased(1.0));
    let named = "traces: { sampler: parentbased_traceidratio }";
    assert_eq!(sampler(named, &[argument]), SamplerChoice::ParentBased(0.5));
    let all = "traces: { sampler: parentbased_always_on }";
    assert_eq!(sampler(all, &[argument]), SamplerChoice::ParentBased(1.0));
}

#[test]
fn several_outputs_may_go_to_other_machines_of_one_kind() {
    let file = |kind: &str| {
        format!(
            "logs: {{ outputs: {{ a: {{ type: {kind}, url: 'http://a' }}, b: {{ type: {kind}, url: 'http://b' }} }} }}"
        )
    };
    for kind in ["loki", "elasticsearch", "otlp"] {
        assert_eq!(laid(&file(kind), &[]).unwrap().logs.outputs.len(), 2, "{kind}");
    }
    let twice = laid("logs: { outputs: { a: { type: stdout }, b: { type: stdout } } }", &[]).unwrap_err();
    assert!(twice.to_string().contains("logs.outputs.b: writes to the same place as `a`"), "{twice}");
}

#[test]
fn the_endpoint_gets_its_path_once() {
    let endpoint =
        |url: &str| laid(&format!("traces: {{ endpoint: '{url}' }}"), &[]).unwrap().traces.endpoints;
    for (url, posted) in [
        ("http://c:4318", "http://c:4318/v1/traces"),
        ("http://c:4318/", "http://c:4318/v1/traces"),
        ("http://c/v1/traces", "http://c/v1/traces"),
        ("http://c/otlp", "http://c/otlp/v1/traces"),
        ("http://c/?key=x", "http://c/v1/traces?key=x"),
    ] {
        assert_eq!(endpoint(url), [posted]);
    }
}

#[test]
fn a_variable_that_makes_the_file_void_is_no_mistake() {
    let file =
        "traces: { endpoint: 'http://c', exporter: otlp, sampler: parentbased_traceidratio, ratio: 0.1 }";
    let config = laid(file, &[("OTEL_TRACES_EXPORTER", "none"), ("OTEL_TRACES_SAMPLER", "always_off")]);
    assert_eq!(config.unwrap().traces.exporter, Exporter::None);
}

#[test]
fn choices_against_each_other_are_told_where_they_stand() {
    wrong(
        "logs:\n  output: stdout\n  file:\n    path: /x.log\n    keep: 3\n",
        &[],
        &[
            "obs.yaml:4:5: logs.file.path: has no effect: `logs.output` is not `file`",
            "obs.yaml:5:5: logs.file.keep: has no effect: `logs.output` is not `file`",
        ],
    );
    wrong("logs: { output: file }", &[], &["obs.yaml:1:9: logs.output: `file` needs `logs.file.path`"]);
    wrong(
        "logs: { file: { rotate: daily } }",
        &[],
        &["obs.yaml:1:17: logs.file.rotate: has no effect: `logs.output` is not `file`"],
    );
    wrong(
        "logs: { file: { path: /x.log, keep: 3 } }",
        &[],
        &["obs.yaml:1:31: logs.file.keep: has no effect: `logs.file.rotate` is `never`"],
    );
    wrong(
        "traces: { sampler: always_on, ratio: 0.1 }",
        &[],
        &["obs.yaml:1:31: traces.ratio: has no effect: `traces.sampler` is `always_on`"],
    );
    wrong(
        "traces: { exporter: none, endpoint: 'http://c' }",
        &[],
        &["obs.yaml:1:27: traces.endpoint: has no effect: `traces.exporter` is `none`"],
    );
    wrong(
        "drain: { delay: 30s }",
        &[],
        &["obs.yaml:1:10: drain.delay: `drain.timeout` is 25s, expected more than `drain.delay`, 30s"],
    );
    wrong(
        "drain: { delay: 3s, timeout: 4s }",
        &[("OBS_DRAIN_TIMEOUT", "3s")],
        &["OBS_DRAIN_TIMEOUT: `drain.timeout` is 3s, expected more than `drain.delay`, 3s"],
    );
    wrong(
        "health: { timeout: 11s }",
        &[],
        &["obs.yaml:1:11: health.timeout: `health.timeout` is 11s, expected at most `health.interval`, 10s"],
    );
    wrong(
        "service: { attributes: { team: a } }\nmetrics: { labels: [env, tema, zone] }",
        &[],
        &[
            "obs.yaml:2:26: metrics.labels: `tema` is no part of `service`; did you mean `team`?",
            "obs.yaml:2:32: metrics.labels: `zone` is no part of `service`, which has `name`, `version`, \
             `namespace`, `env`, `region` and `cluster` and its attributes",
        ],
    );
}

#[test]
fn a_value_that_is_wrong_by_itself_starts_no_further_complaints() {
    wrong(
        "drain: { delay: 30s, timeout: 1d }",
        &[],
        &[
            "obs.yaml:1:31: drain.timeout: `1d` is wrong, expected a duration such as 500ms, 2s or 1m, from 1ms to 24h",
        ],
    );
}

#[test]
fn what_the_signals_find_is_told_where_it_was_written() {
    let file = "logs:\n  level: loud=\ntraces:\n  endpoint: c:4318\n  headers: { 'a b': x }\n  level: '=='\n";
    let error = laid(file, &[]).unwrap_err();
    let places: Vec<_> = error.mistakes().iter().map(|mistake| mistake.place.as_str()).collect();
    assert_eq!(
        places,
        [
            "obs.yaml:2:3: logs.level",
            "obs.yaml:4:3: traces.endpoint",
            "obs.yaml:5:14: traces.headers.a b",
            "obs.yaml:6:3: traces.level",
        ],
        "{error}"
    );
    let error = laid("", &[("OBS_LOG", "loud="), ("OTEL_EXPORTER_OTLP_ENDPOINT", "c:4318")]).unwrap_err();
    let mut places: Vec<_> = error.mistakes().iter().map(|mistake| mistake.place.as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, ["OBS_LOG", "OTEL_EXPORTER_OTLP_ENDPOINT"]);
    let mut code = Config::new("orders");
    code.logs.filter = String::from("loud=");
    code.traces.endpoints = vec![String::from("c:4318")];
    let error = laid_over(code, "", &[]).unwrap_err();
    let mut places: Vec<_> = error.mistakes().iter().map(|mistake| mistake.place.as_str()).collect();
    places.sort_unstable();
    assert_eq!(places, ["Builder::log_filter", "Builder::otlp_endpoint"]);
}

#[test]
fn mistakes_of_the_file_come_first_and_in_its_order() {
    let file = "drain: { delay: 30s }\ntraces:\n  exporter: oltp\nlogs:\n  levl: info\n";
    wrong(
        file,
        &[("OBS_LOG_KEEP", "0")],
        &[
            "obs.yaml:1:10: drain.delay: `drain.timeout` is 25s, expected more than `drain.delay`, 30s",
            "obs.yaml:3:13: traces.exporter: `oltp` is wrong; did you mean `otlp`?",
            "obs.yaml:5:3: logs.levl: unknown key; did you mean `level`?",
            "OBS_LOG_KEEP: `0` is wrong, expected a whole number from 1 to 10000",
        ],
    );
}

#[test]
fn a_flood_of_mistakes_is_cut_and_counted() {
    let file: String = (0..1_000).map(|n| format!("nonsense{n}: 1\n")).collect();
    let error = laid(&file, &[]).unwrap_err();
    assert_eq!(error.mistakes().len(), 101);
    assert_eq!(error.mistakes()[100].to_string(), "and: 900 further mistakes are not shown");
}

#[test]
fn a_file_that_is_named_and_not_there_is_a_mistake() {
    let lookup = |name: &str| (name == "OBS_CONFIG").then(|| OsString::from("/no/such.yaml"));
    let read = |choice| Layers::read_with(Config::new("orders"), &choice, |_| Vec::new(), &lookup);
    for choice in [FileChoice::Beside, FileChoice::Off, FileChoice::At("/other.yaml".into())] {
        let error = read(choice).err().unwrap();
        assert_eq!(error.to_string(), "OBS_CONFIG: /no/such.yaml does not exist");
    }
    let read = |choice| Layers::read_with(Config::new("orders"), &choice, |_| Vec::new(), &|_| None);
    let error = read(FileChoice::At("/no/such.yaml".into())).err().unwrap();
    assert_eq!(error.to_string(), "Builder::config_file: /no/such.yaml does not exist");
    assert!(read(FileChoice::Beside).is_ok_and(|read| read.bytes.is_none()));
    let off = |name: &str| (name == "OBS_CONFIG").then(|| OsString::from("off"));
    let choice = FileChoice::At("/no/such.yaml".into());
    assert!(Layers::read_with(Config::new("orders"), &choice, |_| Vec::new(), &off).is_ok());
}

#[test]
fn a_pair_in_one_word_shows_no_value() {
    let yaml = "traces:\n  endpoint: http://c:4318\n  headers:\n    token=hunter2:\n    \"token: hunter2\": x\n\
                service: { attributes: { password=hunter2: } }\nloud=hunter2: 1\n";
    let error = laid(yaml, &[]).unwrap_err();
    let text = error.to_string();
    assert!(error.mistakes().len() >= 3 && !text.contains("hunter2"), "{text}");
    assert!(text.contains("traces.headers.token…"), "{text}");
}
