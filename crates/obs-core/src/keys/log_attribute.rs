//! Attributes of a log record, by the OpenTelemetry semantic conventions where these have a name.

use super::macros::names;

names! {
    /// The module path, or the target named at the call; where records are sent, not in lines.
    TARGET = "target";
    /// The request's id.
    REQUEST_ID = "request_id";
    /// `true` where the line did not fit and was cut.
    TRUNCATED = "truncated";
    /// `true` on a record that the flight recorder held back until its request had failed.
    RECORDED = "recorded";
    /// The source file of the call, by option; on a panic line, of the panic.
    CODE_FILE_PATH = "code.file.path";
    /// The line in that file.
    CODE_LINE_NUMBER = "code.line.number";
    /// Access line: the method out of the closed set.
    HTTP_REQUEST_METHOD = "http.request.method";
    /// Access line: the route template, or `unmatched`.
    HTTP_ROUTE = "http.route";
    /// Access line: the path without the query.
    URL_PATH = "url.path";
    /// Access line: the response's status; left out where no head was made.
    HTTP_RESPONSE_STATUS_CODE = "http.response.status_code";
    /// Access line: of a remote procedure call the method with its service, or `_OTHER`.
    RPC_METHOD = "rpc.method";
    /// Access line: of a remote procedure call how it ended, by its protocol: `OK`, `DEADLINE_EXCEEDED`.
    RPC_RESPONSE_STATUS_CODE = "rpc.response.status_code";
    /// Access line: how it ended.
    OUTCOME = "obs.outcome";
    /// Access line: from the request's head to the end of the response's body, in milliseconds.
    DURATION_MS = "duration_ms";
    /// Access line: from the request's head to the response's, in milliseconds, where that is measured.
    HEAD_MS = "obs.head_ms";
    /// Access line: bytes of request body that were read, where that is measured; of an upgraded connection bytes that came.
    HTTP_REQUEST_BODY_SIZE = "http.request.body.size";
    /// Access line: what was spoken on an upgraded connection, such as `websocket`.
    NETWORK_PROTOCOL_NAME = "network.protocol.name";
    /// Access line: bytes of response body; of an upgraded connection bytes that were sent.
    HTTP_RESPONSE_BODY_SIZE = "http.response.body.size";
    /// Access line: the IP address of the connection's peer, or of the client behind trusted proxies.
    CLIENT_ADDRESS = "client.address";
    /// Access line: the `User-Agent` header.
    USER_AGENT_ORIGINAL = "user_agent.original";
    /// Access line: the error's or panic's text.
    ERROR = "error";
    /// Panic line: the panic's text.
    EXCEPTION_MESSAGE = "exception.message";
    /// Panic line: `panic`.
    EXCEPTION_TYPE = "exception.type";
    /// Panic line: the stack at the panic, where `RUST_BACKTRACE` asks for it.
    EXCEPTION_STACKTRACE = "exception.stacktrace";
    /// Panic line: the thread's name.
    THREAD_NAME = "thread.name";
}
