//! The labels of the service stand in every sample, whoever made it, and never twice.

use std::sync::Arc;
use std::time::Duration;

use metrics::{gauge, with_local_recorder};
use obs_core::context::Route;
use obs_core::keys::label::OF_PROCESS;
use obs_core::keys::{Kind, Metric, metric};
use obs_core::meter::{Meter, Source};
use obs_core::observe::{End, Method, Observer, Request, conclude};
use obs_core::{Base, Outcome};
use obs_metrics::{Recorder, Red};

use super::parse::parse;
use super::{base, open_metrics, root, text, value};

static PLACES: Metric = Metric { name: "places", help: "Places.", kind: Kind::Gauge, labels: &["region"] };

/// One family of ours, and one that has a label of the service's own.
struct Told;

impl Source for Told {
    fn collect(&self, meter: &mut dyn Meter) {
        meter.counter(&metric::PIPELINE_PRODUCED, &["logs_file"], 4);
        meter.gauge(&PLACES, &["moon"], 2.0);
    }
}

/// What a service with all kinds of families tells.
fn filled(base: &Arc<Base>) -> Recorder {
    let recorder = Recorder::builder(Arc::clone(base))
        .const_label("region", "cn-east")
        .const_label("env", "a\"b\\c\nd")
        .default_buckets([1.0])
        .series_cap(2)
        .build()
        .unwrap();
    base.sources.register(Arc::new(Told));
    let (context, request) = (root(false), Request::new(Method::Get, "/a/1"));
    context.local().set_route(Route::from_static("/a/{id}"));
    let red = Red::new(&recorder);
    red.start(&context, &request);
    let mut end = End::new(Outcome::Success, Duration::from_millis(500));
    end.status = Some(200);
    conclude(&red, &context, &request, &end);
    for shop in ["a", "b", "c"] {
        recorder.counter("sold", &[("shop", shop)]).unwrap().increment(1);
    }
    with_local_recorder(&recorder, || gauge!("load").set(0.5));
    recorder.counter("visits", &[("kind", "new"), ("region", "mars")]).unwrap().increment(6);
    recorder.histogram("trips", &[("env", "x"), ("region", "mars")]).unwrap().observe(0.5, None);
    recorder
}

const SAMPLES: &str = r#"
http_request_duration_seconds_bucket{region="cn-east",env="a\"b\\c\nd",route="/a/{id}",method="GET",le="1"} 1
http_request_duration_seconds_bucket{region="cn-east",env="a\"b\\c\nd",route="/a/{id}",method="GET",le="+Inf"} 1
http_request_duration_seconds_sum{region="cn-east",env="a\"b\\c\nd",route="/a/{id}",method="GET"} 0.5
http_request_duration_seconds_count{region="cn-east",env="a\"b\\c\nd",route="/a/{id}",method="GET"} 1
http_requests_total{region="cn-east",env="a\"b\\c\nd",route="/a/{id}",method="GET",status_code="200"} 1
http_requests_in_flight{region="cn-east",env="a\"b\\c\nd"} 0.0
load{region="cn-east",env="a\"b\\c\nd"} 0.5
obs_metric_overflow_total{region="cn-east",env="a\"b\\c\nd",metric="sold_total"} 2
obs_metric_series{region="cn-east",env="a\"b\\c\nd"} 8.0
obs_metric_series_cap{region="cn-east",env="a\"b\\c\nd"} 100000.0
obs_pipeline_produced_total{region="cn-east",env="a\"b\\c\nd",pipeline="logs_file"} 4
places{env="a\"b\\c\nd",region="moon"} 2.0
sold_total{region="cn-east",env="a\"b\\c\nd",shop="a"} 1
sold_total{region="cn-east",env="a\"b\\c\nd",shop="_overflow"} 2
trips_bucket{env="x",region="mars",le="1"} 1
trips_bucket{env="x",region="mars",le="+Inf"} 1
trips_sum{env="x",region="mars"} 0.5
trips_count{env="x",region="mars"} 1
visits_total{env="a\"b\\c\nd",kind="new",region="mars"} 6
"#;

fn samples(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with('#')).map(|line| format!("\n{line}")).collect::<String>()
        + "\n"
}

#[test]
fn every_sample_carries_them_in_the_order_given_and_a_label_of_the_metrics_own_hides_them() {
    let recorder = filled(&base());
    let text = text(&recorder);
    assert_eq!(samples(&text), SAMPLES);
    parse(&text, false).unwrap();
    let bounds = [("le=\"1\"", "le=\"1.0\"")];
    let expected = bounds.iter().fold(SAMPLES.to_owned(), |text, (from, to)| text.replace(from, to));
    assert_eq!(samples(&open_metrics(&recorder)), expected);
    assert_eq!(recorder.problems(), []);
}

#[test]
fn a_name_that_must_not_be_a_label_is_refused_with_its_reason() {
    let refused = |name: &str| {
        let error = Recorder::builder(base()).const_label(name, "x").build().unwrap_err();
        error.to_string()
    };
    for name in ["trace_id", "span_id", "request_id", "le", "quantile", "__name__"] {
        assert_eq!(refused(name), format!("const label `{name}`: the name is reserved"));
    }
    for metric in metric::ALL {
        for name in metric.labels.iter().filter(|name| !OF_PROCESS.contains(name)) {
            let expected = format!("const label `{name}`: metrics of obs itself have a label of that name");
            assert_eq!(refused(name), expected);
        }
    }
    // What is the same for the whole process may be on all samples.
    for name in OF_PROCESS {
        Recorder::builder(base()).const_label(*name, "x").build().unwrap();
    }
    for name in ["service.name", "", "1a", "a:b"] {
        assert_eq!(
            refused(name),
            format!("const label `{name}`: the name must match [a-zA-Z_][a-zA-Z0-9_]*")
        );
    }
}

#[test]
fn through_the_facade_a_label_that_hides_one_finds_its_series_again() {
    let recorder = Recorder::builder(base()).const_label("env", "prod").build().unwrap();
    with_local_recorder(&recorder, || {
        for _ in 0..3 {
            metrics::counter!("x", "env" => "own").increment(1);
        }
    });
    assert_eq!(value(&recorder, "x_total{env=\"own\"}"), Some(3.0));
    assert_eq!(value(&recorder, "obs_metric_rejected_total{env=\"prod\",reason=\"repeated_label\"}"), None);
}
