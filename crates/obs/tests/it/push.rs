//! Pushes of metrics as part of an installation: flushed with it, and ended with a last one.

use std::time::{Duration, Instant};

use obs::metrics::push::{Otlp, Pushgateway, Settings};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use prost::Message;

use crate::collector::{Answer, Collector};
use crate::service::LONG;

fn installation() -> obs::Obs {
    obs::builder("job").no_config_file().admin(obs::Admin::Off).build().unwrap()
}

fn pushed(obs: &obs::Obs, collector: &Collector) {
    let settings = Settings::new().on_flush();
    let push = Otlp::builder(obs.recorder(), collector.url()).exact_endpoint().settings(settings);
    obs.push_metrics(push.start().unwrap());
}

/// What the last push says of the counter `rows`.
fn rows(collector: &Collector) -> Option<Value> {
    let body = collector.bodies().pop()?;
    let request = ExportMetricsServiceRequest::decode(body.as_slice()).unwrap();
    let metrics = request.resource_metrics.into_iter().flat_map(|resource| resource.scope_metrics);
    let metric = metrics.flat_map(|scope| scope.metrics).find(|metric| metric.name == "rows")?;
    let Some(Data::Sum(sum)) = metric.data else { panic!("{metric:?}") };
    sum.data_points.first()?.value
}

#[test]
fn a_flush_pushes_and_the_end_pushes_once_more() {
    let collector = Collector::start(Answer::Ok);
    let obs = installation();
    pushed(&obs, &collector);
    let counter = obs.recorder().counter("rows", &[]).unwrap();
    counter.increment(1);
    assert_eq!(collector.requests(), 0);
    assert!(obs.flush(LONG));
    assert_eq!((collector.requests(), rows(&collector)), (1, Some(Value::AsInt(1))));
    counter.increment(1);
    drop(obs);
    assert_eq!((collector.requests(), rows(&collector)), (2, Some(Value::AsInt(2))));
}

#[test]
fn a_push_that_hangs_holds_up_no_other_and_no_end() {
    let (hangs, works) = (Collector::start(Answer::Hang), Collector::start(Answer::Ok));
    let obs = installation();
    pushed(&obs, &hangs);
    pushed(&obs, &works);
    assert!(!obs.flush(Duration::from_millis(200)));
    assert_eq!(works.requests(), 1);
    let begun = Instant::now();
    drop(obs);
    assert!(begun.elapsed() < LONG, "{:?}", begun.elapsed());
    assert_eq!(works.requests(), 2);
}

#[tokio::test(flavor = "current_thread")]
async fn an_end_inside_of_a_runtime_pushes_too() {
    let collector = Collector::start(Answer::Ok);
    let obs = installation();
    pushed(&obs, &collector);
    let gateway = Pushgateway::builder(obs.recorder(), collector.url()).build().unwrap();
    gateway.push(LONG).unwrap();
    assert!(obs.flush(LONG));
    drop(obs);
    assert_eq!(collector.requests(), 3);
}
