//! Span attributes, by the OpenTelemetry semantic conventions: those for HTTP (stable), and of databases the pool's name.

use super::macros::names;

names! {
    /// The method out of the closed set.
    HTTP_REQUEST_METHOD = "http.request.method";
    /// The method's own text where it is not in the closed set.
    HTTP_REQUEST_METHOD_ORIGINAL = "http.request.method_original";
    /// The route template.
    HTTP_ROUTE = "http.route";
    /// The response's status.
    HTTP_RESPONSE_STATUS_CODE = "http.response.status_code";
    /// Bytes of response body that were passed on.
    HTTP_RESPONSE_BODY_SIZE = "http.response.body.size";
    /// The path without the query.
    URL_PATH = "url.path";
    /// Where a call went, without credentials and query.
    URL_FULL = "url.full";
    /// The template of the path that was called.
    URL_TEMPLATE = "url.template";
    /// The service that was called, by the name the caller has for it.
    PEER_SERVICE = "peer.service";
    /// `http` or `https`; `http` where the request does not say, as over HTTP/1.
    URL_SCHEME = "url.scheme";
    /// The host that was asked for, without the port.
    SERVER_ADDRESS = "server.address";
    /// The port that was asked for.
    SERVER_PORT = "server.port";
    /// The IP address of the connection's peer.
    CLIENT_ADDRESS = "client.address";
    /// The port of the connection's peer.
    CLIENT_PORT = "client.port";
    /// The pool that was waited for, by the name it was given.
    POOL_NAME = "db.client.connection.pool.name";
    /// The `User-Agent` header.
    USER_AGENT_ORIGINAL = "user_agent.original";
    /// The HTTP version: `1.0`, `1.1`, `2`, `3`.
    NETWORK_PROTOCOL_VERSION = "network.protocol.version";
    /// What kind of error ended it: the status, the outcome's word, or the kind of a call's error.
    ERROR_TYPE = "error.type";
    /// The request id, the same as on its lines and in `X-Request-ID`.
    REQUEST_ID = "request_id";
    /// `success`, `client_error`, `server_error`, `cancelled`, `panicked` or `timed_out`.
    OUTCOME = "obs.outcome";
    /// Whether the head of the trace decided to record it: what travels to other services.
    SAMPLED_HEAD = "obs.sampled.head";
    /// Why the spans under a local root were kept: `head`, `forced`, `error`, `panic`, `timeout`, `slow`, `ratio` or `asked`.
    KEPT = "obs.kept";
    /// How many spans under a local root found no room to wait in.
    SPANS_DROPPED = "obs.spans.dropped";
    /// The module path a `tracing` span comes from.
    CODE_NAMESPACE = "code.namespace";
    /// The level of a `tracing` span or of an event on it.
    LEVEL = "level";
    /// The target of an event on a span.
    TARGET = "target";
}
