//! Connections are as they are.

use std::io;

use super::socket::Stream;
use crate::config::WebTls;

/// Never made: what asks for it was refused.
#[derive(Clone)]
pub(super) enum Tls {}

/// The key that is wrong, and what is.
pub(super) type Wrong = (&'static str, String);

impl Tls {
    pub(super) fn new(_: &WebTls) -> Result<Self, Wrong> {
        Err(("cert_file", String::from("obs was built without its feature `admin-tls`")))
    }

    #[expect(clippy::unused_async, reason = "the shape of the other")]
    pub(super) async fn accept(&self, _: Box<dyn Stream>) -> io::Result<(Box<dyn Stream>, bool)> {
        match *self {}
    }
}
