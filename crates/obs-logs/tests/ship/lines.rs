//! An engine with one output to another machine.

use obs_core::Resource;
use obs_core::context::{TraceFlags, with_current};
use obs_core::observe::{End, Observer, Request, Verdict};
use obs_logs::{AccessLog, Output};

use crate::engine::inside;
pub(crate) use crate::engine::{Engine as Shipping, LONG, NOW, quick};

impl Shipping {
    pub(crate) fn to(output: impl Into<Output>) -> Self {
        let mut resource = Resource::new("orders");
        resource.env = Some(String::from("prod"));
        Self::with(resource, "debug", output)
    }

    /// The access line of a request has its fate afterwards.
    pub(crate) fn access(&self, request: &Request<'_>, end: &End<'_>) {
        let access = AccessLog::new(self.logs.clone());
        inside_a_request(|| {
            with_current(|context| access.finish(context, request, end, Verdict::Keep));
        });
        self.logs.flush(LONG).unwrap();
    }
}

/// A request that is traced, with ids of the test's own.
pub(crate) fn inside_a_request(work: impl FnOnce()) {
    inside(TraceFlags::from_byte(1), "ORD-2024-98765", work);
}
