//! Fields of a line.

use super::macros::names;

names! {
    /// RFC 3339 in UTC with microseconds.
    TIMESTAMP = "timestamp";
    /// `TRACE`, `DEBUG`, `INFO`, `WARN` or `ERROR`.
    LEVEL = "level";
    /// The module path, or the target named at the call.
    TARGET = "target";
    /// The text.
    MESSAGE = "message";
    /// The service's name.
    SERVICE = "service";
    /// The trace, 32 hex digits.
    TRACE_ID = "trace_id";
    /// The innermost open span, 16 hex digits.
    SPAN_ID = "span_id";
    /// The request's id.
    REQUEST_ID = "request_id";
    /// `file:line` of the call, by option.
    CALLER = "caller";
    /// `true` where the line did not fit and was cut.
    TRUNCATED = "truncated";
    /// `true` on a line that the flight recorder held back until its request had failed.
    RECORDED = "recorded";
    /// Where the trace of a request that failed is looked at.
    TRACE_URL = "trace_url";
    /// Access line: the method out of the closed set.
    METHOD = "method";
    /// Access line: the route template, or `unmatched`.
    ROUTE = "route";
    /// Access line: the path without the query.
    PATH = "path";
    /// Access line: the response's status; left out where no head was made.
    STATUS_CODE = "status_code";
    /// Access line: of a remote procedure call the method with its service, or `_OTHER`.
    RPC_METHOD = "rpc_method";
    /// Access line: of a remote procedure call how it ended, by its protocol: `OK`, `DEADLINE_EXCEEDED`.
    RPC_CODE = "rpc_code";
    /// Access line: how it ended.
    OUTCOME = "outcome";
    /// Access line: from the request's head to the end of the response's body, in milliseconds.
    DURATION_MS = "duration_ms";
    /// Access line: from the request's head to the response's, in milliseconds, where that is measured.
    HEAD_MS = "head_ms";
    /// Access line: bytes of request body that were read, where that is measured; of an upgraded connection bytes that came.
    REQUEST_BYTES = "request_bytes";
    /// Access line: bytes of response body; of an upgraded connection bytes that were sent.
    RESPONSE_BYTES = "response_bytes";
    /// Access line: the IP address of the connection's peer, or of the client behind trusted proxies.
    CLIENT_ADDRESS = "client_address";
    /// Access line: the `User-Agent` header.
    USER_AGENT = "user_agent";
    /// Access line: the error's or panic's text.
    ERROR = "error";
    /// Access line: what was spoken on an upgraded connection, such as `websocket`.
    PROTOCOL = "protocol";
    /// Panic line: `file:line:column` of the panic.
    LOCATION = "location";
    /// Panic line: the thread's name.
    THREAD = "thread";
    /// Panic line: the stack at the panic, where `RUST_BACKTRACE` asks for it.
    BACKTRACE = "backtrace";
    /// Line about lines that were left out: their message, or `file:line` of their call site.
    LIKE = "like";
    /// Line about lines that were left out: how many.
    SUPPRESSED = "suppressed";
    /// Line about lines that were left out: why, `sampled` or `rate_limited`.
    REASON = "reason";
    /// Line about a change of levels: of what, such as `target shop::cart`.
    SCOPE = "scope";
    /// Line about a change of levels: the level from which on lines are written meanwhile.
    NEW_LEVEL = "new_level";
    /// Line about a change of levels: when it ends by itself.
    UNTIL = "until";
}
