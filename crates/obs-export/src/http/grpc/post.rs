//! The sink that sends each batch as the message of a unary call.

use std::io;

use bytes::Bytes;
use http::Method;
use http::header::{HeaderName, HeaderValue, TE};

use super::message;
use crate::http::wire::Wire;
use crate::http::{Call, Client, ClientSettings, Encoding, Endpoint, Post, Probe, Protocol};

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

/// A call of `method` with an empty message.
fn call(settings: &ClientSettings, endpoint: &Endpoint, method: &'static str) -> io::Result<Call> {
    // At most a day, which has eight digits, as many as there may be.
    let timeout = HeaderValue::from_str(&format!("{}m", settings.request_timeout.as_millis().max(1)))
        .map_err(io::Error::other)?;
    Ok(Call::new(Method::POST, endpoint.at(method))
        .body("application/grpc", Bytes::new())
        .header(TE, HeaderValue::from_static("trailers"))
        .header(HeaderName::from_static("grpc-timeout"), timeout)
        .header(HeaderName::from_static("grpc-accept-encoding"), HeaderValue::from_static(Encoding::READ)))
}

impl Probe {
    /// Asks each place by a unary call of `method` with an empty message.
    ///
    /// # Errors
    /// None in practice: that a time-out cannot be written.
    pub fn grpc<'a>(
        client: ClientSettings,
        endpoints: impl IntoIterator<Item = &'a Endpoint>,
        method: &'static str,
    ) -> io::Result<Self> {
        let calls = endpoints.into_iter().map(|endpoint| call(&client, endpoint, method));
        let calls = calls.collect::<io::Result<Vec<_>>>()?;
        Ok(Self::new(client, calls).over(&WIRE))
    }
}

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
        let call = call(&settings, &endpoint, method)?;
        let post = Self::over((&WIRE, Some(method)), Client::over(&WIRE, settings)?, call, protocol);
        Ok(post.most_bytes(MOST_BYTES))
    }
}
