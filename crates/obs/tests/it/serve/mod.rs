//! Serving and its end, over real sockets and with real signals.

mod child;
mod cut;
mod finish;
mod http2;
mod late;
mod requests;
mod running;
mod signals;
mod start;
mod unasked;
mod websocket;
mod wire;
