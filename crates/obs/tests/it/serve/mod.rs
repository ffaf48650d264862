//! Serving and its end, over real sockets and with real signals.

mod child;
mod closing;
mod cut;
mod doors;
mod finish;
mod grpc;
mod http2;
mod late;
mod phases;
mod requests;
mod running;
mod signals;
mod start;
mod unasked;
mod websocket;
mod wire;
