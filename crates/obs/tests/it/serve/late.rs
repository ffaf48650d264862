//! The moment between the kernel's knowing of a request and the runtime's: a socket that is about to be closed is asked.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use axum::Router;
use axum::routing::get;
use obs::serve::{Listener, Socket};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::running::{Flavor, obs};

/// A socket whose runtime is late: what has arrived is not read before the kernel was asked for it.
struct Late {
    inner: DuplexStream,
    asked: Arc<AtomicBool>,
    reader: std::sync::Mutex<Option<Waker>>,
}

impl AsyncRead for Late {
    fn poll_read(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.asked.load(Relaxed) {
            *self.reader.lock().unwrap() = Some(task.waker().clone());
            return Poll::Pending;
        }
        Pin::new(&mut self.inner).poll_read(task, buffer)
    }
}

impl AsyncWrite for Late {
    fn poll_write(mut self: Pin<&mut Self>, task: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(task, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(task)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(task)
    }
}

impl Socket for Late {
    fn has_input(&self) -> bool {
        let first = !self.asked.swap(true, Relaxed);
        // Now the runtime hears of it, too.
        if let Some(reader) = self.reader.lock().unwrap().take() {
            reader.wake();
        }
        first
    }
}

struct Given(UnboundedReceiver<Late>);

impl Listener for Given {
    type Socket = Late;

    fn poll_accept(&mut self, task: &mut Context<'_>) -> Poll<io::Result<(Late, Option<SocketAddr>)>> {
        match self.0.poll_recv(task) {
            Poll::Ready(Some(socket)) => Poll::Ready(Ok((socket, None))),
            _ => Poll::Pending,
        }
    }

    fn accept_now(&mut self) -> io::Result<(Late, Option<SocketAddr>)> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

#[test]
fn a_request_the_kernel_has_and_the_runtime_has_not_is_answered() {
    // Both kinds of silence: since the end began, and for a while after.
    for delay in [Duration::from_millis(600), Duration::ZERO] {
        let obs = obs(delay, Duration::from_secs(20));
        let handle = obs.shutdown_handle();
        let ended = Flavor::Current.runtime().block_on(async {
            let (give, given) = unbounded_channel();
            let (inner, mut client) = tokio::io::duplex(4 * 1_024);
            let late = Late { inner, asked: Arc::default(), reader: std::sync::Mutex::default() };
            assert!(give.send(late).is_ok());
            client.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
            let asked = async move { handle.shut_down() };
            let answer = tokio::spawn(async move {
                asked.await;
                let mut answer = String::new();
                client.read_to_string(&mut answer).await.unwrap();
                answer
            });
            let router = Router::new().route("/", get(async || "hello"));
            let ended = obs::axum::serve_until(obs, Given(given), router, std::future::pending()).await;
            let answer = answer.await.unwrap();
            assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("hello"), "{answer}");
            ended
        });
        assert!(ended.is_drained(), "{ended:?}");
    }
}
