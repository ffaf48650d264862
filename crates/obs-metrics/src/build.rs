//! What is running: one series whose labels name the service, its version and what it was built for.
//!
//! ```
//! use obs_core::{Base, Resource};
//! use obs_metrics::{Format, Recorder};
//!
//! let mut service = Resource::new("orders");
//! service.set("service.version", "1.4.0");
//! let base = Base::new(service);
//! obs_metrics::build::register(&base);
//! let recorder = Recorder::builder(base).build()?;
//! let text = String::from_utf8(recorder.render(Format::Text))?;
//! assert!(text.contains("\nbuild_info{service=\"orders\",version=\"1.4.0\",revision=\"\",env=\"\",obs_version="));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! A label without a value is one that is not there, to Prometheus as to OpenMetrics.

use std::env::consts::{ARCH, OS};
use std::sync::Arc;

use obs_core::keys::{metric, resource};
use obs_core::meter::{Meter, Source};
use obs_core::{Base, Resource};

/// The same for all crates of obs.
const OBS_VERSION: &str = env!("CARGO_PKG_VERSION");

/// Has the base's scrapes tell what is running, of what its resource says by now: the service's name and version, the
/// revision of its code (`vcs.ref.head.revision`) and its environment. A second call for the same base changes nothing.
pub fn register(base: &Base) {
    base.sources.register_once(Arc::new(Build(base.resource.clone())));
}

struct Build(Resource);

impl Source for Build {
    fn collect(&self, meter: &mut dyn Meter) {
        let told = |key| self.0.iter().find(|(known, _)| *known == key).map_or("", |(_, value)| value);
        let labels = [
            told(resource::SERVICE_NAME),
            told(resource::SERVICE_VERSION),
            told(resource::VCS_REF_HEAD_REVISION),
            told(resource::DEPLOYMENT_ENVIRONMENT_NAME),
            OBS_VERSION,
            OS,
            ARCH,
        ];
        meter.gauge(&metric::BUILD_INFO, &labels, 1.0);
    }
}
