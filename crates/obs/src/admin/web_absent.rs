//! No file is read, so that nothing is chosen by one.

use std::io;
use std::sync::Arc;

use http::{HeaderName, HeaderValue};

use super::counts::Counts;
use super::tls::Tls;
use super::users::Users;
use crate::config::WebConfig;

/// Nothing but nobody.
pub(super) struct Web {
    pub(super) users: Users,
    current: Arc<Current>,
}

/// What holds for every connection.
#[derive(Default)]
pub(super) struct Current {
    pub(super) tls: Option<Tls>,
    pub(super) users: Vec<(String, String)>,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
}

impl Web {
    #[expect(clippy::unnecessary_wraps, clippy::needless_pass_by_value, reason = "the shape of the other")]
    pub(super) fn new(_: Option<&WebConfig>, _: Arc<Counts>) -> io::Result<Self> {
        Ok(Self { users: Users::new(), current: Arc::default() })
    }

    #[expect(clippy::unused_async, reason = "the shape of the other")]
    pub(super) async fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current)
    }
}
