//! tracing-loki as its documentation shows: a layer on the registry, its task on a runtime of tokio's.

use super::End;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub(super) fn install(url: &str) -> Result<End, String> {
    let failed = |error: &dyn std::fmt::Display| format!("tracing-loki: {error}");
    let url = format!("{url}/").parse().map_err(|error| format!("{url}: {error}"))?;
    let builder =
        tracing_loki::builder().label("service_name", "shipping").map_err(|error| failed(&error))?;
    let (layer, controller, task) = builder.build_controller_url(url).map_err(|error| failed(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| failed(&error))?;
    let task = runtime.spawn(task);
    tracing_subscriber::registry().with(LevelFilter::INFO).with(layer).init();
    Ok(Box::new(move || {
        runtime
            .block_on(async {
                controller.shutdown().await;
                task.await
            })
            .map_err(|error| format!("tracing-loki: {error}"))?;
        // It says nothing of what it has lost.
        Ok(0)
    }))
}
