//! The environment, laid over what the code chose: the only place that reads it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::{Admin, Config, LONGEST, LogFormat, LogOutput, Mistake, SamplerChoice, TrustChoice};

/// Looks a variable up.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The process's own environment.
pub(super) fn process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// The configuration as far as it could be read, and what was wrong.
pub(super) fn lay_over(mut config: Config, lookup: Lookup<'_>) -> (Config, Vec<Mistake>) {
    let mut read = Reader { lookup, mistakes: Vec::new() };
    identity(&mut config, &mut read);
    logs(&mut config, &mut read);
    traces(&mut config, &mut read);
    if let Some(addr) =
        read.parsed("OBS_ADMIN_ADDR", "an address such as 127.0.0.1:9464, or `off`", |text| match text {
            "off" => Some(Admin::Off),
            _ => text.parse().ok().map(Admin::At),
        })
    {
        config.admin = addr;
    }
    if let Some(trust) = read.parsed("OBS_TRUST", "`internal` or `edge`", |text| match text {
        "internal" => Some(TrustChoice::Internal),
        "edge" => Some(TrustChoice::Edge),
        _ => None,
    }) {
        config.trust = trust;
    }
    (config, read.mistakes)
}

fn identity(config: &mut Config, read: &mut Reader<'_>) {
    if let Some(list) = read.parsed("OTEL_RESOURCE_ATTRIBUTES", "a list such as key=value,key=value", pairs) {
        for (key, value) in list {
            config.resource.set(&key, value);
        }
    }
    // A variable of its own beats the list, as the OpenTelemetry specification has it for the service's name.
    for (variable, key) in [
        ("OTEL_SERVICE_NAME", "service.name"),
        ("OBS_VERSION", "service.version"),
        ("OBS_ENV", "deployment.environment.name"),
        ("OBS_REGION", "cloud.region"),
        ("OBS_CLUSTER", "k8s.cluster.name"),
    ] {
        if let Some(value) = read.text(variable) {
            config.resource.set(key, value);
        }
    }
}

fn logs(config: &mut Config, read: &mut Reader<'_>) {
    if let Some(filter) = read.text("OBS_LOG") {
        config.logs.filter = filter;
    }
    if let Some(format) = read.parsed("OBS_LOG_FORMAT", "`json` or `pretty`", |text| match text {
        "json" => Some(LogFormat::Json),
        "pretty" => Some(LogFormat::Pretty),
        _ => None,
    }) {
        config.logs.format = Some(format);
    }
    // A path need not be text.
    if let Some(path) = (read.lookup)("OBS_LOG_FILE").filter(|path| !path.is_empty()) {
        config.logs.output =
            if path == "off" { LogOutput::Off } else { LogOutput::File(PathBuf::from(path)) };
    }
    if let Some(caller) = read.flag("OBS_LOG_CALLER") {
        config.logs.caller = caller;
    }
    if (read.lookup)("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        config.logs.colour = Some(false);
    }
}

fn traces(config: &mut Config, read: &mut Reader<'_>) {
    let traces = &mut config.traces;
    if let Some(filter) = read.text("OBS_TRACE") {
        traces.filter = filter;
    }
    let generic = read.text("OTEL_EXPORTER_OTLP_ENDPOINT");
    if let Some(base) = generic {
        traces.endpoint = Some(format!("{}/v1/traces", base.trim_end_matches('/')));
    }
    if let Some(endpoint) = read.text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") {
        traces.endpoint = Some(endpoint);
    }
    for variable in ["OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] {
        read.parsed(variable, "`http/protobuf`, the one protocol built in", |text| {
            (text == "http/protobuf").then_some(())
        });
    }
    for variable in ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"] {
        if let Some(headers) = read.parsed(variable, "a list such as key=value,key=value", pairs) {
            traces.headers = headers;
        }
    }
    for variable in ["OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"] {
        if let Some(timeout) = read.millis(variable) {
            traces.timeout = timeout;
        }
    }
    if let Some(linger) = read.millis("OTEL_BSP_SCHEDULE_DELAY") {
        traces.linger = linger;
    }
    let argument = read.parsed("OTEL_TRACES_SAMPLER_ARG", "a number from 0 to 1", |text| {
        text.parse().ok().filter(|ratio| (0.0..=1.0).contains(ratio))
    });
    let ratio = argument.unwrap_or(1.0);
    let known = "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or \
                 parentbased_traceidratio";
    if let Some(sampler) = read.parsed("OTEL_TRACES_SAMPLER", known, |text| match text {
        "always_on" => Some(SamplerChoice::AlwaysOn),
        "always_off" => Some(SamplerChoice::AlwaysOff),
        "traceidratio" => Some(SamplerChoice::Ratio(ratio)),
        "parentbased_always_on" => Some(SamplerChoice::ParentBased(1.0)),
        "parentbased_always_off" => Some(SamplerChoice::ParentBased(0.0)),
        "parentbased_traceidratio" => Some(SamplerChoice::ParentBased(ratio)),
        _ => None,
    }) {
        traces.sampler = sampler;
    }
    if read.parsed("OTEL_TRACES_EXPORTER", "`otlp` or `none`", |text| match text {
        "otlp" => Some(false),
        "none" => Some(true),
        _ => None,
    }) == Some(true)
    {
        traces.endpoint = None;
    }
    if read.flag("OTEL_SDK_DISABLED") == Some(true) {
        traces.endpoint = None;
        traces.sampler = SamplerChoice::AlwaysOff;
    }
}

/// Reads variables and gathers what is wrong with them. An empty variable is as good as none (OpenTelemetry
/// specification, "Environment Variables", general rules).
struct Reader<'a> {
    lookup: Lookup<'a>,
    mistakes: Vec<Mistake>,
}

impl Reader<'_> {
    fn text(&mut self, name: &str) -> Option<String> {
        let value = (self.lookup)(name).filter(|value| !value.is_empty())?;
        match value.into_string() {
            Ok(text) => Some(text),
            Err(_) => {
                self.mistake(name, String::from("is not UTF-8"));
                None
            }
        }
    }

    fn parsed<T>(&mut self, name: &str, expected: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let parsed = parse(text.trim());
        if parsed.is_none() {
            // Lists of headers and attributes may hold secrets; their text is not repeated.
            let shown = if text.contains('=') { String::new() } else { format!("`{text}` is wrong, ") };
            self.mistake(name, format!("{shown}expected {expected}"));
        }
        parsed
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        self.parsed(name, "`true` or `false`", |text| bool::from_str(&text.to_ascii_lowercase()).ok())
    }

    fn millis(&mut self, name: &str) -> Option<Duration> {
        self.parsed(name, "whole milliseconds, at most one day", |text| {
            text.parse().ok().map(Duration::from_millis).filter(|duration| *duration <= LONGEST)
        })
    }

    fn mistake(&mut self, place: &str, what: String) {
        self.mistakes.push(Mistake { place: place.to_owned(), what });
    }
}

/// `key=value,key=value` with percent-encoded values, as W3C Baggage writes it.
fn pairs(text: &str) -> Option<Vec<(String, String)>> {
    text.split(',')
        .map(str::trim)
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=')?;
            let key = key.trim();
            if key.is_empty() { None } else { Some((key.to_owned(), decoded(value.trim())?)) }
        })
        .collect()
}

fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                bytes.push((digit(high)? << 4 | digit(low)?) as u8);
                tail
            }
            (b'%', _) => return None,
            (byte, tail) => {
                bytes.push(*byte);
                tail
            }
        };
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ConfigError;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let lookup = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| OsString::from(value))
        };
        let (config, mistakes) = lay_over(Config::new("orders"), &lookup);
        ConfigError::checked(config, mistakes)
    }

    #[test]
    fn nothing_set_changes_nothing() {
        let config = read(&[]).unwrap();
        assert_eq!(config.resource.name, "orders");
        assert_eq!(config.admin, Admin::At("127.0.0.1:9464".parse().unwrap()));
        assert_eq!((config.traces.endpoint, config.traces.sampler), (None, SamplerChoice::ParentBased(1.0)));
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
        let endpoint = |variables: &[(&str, &str)]| read(variables).unwrap().traces.endpoint;
        let generic = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318/");
        assert_eq!(endpoint(&[generic]).as_deref(), Some("http://127.0.0.1:4318/v1/traces"));
        let specific = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://c/x");
        assert_eq!(endpoint(&[generic, specific]).as_deref(), Some("http://c/x"));
        assert_eq!(endpoint(&[generic, ("OTEL_TRACES_EXPORTER", "none")]), None);
        assert_eq!(endpoint(&[generic, ("OTEL_SDK_DISABLED", "TRUE")]), None);
    }

    #[test]
    fn samplers_have_their_standard_names() {
        let sampler = |name, argument| {
            read(&[("OTEL_TRACES_SAMPLER", name), ("OTEL_TRACES_SAMPLER_ARG", argument)])
                .unwrap()
                .traces
                .sampler
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
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=hunter2,oops"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s"),
            ("OTEL_BSP_SCHEDULE_DELAY", "-1"),
            ("OBS_ADMIN_ADDR", "9464"),
            ("OBS_TRUST", "all"),
            ("OBS_LOG_FORMAT", "xml"),
            ("OBS_LOG_CALLER", "maybe"),
        ])
        .unwrap_err();
        let places: Vec<_> = error.mistakes().iter().map(|mistake| mistake.place.as_str()).collect();
        assert_eq!(
            places,
            [
                "OBS_LOG_FORMAT",
                "OBS_LOG_CALLER",
                "OTEL_EXPORTER_OTLP_PROTOCOL",
                "OTEL_EXPORTER_OTLP_HEADERS",
                "OTEL_EXPORTER_OTLP_TIMEOUT",
                "OTEL_BSP_SCHEDULE_DELAY",
                "OTEL_TRACES_SAMPLER_ARG",
                "OTEL_TRACES_SAMPLER",
                "OBS_ADMIN_ADDR",
                "OBS_TRUST",
            ]
        );
        let text = error.to_string();
        assert!(
            text.starts_with("10 mistakes in the configuration:\n  OBS_LOG_FORMAT: `xml` is wrong, "),
            "{text}"
        );
        assert!(!text.contains("hunter2"), "{text}");
    }

    #[cfg(unix)]
    #[test]
    fn a_value_that_is_no_text_is_named() {
        use std::os::unix::ffi::OsStringExt;
        let lookup = |name: &str| (name == "OBS_LOG").then(|| OsString::from_vec(vec![0xff]));
        let error = ConfigError(lay_over(Config::new("x"), &lookup).1);
        assert_eq!(error.to_string(), "OBS_LOG: is not UTF-8");
    }
}
