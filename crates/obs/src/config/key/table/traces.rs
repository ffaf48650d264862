//! What is traced.

use super::super::{Key, Kind, Reload, Value};
use super::forms::{ANY_TIME, COUNT, SOME_TIME, millis, same, special};
use super::macros::{choice, credential, field, whole};
use crate::config::credentials::{self, Credential};
use crate::config::{Exporter, OtlpCompression, OtlpProtocol, ProxyChoice, SamplerChoice, TrustChoice};

pub(super) const KEYS: &[Key] = &[
    field!(
        "traces.level",
        Kind::Text,
        "`info`",
        [same("OBS_TRACE")],
        "trace_filter",
        Yes,
        "Which `tracing` spans and events are recorded, by target, such as `info,h2=off`. The span of a request always is.",
        Text at traces.filter
    ),
    choice!(
        "traces.exporter",
        "`otlp`",
        [special("OTEL_TRACES_EXPORTER"), special("OTEL_SDK_DISABLED")],
        "traces_exporter",
        "How spans leave: to a collector where an endpoint is given, as trees on stdout, or not at all.",
        traces.exporter,
        "otlp" = Exporter::Otlp,
        "stdout" = Exporter::Stdout,
        "none" = Exporter::None
    ),
    Key {
        path: "traces.endpoint",
        kind: Kind::Urls,
        default: "none: nothing is exported",
        variables: &[
            special("OTEL_EXPORTER_OTLP_ENDPOINT"),
            special("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"),
            special("OTEL_EXPORTER_OTLP_INSECURE"),
            special("OTEL_EXPORTER_OTLP_TRACES_INSECURE"),
        ],
        setter: "otlp_endpoint",
        reload: Reload::No,
        doc: "The collector; over HTTP `/v1/traces` is added unless the path ends so already, over gRPC there is no path. Of several the next is asked where one has trouble.",
        get: |config| Value::Names(config.traces.endpoints.clone()),
        set: |config, value| {
            if let Value::Names(urls) = value {
                config.traces.endpoints = urls.into_iter().map(super::super::value::with_path).collect();
            }
        },
    },
    choice!(
        "traces.protocol",
        "`http/protobuf`",
        [same("OTEL_EXPORTER_OTLP_PROTOCOL"), same("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")],
        "otlp_protocol",
        "What is spoken to the collector; `http/json` costs twice the bytes, `grpc` needs the feature `traces-grpc`.",
        traces.protocol,
        "http/protobuf" = OtlpProtocol::HttpProtobuf,
        "http/json" = OtlpProtocol::HttpJson,
        "grpc" = OtlpProtocol::Grpc
    ),
    choice!(
        "traces.compression",
        "`none`",
        [same("OTEL_EXPORTER_OTLP_COMPRESSION"), same("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION")],
        "otlp_compression",
        "How requests to the collector are compressed; `zstd` with the feature of its name.",
        traces.compression,
        "none" = OtlpCompression::None,
        "gzip" = OtlpCompression::Gzip,
        "zstd" = OtlpCompression::Zstd
    ),
    field!(
        "traces.headers",
        Kind::Pairs,
        "",
        [special("OTEL_EXPORTER_OTLP_HEADERS"), special("OTEL_EXPORTER_OTLP_TRACES_HEADERS")],
        "otlp_header",
        No,
        "Headers sent to the collector, such as `authorization: \"${env:TOKEN}\"`.",
        Pairs at traces.headers
    ),
    credential!("traces.user", USER, [], traces.credentials),
    credential!("traces.password", PASSWORD, [], traces.credentials),
    credential!("traces.token", TOKEN, [], traces.credentials),
    credential!(
        "traces.ca_file",
        CA_FILE,
        [same("OTEL_EXPORTER_OTLP_CERTIFICATE"), same("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE")],
        traces.credentials
    ),
    credential!(
        "traces.certificate",
        CERTIFICATE,
        [same("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"), same("OTEL_EXPORTER_OTLP_TRACES_CLIENT_CERTIFICATE")],
        traces.credentials
    ),
    credential!(
        "traces.key_file",
        KEY_FILE,
        [same("OTEL_EXPORTER_OTLP_CLIENT_KEY"), same("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY")],
        traces.credentials
    ),
    field!(
        "traces.timeout",
        SOME_TIME,
        "`10s`",
        [millis("OTEL_EXPORTER_OTLP_TIMEOUT"), millis("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")],
        "otlp_timeout",
        No,
        "How long one request to the collector may take.",
        Time at traces.timeout
    ),
    Key {
        path: "traces.proxy",
        kind: Kind::UrlOr(&["none", "env"]),
        default: "`env`",
        variables: &[],
        setter: "otlp_proxy",
        reload: Reload::No,
        doc: "The HTTP proxy to the collector: `env` for the one that `HTTPS_PROXY` and its like name.",
        get: |config| Value::from_text(Some(config.traces.proxy.text())),
        set: |config, value| {
            if let Value::Text(text) = value {
                config.traces.proxy = ProxyChoice::from_text(&text);
            }
        },
    },
    Key {
        path: "traces.retry_for",
        kind: SOME_TIME,
        default: "five minutes; for ever with `durable`",
        variables: &[millis("OTEL_BSP_EXPORT_TIMEOUT")],
        setter: "otlp_retry_for",
        reload: Reload::No,
        doc: "How long spans are tried before they are lost.",
        get: |config| config.traces.retry_for.map_or(Value::None, Value::Time),
        set: |config, value| {
            if let Value::Time(time) = value {
                config.traces.retry_for = Some(time);
            }
        },
    },
    field!(
        "traces.probe",
        Kind::Flag,
        "`true`",
        [],
        "no_otlp_probe",
        No,
        "Whether the collector is asked once at the start whether it is there; a warning says where it is not.",
        Flag at traces.probe
    ),
    field!(
        "traces.health",
        Kind::Flag,
        "`false`",
        [],
        "otlp_health",
        No,
        "Whether there is a check, `traces_otlp`, that fails while spans do not get through; the service stays ready.",
        Flag at traces.health
    ),
    field!(
        "traces.linger",
        ANY_TIME,
        "`1s`",
        [millis("OTEL_BSP_SCHEDULE_DELAY")],
        "otlp_linger",
        No,
        "How long spans gather before they are sent.",
        Time at traces.linger
    ),
    whole!(
        "traces.batch",
        Kind::Whole(1, 1_000_000),
        "`2048`",
        [same("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")],
        "otlp_batch",
        "The most spans of one request; one of more than 1 MiB is cut too.",
        traces.batch
    ),
    Key {
        path: "traces.queue",
        kind: Kind::Bytes(64 << 10, 16 << 30),
        default: "`8MiB`",
        variables: &[special("OTEL_BSP_MAX_QUEUE_SIZE")],
        setter: "otlp_queue",
        reload: Reload::No,
        doc: "The most bytes of spans that wait in memory or are being sent; what finds no room is lost, and counted.",
        get: |config| Value::Whole(config.traces.queue),
        set: |config, value| {
            if let Some(bytes) = value.whole() {
                config.traces.queue = bytes;
            }
        },
    },
    Key {
        path: "traces.sampler",
        kind: Kind::Word(&[
            "always_on",
            "always_off",
            "traceidratio",
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
        ]),
        default: "`parentbased_traceidratio`",
        variables: &[special("OTEL_TRACES_SAMPLER")],
        setter: "sampler",
        reload: Reload::No,
        doc: "Which traces are recorded.",
        get: |config| {
            Value::Word(match config.traces.sampler {
                SamplerChoice::AlwaysOn => "always_on",
                SamplerChoice::AlwaysOff => "always_off",
                SamplerChoice::Ratio(_) => "traceidratio",
                // What is always on or off at the root is a share of all or of none.
                SamplerChoice::ParentBased(_) => "parentbased_traceidratio",
            })
        },
        set: |config, value| {
            let ratio = config.traces.sampler.ratio().unwrap_or(1.0);
            config.traces.sampler = match value {
                Value::Word("always_on") => SamplerChoice::AlwaysOn,
                Value::Word("always_off") => SamplerChoice::AlwaysOff,
                Value::Word("traceidratio") => SamplerChoice::Ratio(ratio),
                Value::Word("parentbased_always_on") => SamplerChoice::ParentBased(1.0),
                Value::Word("parentbased_always_off") => SamplerChoice::ParentBased(0.0),
                Value::Word("parentbased_traceidratio") => SamplerChoice::ParentBased(ratio),
                _ => return,
            };
        },
    },
    Key {
        path: "traces.ratio",
        kind: Kind::Number(0.0, 1.0),
        default: "`1`",
        variables: &[special("OTEL_TRACES_SAMPLER_ARG")],
        setter: "sampler",
        reload: Reload::Yes,
        doc: "The share of traces that `traceidratio` and `parentbased_traceidratio` record.",
        get: |config| config.traces.sampler.ratio().map_or(Value::None, Value::Number),
        set: |config, value| {
            if let (Value::Number(new), SamplerChoice::Ratio(ratio) | SamplerChoice::ParentBased(ratio)) =
                (value, &mut config.traces.sampler)
            {
                *ratio = new;
            }
        },
    },
    whole!(
        "traces.forced_per_second",
        Kind::Whole(0, 1_000_000),
        "`1000`",
        [],
        "forced_per_second",
        "How many traces a second callers may force by their sampled flag; beyond, their trace id decides, which `traces.per_second` bounds.",
        traces.forced_per_second
    ),
    Key {
        path: "traces.per_second",
        kind: Kind::WholeOrNone(0, 1_000_000),
        default: "`null`: no limit",
        variables: &[],
        setter: "traces_per_second",
        reload: Reload::Yes,
        doc: "At most so many traces a second are recorded of those that `ratio` and `routes` would have, spread evenly.",
        get: |config| config.traces.per_second.map_or(Value::None, |traces| Value::Whole(traces.into())),
        set: |config, value| config.traces.per_second = value.whole(),
    },
    Key {
        path: "traces.routes",
        kind: Kind::Shares,
        default: "",
        variables: &[],
        setter: "trace_route",
        reload: Reload::Yes,
        doc: "Shares of their own for requests by method and path, such as `{ route: POST /orders/*, ratio: 1 }`; the first that fits counts. A route may have a `per_second` of its own.",
        get: |config| Value::Shares(config.traces.routes.clone()),
        set: |config, value| {
            if let Value::Shares(shares) = value {
                config.traces.routes = shares;
            }
        },
    },
    choice!(
        "traces.trust",
        "`internal`",
        [same("OBS_TRUST")],
        "trust",
        "`internal`: callers' traces go on; `edge`: each request starts its own and links to the caller's.",
        trust,
        "internal" = TrustChoice::Internal,
        "edge" = TrustChoice::Edge
    ),
    field!(
        "traces.trusted_peers",
        Kind::Names,
        "",
        [],
        "trusted_peer",
        No,
        "Peers whose traces go on where `traces.trust` is `edge`, by address or range, such as `10.0.0.0/8`; by the address of the connection, which axum's own `serve` tells with `into_make_service_with_connect_info` only.",
        Names at trusted_peers
    ),
    field!(
        "traces.extract",
        Kind::Names,
        "`[tracecontext, x-trace-id]`",
        [special("OTEL_PROPAGATORS")],
        "extract",
        No,
        "What is read of a caller's trace, the first that is written well: `tracecontext`, `b3` (one header or several), `b3multi`, `jaeger`, `x-trace-id`.",
        Names at propagate.extract
    ),
    field!(
        "traces.inject",
        Kind::Names,
        "`[tracecontext]`",
        [special("OTEL_PROPAGATORS")],
        "inject",
        No,
        "What is written onto calls, all of it, by the same names.",
        Names at propagate.inject
    ),
    field!(
        "traces.baggage",
        Kind::Flag,
        "`false`",
        [special("OTEL_PROPAGATORS")],
        "baggage",
        No,
        "Whether the `baggage` of callers that are believed is read and handed on; 8,192 bytes and 64 members of it at most.",
        Flag at propagate.baggage
    ),
    field!(
        "traces.semconv",
        Kind::Names,
        "",
        [special("OTEL_SEMCONV_STABILITY_OPT_IN")],
        "semconv",
        No,
        "Which attributes of spans have the names they had before those were stable: `http/dup` and `database/dup` for both names, `http/old` and `database/old` for the old ones alone.",
        Names at traces.semconv
    ),
    field!(
        "traces.durable",
        Kind::Flag,
        "`false`",
        [],
        "durable_traces",
        No,
        "Whether spans are kept in a journal until they are delivered, so that they survive the process.",
        Flag at traces.durable
    ),
    Key {
        path: "traces.spill",
        kind: Kind::Bytes(1 << 20, 1 << 50),
        default: "that of `journal.max`",
        variables: &[],
        setter: "journal",
        reload: Reload::No,
        doc: "With `durable`: the most bytes of spans on the disk.",
        get: |config| config.traces.spill.map_or(Value::None, Value::Whole),
        set: |config, value| config.traces.spill = value.whole(),
    },
    whole!(
        "traces.limits.attributes",
        COUNT,
        "`128`",
        [same("OTEL_ATTRIBUTE_COUNT_LIMIT"), same("OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT")],
        "span_limits",
        "Attributes of a span; at most 256 are granted.",
        traces.limits.attributes
    ),
    Key {
        path: "traces.limits.attribute_length",
        kind: Kind::WholeOrNone(0, 1_000_000),
        default: "`null`: no limit",
        variables: &[
            same("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
            same("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT"),
        ],
        setter: "span_limits",
        reload: Reload::No,
        doc: "Characters of an attribute's text.",
        get: |config| config.traces.limits.attribute_length.map_or(Value::None, Value::from_whole),
        set: |config, value| config.traces.limits.attribute_length = value.whole(),
    },
    whole!(
        "traces.limits.events",
        COUNT,
        "`128`",
        [same("OTEL_SPAN_EVENT_COUNT_LIMIT")],
        "span_limits",
        "Events of a span; at most 1,024 are granted.",
        traces.limits.events
    ),
    whole!(
        "traces.limits.links",
        COUNT,
        "`128`",
        [same("OTEL_SPAN_LINK_COUNT_LIMIT")],
        "span_limits",
        "Links of a span; at most 1,024 are granted.",
        traces.limits.links
    ),
    whole!(
        "traces.limits.event_attributes",
        COUNT,
        "`128`",
        [same("OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT")],
        "span_limits",
        "Attributes of an event; at most 256 are granted.",
        traces.limits.event_attributes
    ),
    whole!(
        "traces.limits.link_attributes",
        COUNT,
        "`128`",
        [same("OTEL_LINK_ATTRIBUTE_COUNT_LIMIT")],
        "span_limits",
        "Attributes of a link; at most 256 are granted.",
        traces.limits.link_attributes
    ),
];
