//! Fields of a line by the Elastic Common Schema.

use super::macros::names;

names! {
    /// RFC 3339 in UTC with microseconds.
    TIMESTAMP = "@timestamp";
    /// `TRACE`, `DEBUG`, `INFO`, `WARN` or `ERROR`.
    LOG_LEVEL = "log.level";
    /// The text.
    MESSAGE = "message";
    /// The version of the schema whose names these are.
    ECS_VERSION = "ecs.version";
    /// The module path, or the target named at the call.
    LOG_LOGGER = "log.logger";
    /// The service's name.
    SERVICE_NAME = "service.name";
    /// The service's version.
    SERVICE_VERSION = "service.version";
    /// Such as `prod`.
    SERVICE_ENVIRONMENT = "service.environment";
    /// The trace, 32 hex digits.
    TRACE_ID = "trace.id";
    /// The innermost open span, 16 hex digits.
    SPAN_ID = "span.id";
    /// The request's id.
    HTTP_REQUEST_ID = "http.request.id";
    /// The source file of the call, by option; on a panic line, of the panic.
    LOG_ORIGIN_FILE_NAME = "log.origin.file.name";
    /// The line in that file.
    LOG_ORIGIN_FILE_LINE = "log.origin.file.line";
    /// Access line: the method out of the closed set.
    HTTP_REQUEST_METHOD = "http.request.method";
    /// Access line: the route template, or `unmatched`; no field of the schema's.
    HTTP_ROUTE = "http.route";
    /// Access line: the path without the query.
    URL_PATH = "url.path";
    /// Access line: the response's status; left out where no head was made.
    HTTP_RESPONSE_STATUS_CODE = "http.response.status_code";
    /// Access line: of a remote procedure call the method with its service, or `_OTHER`; no field of the schema's.
    RPC_METHOD = "rpc.method";
    /// Access line: of a remote procedure call how it ended, by its protocol: `OK`, `DEADLINE_EXCEEDED`; no field of the schema's.
    RPC_RESPONSE_STATUS_CODE = "rpc.response.status_code";
    /// Access line: `success`, `failure` where the service is at fault, `unknown` where the client went away.
    EVENT_OUTCOME = "event.outcome";
    /// Access line: how it ended, in the words of the other formats; no field of the schema's.
    OUTCOME = "obs.outcome";
    /// Access line: from the request's head to the end of the response's body, in nanoseconds.
    EVENT_DURATION = "event.duration";
    /// Access line: from the request's head to the response's, in milliseconds, where that is measured; no field of the schema's.
    HEAD_MS = "obs.head_ms";
    /// Access line: bytes of request body that were read, where that is measured; of an upgraded connection bytes that came.
    HTTP_REQUEST_BODY_BYTES = "http.request.body.bytes";
    /// Access line: what was spoken on an upgraded connection, such as `websocket`.
    NETWORK_PROTOCOL = "network.protocol";
    /// Access line: bytes of response body; of an upgraded connection bytes that were sent.
    HTTP_RESPONSE_BODY_BYTES = "http.response.body.bytes";
    /// Access line: the IP address of the connection's peer, or of the client behind trusted proxies.
    CLIENT_ADDRESS = "client.address";
    /// Access line: the same, as an IP address.
    CLIENT_IP = "client.ip";
    /// Access line: the `User-Agent` header.
    USER_AGENT_ORIGINAL = "user_agent.original";
    /// The text of an error or panic; what an event has as `error`.
    ERROR_MESSAGE = "error.message";
    /// Panic line: `panic`.
    ERROR_TYPE = "error.type";
    /// Panic line: the stack at the panic, where `RUST_BACKTRACE` asks for it.
    ERROR_STACK_TRACE = "error.stack_trace";
    /// Panic line: the thread's name.
    PROCESS_THREAD_NAME = "process.thread.name";
    /// `true` where the line did not fit and was cut; no field of the schema's.
    TRUNCATED = "truncated";
    /// `true` on a line that the flight recorder held back until its request had failed; no field of the schema's.
    RECORDED = "recorded";
    /// Under it the fields whose own names cannot stand.
    LABELS = "labels";
}
