//! The configuration in force, as it may be shown: without its secrets.

use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Request, Response};

use super::{Access, Endpoint, Runs, reply};
use crate::config::Config;

/// The path of the configuration.
const CONFIG: &str = "/config";

/// What is shown; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Printed(Arc<RwLock<Bytes>>);

impl Printed {
    pub(crate) fn new(config: &Config) -> Self {
        Self(Arc::new(RwLock::new(config.redacted().into())))
    }

    /// Shows this configuration from now on.
    pub(crate) fn show(&self, config: &Config) {
        let text = config.redacted().into();
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// Where it is shown: what is in it is nobody's affair but the operator's.
    pub(crate) fn endpoint(&self) -> Option<Endpoint> {
        let printed = self.clone();
        let respond = move |request: &Request<()>| printed.respond(request);
        let endpoint = Endpoint::new(CONFIG, Access::Guarded, Runs::AtOnce, respond);
        Some(endpoint.about("the configuration in force, without its secrets"))
    }

    fn respond(&self, request: &Request<()>) -> Response<Bytes> {
        if let Some(refusal) = reply::only_read(request) {
            return refusal;
        }
        let mut response = Response::new(self.0.read().unwrap_or_else(PoisonError::into_inner).clone());
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/yaml"));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}
