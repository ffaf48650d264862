//! Every way a request can end, over HTTP/1 and HTTP/2, as all three signals see it.

mod cells;
mod signals;
pub(crate) mod wire;

macro_rules! cells {
    ($($name:ident),+ $(,)?) => {
        mod http1 {
            $(#[tokio::test]
            async fn $name() {
                super::cells::$name(super::wire::Version::Http1).await;
            })+
        }
        mod http2 {
            $(#[tokio::test]
            async fn $name() {
                super::cells::$name(super::wire::Version::Http2).await;
            })+
        }
    };
}

cells! {
    success,
    client_error,
    unmatched,
    server_error,
    service_error,
    panic_before_the_head,
    panic_in_the_body,
    error_in_the_body,
    abort_before_the_head,
    abort_in_the_body,
    time_out_inside,
    time_out_outside,
    head,
    no_content,
    not_modified,
    sized_stream,
    served_directory,
    server_sent_events,
    upgrade,
}
