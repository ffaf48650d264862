//! The sink that sends each batch as the message of a unary call.

use std::io;

use bytes::Bytes;
use http::Method;
use http::header::{HeaderName, HeaderValue, TE};

use super::message;
use crate::http::wire::Wire;
use crate::http::{Call, Client, ClientSettings, Endpoint, Post, Protocol};

/// HTTP/2 and no other, with a frame around each message.
const WIRE: Wire = Wire {
    alpn: &[b"h2"],
    tune: |builder| {
        builder.http2_only(true);
    },
    around: message::PREFIX,
    write: message::write,
    read: message::read,
};

/// Receivers take messages of 4 MiB as a rule, after they are decompressed; what stands around a batch has room.
const MOST_BYTES: usize = 3 * 1024 * 1024;

impl<P: Protocol> Post<P> {
    /// Sends each batch as the message of a unary call of `method`, such as `/package.Service/Method`. Of the endpoint
    /// only the server counts. Headers of `settings` are metadata, and its time for a request is told to the server.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub fn grpc(
        settings: ClientSettings,
        endpoint: Endpoint,
        method: &'static str,
        protocol: P,
    ) -> io::Result<Self> {
        // At most a day, which has eight digits, as many as there may be.
        let timeout = HeaderValue::from_str(&format!("{}m", settings.request_timeout.as_millis().max(1)))
            .map_err(io::Error::other)?;
        let call = Call::new(Method::POST, endpoint.at(method))
            .body("application/grpc", Bytes::new())
            .header(TE, HeaderValue::from_static("trailers"))
            .header(HeaderName::from_static("grpc-timeout"), timeout)
            .header(HeaderName::from_static("grpc-accept-encoding"), HeaderValue::from_static("identity"));
        let post = Self::over((&WIRE, Some(method)), Client::over(&WIRE, settings)?, call, protocol);
        Ok(post.most_bytes(MOST_BYTES))
    }
}
