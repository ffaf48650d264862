//! What is measured: one file for each peer, one list, nothing else here knows a name.

mod calls;
mod exporter;
mod fastrace_peer;
mod gate;
mod lines_file;
mod obs_health_subjects;
mod obs_log_subjects;
mod obs_metrics_subjects;
mod obs_shipping_subjects;
mod obs_subjects;
mod obs_trace_subjects;
mod opentelemetry_peer;
mod prometheus_client_peer;
mod prometheus_peer;
mod stub;
mod tracing_appender_peer;
mod tracing_json;

/// One operation of one peer, set up in a process of its own.
pub(crate) struct Subject {
    /// What is done before each batch, not measured.
    pub(crate) settle: Box<dyn FnMut()>,
    /// Does the operation so many times; what it leaves for later is done before it returns.
    pub(crate) run: Box<dyn FnMut(u64)>,
    /// Whether the operation, done so many times in all, left what it should have.
    pub(crate) check: Box<dyn FnMut(u64) -> Result<(), String>>,
}

impl Subject {
    fn new(run: impl FnMut(u64) + 'static, check: impl FnMut(u64) -> Result<(), String> + 'static) -> Self {
        Self { settle: Box::new(|| ()), run: Box::new(run), check: Box::new(check) }
    }

    fn settled(self, settle: impl FnMut() + 'static) -> Self {
        Self { settle: Box::new(settle), ..self }
    }
}

/// One line of the table.
pub(crate) struct Row {
    /// `OPERATION/PEER`.
    pub(crate) name: &'static str,
    /// Operations in a timed batch: some ten milliseconds.
    pub(crate) batch: u64,
    /// Sets the peer up; once in a process, as most of them have globals.
    pub(crate) make: fn() -> Subject,
}

/// Every line, by operation; ours stand before the peers of each.
pub(crate) const ROWS: &[Row] = &[
    Row { name: "log-line/obs", batch: 20_000, make: obs_subjects::log_line },
    Row { name: "log-line/tracing-subscriber", batch: 5_000, make: tracing_json::log_line },
    Row { name: "log-line/obs-unjudged", batch: 20_000, make: obs_log_subjects::unjudged },
    Row { name: "log-line/obs-logfmt", batch: 20_000, make: obs_log_subjects::logfmt },
    Row { name: "log-line/obs-ecs", batch: 20_000, make: obs_log_subjects::ecs },
    Row { name: "log-line/obs-otlp", batch: 20_000, make: obs_log_subjects::otlp },
    Row { name: "log-routed/obs-by-level", batch: 20_000, make: obs_log_subjects::routed_by_level },
    Row { name: "log-routed/obs-by-field", batch: 20_000, make: obs_log_subjects::routed_by_field },
    Row { name: "log-queue/obs", batch: 20_000, make: obs_log_subjects::queue },
    Row { name: "log-queue-emptied/obs", batch: 100_000, make: obs_log_subjects::queue_emptied },
    Row { name: "log-queue/tracing-appender", batch: 5_000, make: tracing_appender_peer::queue },
    Row { name: "log-file/obs", batch: 100_000, make: obs_log_subjects::file_by_one },
    Row { name: "log-file/tracing-appender", batch: 20_000, make: tracing_appender_peer::file_by_one },
    Row { name: "log-file-2-threads/obs", batch: 100_000, make: obs_log_subjects::file_by_two },
    Row {
        name: "log-file-2-threads/tracing-appender",
        batch: 20_000,
        make: tracing_appender_peer::file_by_two,
    },
    Row { name: "log-disabled/obs", batch: 2_000_000, make: obs_log_subjects::disabled },
    Row { name: "log-disabled/tracing-subscriber", batch: 2_000_000, make: tracing_appender_peer::disabled },
    Row { name: "log-sampled-out/obs", batch: 50_000, make: obs_log_subjects::sampled_out },
    Row { name: "log-held/obs", batch: 20_000, make: obs_log_subjects::held },
    Row { name: "request-of-0-held/obs", batch: 20_000, make: obs_log_subjects::request_without_held },
    Row { name: "request-of-20-held/obs", batch: 2_000, make: obs_log_subjects::request_with_held },
    Row { name: "log-in-3-spans/obs", batch: 20_000, make: obs_subjects::log_in_spans },
    Row { name: "log-in-3-spans/obs-composed", batch: 20_000, make: obs_subjects::log_in_spans_composed },
    Row { name: "log-in-3-spans/tracing-subscriber", batch: 2_000, make: tracing_json::log_in_spans },
    Row { name: "queue-push/obs", batch: 20_000, make: obs_shipping_subjects::push_queue },
    Row { name: "queue-push/obs-durable", batch: 20_000, make: obs_shipping_subjects::push_durable },
    Row { name: "journal-recovery/obs", batch: 2, make: obs_shipping_subjects::recovery },
    Row { name: "log-in-request/obs-discard", batch: 20_000, make: obs_shipping_subjects::discard },
    Row { name: "log-in-request/obs-queue", batch: 20_000, make: obs_shipping_subjects::queue },
    Row { name: "log-in-request/obs-durable", batch: 20_000, make: obs_shipping_subjects::durable },
    Row { name: "log-in-request/tracing-appender", batch: 5_000, make: tracing_appender_peer::in_request },
    Row {
        name: "log-in-request-emptied/obs-queue",
        batch: 100_000,
        make: obs_shipping_subjects::queue_emptied,
    },
    Row {
        name: "log-in-request-emptied/obs-durable",
        batch: 100_000,
        make: obs_shipping_subjects::durable_emptied,
    },
    Row { name: "log-in-request-emptied/obs-file", batch: 100_000, make: obs_shipping_subjects::file },
    Row {
        name: "log-in-request-emptied/tracing-appender-file",
        batch: 20_000,
        make: tracing_appender_peer::file_in_request,
    },
    Row { name: "log-shipped/obs-loki", batch: 5_000, make: obs_shipping_subjects::loki },
    Row { name: "log-shipped/obs-loki-durable", batch: 5_000, make: obs_shipping_subjects::loki_durable },
    Row { name: "log-shipped/obs-loki-json", batch: 5_000, make: obs_shipping_subjects::loki_json },
    Row {
        name: "log-shipped/obs-loki-json-durable",
        batch: 5_000,
        make: obs_shipping_subjects::loki_json_durable,
    },
    Row { name: "log-shipped/obs-elastic", batch: 5_000, make: obs_shipping_subjects::elastic },
    Row {
        name: "log-shipped/obs-elastic-durable",
        batch: 5_000,
        make: obs_shipping_subjects::elastic_durable,
    },
    Row { name: "log-shipped/obs-otlp", batch: 5_000, make: obs_shipping_subjects::otlp },
    Row { name: "log-shipped/obs-otlp-durable", batch: 5_000, make: obs_shipping_subjects::otlp_durable },
    Row { name: "log-shipped-10-fields/obs-loki", batch: 5_000, make: obs_shipping_subjects::loki_of_ten },
    Row {
        name: "log-shipped-10-fields/obs-loki-json",
        batch: 5_000,
        make: obs_shipping_subjects::loki_json_of_ten,
    },
    Row {
        name: "log-shipped-10-fields/obs-elastic",
        batch: 5_000,
        make: obs_shipping_subjects::elastic_of_ten,
    },
    Row { name: "log-shipped-10-fields/obs-otlp", batch: 5_000, make: obs_shipping_subjects::otlp_of_ten },
    Row { name: "root-span/obs", batch: 10_000, make: obs_subjects::root_span },
    Row { name: "root-span/obs-traces-alone", batch: 10_000, make: obs_trace_subjects::root_alone },
    Row { name: "root-span/obs-composed", batch: 10_000, make: obs_subjects::root_span_composed },
    Row { name: "root-span/obs-native", batch: 20_000, make: obs_subjects::root_span_native },
    Row { name: "root-span/obs-entered", batch: 20_000, make: obs_subjects::root_span_entered },
    Row { name: "root-span/tracing-opentelemetry", batch: 5_000, make: opentelemetry_peer::sampled },
    Row { name: "root-span/fastrace", batch: 10_000, make: fastrace_peer::sampled },
    Row { name: "span-tree/obs", batch: 2_000, make: obs_subjects::span_tree },
    Row { name: "span-tree/obs-traces-alone", batch: 2_000, make: obs_trace_subjects::tree_alone },
    Row { name: "span-tree/obs-composed", batch: 2_000, make: obs_subjects::span_tree_composed },
    Row { name: "span-tree/obs-native", batch: 2_000, make: obs_trace_subjects::tree_native },
    Row { name: "span-tree/obs-entered", batch: 2_000, make: obs_trace_subjects::tree_entered },
    Row { name: "span-tree/tracing-opentelemetry", batch: 500, make: opentelemetry_peer::tree },
    Row { name: "span-tree/fastrace", batch: 1_000, make: fastrace_peer::tree_sampled },
    Row { name: "span-tree-unsampled/obs", batch: 2_000, make: obs_trace_subjects::tree_unsampled },
    Row {
        name: "span-tree-unsampled/obs-traces-alone",
        batch: 2_000,
        make: obs_trace_subjects::tree_alone_unsampled,
    },
    Row {
        name: "span-tree-unsampled/obs-native",
        batch: 10_000,
        make: obs_trace_subjects::tree_native_unsampled,
    },
    Row {
        name: "span-tree-unsampled/obs-entered",
        batch: 10_000,
        make: obs_trace_subjects::tree_entered_unsampled,
    },
    Row {
        name: "span-tree-unsampled/tracing-opentelemetry",
        batch: 500,
        make: opentelemetry_peer::tree_unsampled,
    },
    Row { name: "span-tree-unsampled/fastrace", batch: 10_000, make: fastrace_peer::tree_unsampled },
    Row { name: "root-span-2-threads/obs", batch: 40_000, make: obs_trace_subjects::root_by_two },
    Row {
        name: "root-span-2-threads/tracing-opentelemetry",
        batch: 20_000,
        make: opentelemetry_peer::by_two,
    },
    Row { name: "root-span-encoded/obs-native", batch: 20_000, make: obs_trace_subjects::root_encoded },
    Row {
        name: "root-span-full-queue/obs-native",
        batch: 20_000,
        make: obs_trace_subjects::root_into_full_queue,
    },
    Row { name: "root-span-unsampled/obs", batch: 10_000, make: obs_subjects::root_span_unsampled },
    Row {
        name: "root-span-unsampled/obs-traces-alone",
        batch: 10_000,
        make: obs_trace_subjects::root_alone_unsampled,
    },
    Row {
        name: "root-span-unsampled/obs-composed",
        batch: 10_000,
        make: obs_subjects::root_span_unsampled_composed,
    },
    Row {
        name: "root-span-unsampled/obs-native",
        batch: 50_000,
        make: obs_subjects::root_span_native_unsampled,
    },
    Row {
        name: "root-span-unsampled/obs-entered",
        batch: 50_000,
        make: obs_subjects::root_span_entered_unsampled,
    },
    Row {
        name: "root-span-unsampled/tracing-opentelemetry",
        batch: 5_000,
        make: opentelemetry_peer::unsampled,
    },
    Row { name: "root-span-unsampled/fastrace", batch: 20_000, make: fastrace_peer::unsampled },
    Row { name: "counter-cached/obs", batch: 500_000, make: obs_metrics_subjects::counter_cached },
    Row {
        name: "counter-cached/metrics-exporter-prometheus",
        batch: 500_000,
        make: exporter::counter_cached,
    },
    Row {
        name: "counter-cached/prometheus-client",
        batch: 500_000,
        make: prometheus_client_peer::counter_cached,
    },
    Row { name: "counter-cached/prometheus", batch: 500_000, make: prometheus_peer::counter_cached },
    Row { name: "counter-typed/obs", batch: 500_000, make: obs_metrics_subjects::counter_typed },
    Row {
        name: "counter-typed/prometheus-client",
        batch: 100_000,
        make: prometheus_client_peer::counter_typed,
    },
    Row { name: "counter-typed/prometheus", batch: 100_000, make: prometheus_peer::counter_typed },
    Row { name: "counter-typed/prometheus-by-hand", batch: 500_000, make: prometheus_peer::counter_by_hand },
    Row { name: "counter-dynamic/obs", batch: 50_000, make: obs_metrics_subjects::counter_dynamic },
    Row { name: "counter-dynamic/obs-vec", batch: 200_000, make: obs_metrics_subjects::counter_vector },
    Row {
        name: "counter-dynamic/metrics-exporter-prometheus",
        batch: 20_000,
        make: exporter::counter_dynamic,
    },
    Row {
        name: "counter-dynamic/prometheus-client",
        batch: 50_000,
        make: prometheus_client_peer::counter_dynamic,
    },
    Row { name: "counter-dynamic/prometheus", batch: 100_000, make: prometheus_peer::counter_dynamic },
    Row { name: "histogram-cached/obs", batch: 300_000, make: obs_metrics_subjects::histogram_cached },
    Row {
        name: "histogram-cached/metrics-exporter-prometheus",
        batch: 100_000,
        make: exporter::histogram_cached,
    },
    Row {
        name: "histogram-cached/prometheus-client",
        batch: 300_000,
        make: prometheus_client_peer::histogram_cached,
    },
    Row { name: "histogram-cached/prometheus", batch: 300_000, make: prometheus_peer::histogram_cached },
    Row { name: "histogram-native/obs", batch: 300_000, make: obs_metrics_subjects::histogram_native },
    Row { name: "probe-readyz/obs", batch: 200, make: obs_health_subjects::probe },
    Row { name: "client-call/obs", batch: 5_000, make: calls::obs::http },
    Row { name: "client-call/none", batch: 20_000, make: calls::http_bare },
    Row { name: "client-call/assembled", batch: 2_000, make: calls::assembled::http },
    Row { name: "client-call-reqwest/obs", batch: 5_000, make: calls::obs::reqwest },
    Row { name: "client-call-reqwest/none", batch: 20_000, make: calls::reqwest_bare },
    Row { name: "client-call-reqwest/assembled", batch: 2_000, make: calls::assembled::reqwest },
    Row { name: "scrape/obs", batch: 20, make: obs_metrics_subjects::scrape },
    Row { name: "scrape/metrics-exporter-prometheus", batch: 2, make: exporter::scrape },
    Row { name: "scrape/prometheus-client", batch: 5, make: prometheus_client_peer::scrape },
    Row { name: "scrape/prometheus", batch: 3, make: prometheus_peer::scrape },
];

/// The names of all lines.
pub(crate) fn names() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.name).collect()
}

/// The line called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}
