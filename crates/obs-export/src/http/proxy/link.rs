//! Connections to a target: its own, one to a proxy, or a tunnel through one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::Uri;
use http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tower_service::Service;

use super::{Proxies, tunnel};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// Connects to targets, through a proxy where there is one for them.
#[derive(Clone, Debug)]
pub(in crate::http) struct Via {
    tcp: HttpConnector,
    proxies: Proxies,
}

impl Via {
    pub(in crate::http) fn new(tcp: HttpConnector, proxies: Proxies) -> Self {
        Self { tcp, proxies }
    }
}

impl Service<Uri> for Via {
    type Response = Link;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Link, Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Service::poll_ready(&mut self.tcp, cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let Some(proxy) = self.proxies.of(&target).cloned() else {
            let connecting = self.tcp.call(target);
            return Box::pin(async move { Ok(Link { tcp: connecting.await?, is_proxy: false }) });
        };
        let connecting = self.tcp.call(proxy.uri().clone());
        Box::pin(async move {
            let tcp = connecting.await?;
            if target.scheme() != Some(&Scheme::HTTPS) {
                return Ok(Link { tcp, is_proxy: true });
            }
            Ok(Link { tcp: tunnel::open(tcp, &proxy, &target).await?, is_proxy: false })
        })
    }
}

/// A connection, and whether it is a proxy that requests are written to.
#[derive(Debug)]
pub(in crate::http) struct Link {
    tcp: TokioIo<TcpStream>,
    is_proxy: bool,
}

impl Connection for Link {
    fn connected(&self) -> Connected {
        self.tcp.connected().proxy(self.is_proxy)
    }
}

impl Read for Link {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(cx, buffer)
    }
}

impl Write for Link {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, parts)
    }
}
