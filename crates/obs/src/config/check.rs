//! Choices that are right one by one and make no sense together.

use std::path::PathBuf;
use std::time::Duration;

use obs_core::Network;

use super::credentials::LEAN;
use super::draft::{Draft, Place, shown, takes_a_ratio, wrong_word};
use super::duration::Shown;
use super::error::Mistake;
use super::key::{Key, TRACES_PATH, Value, list};
use super::logs::ONE_OUTPUT;
use super::metrics::PARTS;
use super::near::nearest;
use super::{
    Config, Exporter, LogOutput, LogPlace, OtlpProtocol, Propagate, Rotation, SEMCONV, TraceTail, Traces,
    TrustChoice,
};

/// Finds them in what all layers have come to. What one layer says and a later one makes void is no mistake.
pub(super) fn contradictions(draft: &mut Draft) {
    logs(draft);
    traces(draft);
    peers(draft);
    formats(draft);
    super::links::contradictions(draft);
    super::requests::contradictions(draft);
    metrics(draft);
    admin(draft);
    let (health, drain) = (draft.config.health, draft.config.drain);
    longer(draft, "drain.timeout", drain.timeout, "drain.delay", drain.delay);
    if let Some(flush) = draft.config.flush.timeout {
        longer(draft, "drain.timeout", drain.timeout, "flush.timeout", flush);
    }
    not_longer(draft, "health.timeout", health.timeout, "health.interval", health.interval);
}

fn logs(draft: &mut Draft) {
    lines(draft);
    if !draft.config.logs.outputs.is_empty() {
        if matches!(draft.place("logs.outputs"), Place::Variable(_)) {
            // A variable has put others beside the one that there is.
            output(draft);
        } else {
            for path in ONE_OUTPUT {
                has_no_effect(draft, path, "there are `logs.outputs`");
            }
        }
        return apart(draft);
    }
    if !draft.is_wrong("logs.outputs") {
        has_no_effect(draft, "logs.routes", "there are no `logs.outputs`");
    }
    output(draft);
}

/// No two outputs write to the same place. What is sent is told apart by whoever takes it.
fn apart(draft: &mut Draft) {
    let outputs = &draft.config.logs.outputs;
    let mut mistakes = Vec::new();
    let may_be_twice = |to: &LogPlace| to.is_far() || matches!(to, LogPlace::Memory | LogPlace::Journald);
    for (at, output) in outputs.iter().enumerate().filter(|(_, output)| !may_be_twice(&output.to)) {
        if let Some(other) = outputs[..at].iter().find(|other| other.to == output.to) {
            let what = format!("writes to the same place as `{}`, where their lines would mix", other.name);
            mistakes.push(Mistake::new(&format!("logs.outputs.{}", output.name), what));
        }
    }
    mistakes.into_iter().for_each(|mistake| draft.found(mistake));
}

/// What says nothing by itself.
fn lines(draft: &mut Draft) {
    let logs = &draft.config.logs;
    let (sampled, limited) = (logs.sampling.first.is_some(), logs.rate_limit.lines.is_some());
    let recorded = logs.flight_recorder.level.is_some();
    let parts = [
        (sampled, "logs.sampling.first", &["logs.sampling.tick", "logs.sampling.thereafter"][..]),
        (limited, "logs.rate_limit.lines", &["logs.rate_limit.tick", "logs.rate_limit.up_to"]),
        (
            recorded,
            "logs.flight_recorder.level",
            &[
                "logs.flight_recorder.errors",
                "logs.flight_recorder.slow",
                "logs.flight_recorder.slow_quantile",
                "logs.flight_recorder.request_bytes",
                "logs.flight_recorder.process_bytes",
            ],
        ),
    ];
    for (on, switch, paths) in parts {
        let by_variable = draft.is_chosen(switch) && draft.in_file(switch).is_none();
        if !on && !by_variable && !draft.is_wrong(switch) {
            // What is chosen as it would be anyway is no slip: a configuration that was printed can be read again.
            let defaults = Config::new("");
            let differs = |path: &&&str| {
                Key::at(path).is_some_and(|key| (key.get)(&draft.config) != (key.get)(&defaults))
            };
            for path in paths.iter().filter(differs).copied().collect::<Vec<_>>() {
                has_no_effect(draft, path, &format!("`{switch}` is not given"));
            }
        }
    }
}

fn output(draft: &mut Draft) {
    let word = draft.word("logs.output");
    let to_file = match word {
        Some(word) => word == "file",
        None => matches!(draft.config.logs.output, LogOutput::File(_)),
    };
    let by_variable = draft.is_chosen("logs.output") && draft.in_file("logs.output").is_none();
    if draft.is_wrong("logs.output") || draft.is_wrong("logs.file.path") || by_variable {
        return;
    }
    if !to_file {
        for path in ["logs.file.path", "logs.file.rotate", "logs.file.keep"] {
            has_no_effect(draft, path, "`logs.output` is not `file`");
        }
        return;
    }
    if draft.config.logs.output == LogOutput::File(PathBuf::new()) {
        draft.fault(draft.place("logs.output"), "`file` needs `logs.file.path`");
    }
    let rotate_by_variable =
        draft.is_chosen("logs.file.rotate") && draft.in_file("logs.file.rotate").is_none();
    if draft.config.logs.rotate == Rotation::Never
        && !rotate_by_variable
        && !draft.is_wrong("logs.file.rotate")
    {
        has_no_effect(draft, "logs.file.keep", "`logs.file.rotate` is `never`");
    }
}

fn traces(draft: &mut Draft) {
    let none = draft.config.traces.sampler.ratio().is_none();
    match draft.word("traces.sampler") {
        Some(sampler) if draft.in_file("traces.sampler").is_some() && !takes_a_ratio(sampler) => {
            has_no_effect(draft, "traces.ratio", &format!("`traces.sampler` is `{sampler}`"));
        }
        None if none => has_no_effect(draft, "traces.ratio", "the sampler chosen in code takes none"),
        _ => {}
    }
    let traces = &mut draft.config.traces;
    for url in traces.endpoints.iter_mut().filter(|_| traces.protocol == OtlpProtocol::Grpc) {
        if let Some(server) = url.strip_suffix(TRACES_PATH) {
            // Put there before it was known what is spoken; calls have paths of their own.
            *url = server.to_owned();
        }
    }
    let lean =
        |path: &str, draft: &Draft| Key::at(path).is_some_and(|key| (key.get)(&draft.config) != Value::None);
    for (key, other) in LEAN {
        let other = format!("traces.{}", other.name);
        if !lean(&other, draft) && !draft.is_wrong(&other) {
            has_no_effect(draft, &format!("traces.{}", key.name), &format!("there is no `{other}`"));
        }
    }
    if !draft.config.traces.durable && !draft.is_wrong("traces.durable") {
        has_no_effect(draft, "traces.spill", "`traces.durable` is not chosen");
    }
    if draft.config.traces.durable {
        has_no_effect(draft, "traces.queue", "`traces.durable` is chosen, and `traces.spill` says how much");
    }
    if !draft.config.traces.tail.keeps_any() && !draft.is_wrong("traces.tail") {
        let default = TraceTail::default();
        let chosen = &draft.config.traces.tail;
        for (differs, path) in [
            (chosen.trace_bytes != default.trace_bytes, "traces.tail.trace_bytes"),
            (chosen.process_bytes != default.process_bytes, "traces.tail.process_bytes"),
            (chosen.wait != default.wait, "traces.tail.wait"),
        ] {
            if differs {
                has_no_effect(draft, path, "nothing under `traces.tail` says what is kept");
            }
        }
    }
    if draft.config.traces.debug_key.is_none() && !draft.is_wrong("traces.debug_key") {
        let differs = draft.config.traces.debug_header != Traces::default().debug_header;
        if differs {
            has_no_effect(draft, "traces.debug_header", "there is no `traces.debug_key`");
        }
    }
    let word = match draft.config.traces.exporter {
        Exporter::Otlp => return,
        Exporter::Stdout => "stdout",
        Exporter::None => "none",
    };
    if draft.in_file("traces.exporter").is_some() {
        for path in [
            "traces.endpoint",
            "traces.protocol",
            "traces.compression",
            "traces.headers",
            "traces.user",
            "traces.password",
            "traces.token",
            "traces.ca_file",
            "traces.certificate",
            "traces.key_file",
            "traces.timeout",
            "traces.batch",
            "traces.queue",
            "traces.proxy",
            "traces.retry_for",
            "traces.probe",
            "traces.health",
            "traces.durable",
            "traces.spill",
        ] {
            has_no_effect(draft, path, &format!("`traces.exporter` is `{word}`"));
        }
    }
}

fn formats(draft: &mut Draft) {
    let chosen = draft.config.propagate.clone();
    for (path, names) in [("traces.extract", chosen.extract), ("traces.inject", chosen.inject)] {
        if let Some(what) = Propagate::fault(&names) {
            draft.found(Mistake::new(path, what));
        }
    }
    let chosen = draft.config.traces.semconv.clone();
    if let Some(wrong) = chosen.iter().find(|word| !SEMCONV.contains(&word.as_str())) {
        let what = wrong_word(wrong, &SEMCONV, &format!("names of {}", SEMCONV.join(", ")));
        draft.found(Mistake::new("traces.semconv", what));
    }
}

fn peers(draft: &mut Draft) {
    let by_variable = draft.is_chosen("traces.trust") && draft.in_file("traces.trust").is_none();
    if draft.config.trust == TrustChoice::Internal && !by_variable && !draft.is_wrong("traces.trust") {
        has_no_effect(draft, "traces.trusted_peers", "`traces.trust` is `internal`, which believes all");
    }
    for peer in draft.config.trusted_peers.clone() {
        if let Err(error) = peer.parse::<Network>() {
            let what = format!("{} is wrong: {error}", shown(&peer));
            draft.found(Mistake::new(&format!("traces.trusted_peers.{peer}"), what));
        }
    }
}

/// No token and no password goes over a network in the clear, unless whoever runs it says that it is not.
fn admin(draft: &mut Draft) {
    let config = &draft.config;
    let web = config.web.as_ref();
    if !config.admin.is_public() || config.admin_insecure || web.is_some_and(|web| web.tls.is_some()) {
        return;
    }
    if web.is_none() && config.admin_web_config.is_some() {
        // What is wrong with it has been told, and it may have said that there is TLS.
        return;
    }
    let (addr, has_token) = (config.admin.to_string(), config.admin_token.is_some());
    let has_users = web.is_some_and(|web| !web.users.is_empty());
    let what = format!(
        "goes over the network in the clear, as {addr} is no address of this machine alone and has no TLS; \
         give `admin.web_config` a `tls_server_config`, listen at 127.0.0.1 or `unix:/path`, \
         or say `admin.insecure: true` where a mesh or a proxy has the TLS"
    );
    if has_token && !draft.is_wrong("admin") {
        draft.fault(draft.place("admin.token"), what.clone());
    }
    if has_users {
        draft.fault(draft.place("admin.web_config"), format!("what its users send {what}"));
    }
}

/// Tells that what the file says at `path` comes to nothing, where it says anything.
fn has_no_effect(draft: &mut Draft, path: &str, why: &str) {
    if let Some(place) = draft.in_file(path) {
        draft.fault(place, format!("has no effect: {why}"));
    }
}

fn metrics(draft: &mut Draft) {
    let mut mistakes = Vec::new();
    let attributes = draft.config.resource.attributes.iter().map(|(key, _)| key.as_str());
    let parts: Vec<_> = PARTS.into_iter().map(|(name, _)| name).chain(attributes).collect();
    for label in &draft.config.metrics.labels {
        if !parts.contains(&label.as_str()) {
            let meant = match nearest(label, parts.iter().copied()) {
                Some(meant) => format!("; did you mean `{meant}`?"),
                None => {
                    format!(", which has {} and its attributes", list(PARTS.map(|(name, _)| name), "and"))
                }
            };
            let what = format!("{} is no part of `service`{meant}", shown(label));
            mistakes.push(Mistake::new(&format!("metrics.labels.{label}"), what));
        }
    }
    // What the file says was looked at when it was read; this is for the code.
    if !ascend(&draft.config.metrics.default_buckets) {
        mistakes.push(Mistake::new("metrics.default_buckets", BOUNDS));
    }
    if draft.config.metrics.buckets.iter().any(|rule| !ascend(&rule.bounds)) {
        mistakes.push(Mistake::new("metrics.buckets", BOUNDS));
    }
    mistakes.into_iter().for_each(|mistake| draft.found(mistake));
}

const BOUNDS: &str = "expected bounds that are finite and ascend, one at least";

fn ascend(bounds: &[f64]) -> bool {
    !bounds.is_empty() && bounds.iter().all(|bound| bound.is_finite()) && bounds.is_sorted_by(|a, b| a < b)
}

/// `path` must be longer than `than`.
fn longer(draft: &mut Draft, path: &str, time: Duration, than: &str, other: Duration) {
    if time <= other {
        let (shown, other) = (Shown(time), Shown(other));
        both_right(draft, path, than, &format!("`{path}` is {shown}, expected more than `{than}`, {other}"));
    }
}

/// `path` must not be longer than `than`.
fn not_longer(draft: &mut Draft, path: &str, time: Duration, than: &str, other: Duration) {
    if time > other {
        let (shown, other) = (Shown(time), Shown(other));
        both_right(draft, path, than, &format!("`{path}` is {shown}, expected at most `{than}`, {other}"));
    }
}

/// Tells what two keys do to each other, where the first of them was chosen, or the other where it was not; nothing
/// where one of them is a mistake by itself.
fn both_right(draft: &mut Draft, path: &str, other: &str, what: &str) {
    if draft.is_wrong(path) || draft.is_wrong(other) {
        return;
    }
    let chosen = if draft.is_chosen(path) || !draft.is_chosen(other) { path } else { other };
    draft.fault(draft.place(chosen), what);
}
