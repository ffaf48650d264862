//! Span attributes, by the OpenTelemetry semantic conventions where those have a name for it: those for HTTP and databases are
//! stable, those for messaging and remote procedure calls are not yet. Those of our own are `cache.*`, `job.name`, `request_id`,
//! `obs.outcome`, `level` and `target`.

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
    /// How many times the call was made before.
    HTTP_REQUEST_RESEND_COUNT = "http.request.resend_count";
    /// Bytes of request body that were read, where that is measured.
    HTTP_REQUEST_BODY_SIZE = "http.request.body.size";
    /// Bytes of response body that were passed on.
    HTTP_RESPONSE_BODY_SIZE = "http.response.body.size";
    /// The path without the query.
    URL_PATH = "url.path";
    /// Where a call went, without credentials and query.
    URL_FULL = "url.full";
    /// The template of the path that was called.
    URL_TEMPLATE = "url.template";
    /// The service that was called, by the name the caller has for it.
    SERVICE_PEER_NAME = "service.peer.name";
    /// `http` or `https`; `http` where the request does not say, as over HTTP/1.
    URL_SCHEME = "url.scheme";
    /// The host that was asked for, without the port.
    SERVER_ADDRESS = "server.address";
    /// The port that was asked for.
    SERVER_PORT = "server.port";
    /// The IP address of the connection's peer, or of the client behind trusted proxies.
    CLIENT_ADDRESS = "client.address";
    /// The port of the connection's peer.
    CLIENT_PORT = "client.port";
    /// The pool that was waited for, by the name it was given.
    POOL_NAME = "db.client.connection.pool.name";
    /// The product that is asked: `postgresql`, `mysql`, `redis`.
    DB_SYSTEM_NAME = "db.system.name";
    /// The database within it.
    DB_NAMESPACE = "db.namespace";
    /// The table, or what else the database holds its data in; left out where a query has several.
    DB_COLLECTION_NAME = "db.collection.name";
    /// What is done: `SELECT`, `GET`.
    DB_OPERATION_NAME = "db.operation.name";
    /// The query in few different words: `SELECT orders`.
    DB_QUERY_SUMMARY = "db.query.summary";
    /// The query, with `?` in the place of all data.
    DB_QUERY_TEXT = "db.query.text";
    /// The database's own code for how it ended, such as a SQLSTATE.
    DB_RESPONSE_STATUS_CODE = "db.response.status_code";
    /// How many rows came back.
    DB_RESPONSE_RETURNED_ROWS = "db.response.returned_rows";
    /// How many operations a batch had.
    DB_OPERATION_BATCH_SIZE = "db.operation.batch.size";
    /// Whether the cache had it.
    CACHE_HIT = "cache.hit";
    /// The key's pattern, such as `user:?`; the key itself where that was asked for.
    CACHE_KEY = "cache.key";
    /// The product that carries messages: `kafka`, `rabbitmq`.
    MESSAGING_SYSTEM = "messaging.system";
    /// The topic or queue; of RabbitMQ the exchange, the routing key and the queue, as far as they are known, with `:` between them.
    MESSAGING_DESTINATION_NAME = "messaging.destination.name";
    /// By which name of few it is counted, where its own is another: of RabbitMQ the queue, or the routing key's pattern.
    MESSAGING_DESTINATION_TEMPLATE = "messaging.destination.template";
    /// What is done, as the product calls it: `publish`, `process`.
    MESSAGING_OPERATION_NAME = "messaging.operation.name";
    /// What that is: `send`, `receive`, `process`, `settle`.
    MESSAGING_OPERATION_TYPE = "messaging.operation.type";
    /// The message's own id.
    MESSAGING_MESSAGE_ID = "messaging.message.id";
    /// Which conversation the message belongs to.
    MESSAGING_MESSAGE_CONVERSATION_ID = "messaging.message.conversation_id";
    /// How many bytes the message's body has.
    MESSAGING_MESSAGE_BODY_SIZE = "messaging.message.body.size";
    /// How many messages a batch had.
    MESSAGING_BATCH_MESSAGE_COUNT = "messaging.batch.message_count";
    /// The group of consumers this one belongs to.
    MESSAGING_CONSUMER_GROUP_NAME = "messaging.consumer.group.name";
    /// The partition of the destination.
    MESSAGING_DESTINATION_PARTITION_ID = "messaging.destination.partition.id";
    /// The routing key of a message of RabbitMQ.
    MESSAGING_RABBITMQ_DESTINATION_ROUTING_KEY = "messaging.rabbitmq.destination.routing_key";
    /// By which number RabbitMQ has the message acknowledged.
    MESSAGING_RABBITMQ_MESSAGE_DELIVERY_TAG = "messaging.rabbitmq.message.delivery_tag";
    /// The protocol of a remote procedure call: `grpc`.
    RPC_SYSTEM_NAME = "rpc.system.name";
    /// The method that was called, with its service: `shop.Orders/Place`; `_OTHER` where it is not known.
    RPC_METHOD = "rpc.method";
    /// What was asked for where that is no method that is known.
    RPC_METHOD_ORIGINAL = "rpc.method_original";
    /// How a remote procedure call ended, by its protocol: `OK`, `DEADLINE_EXCEEDED`.
    RPC_RESPONSE_STATUS_CODE = "rpc.response.status_code";
    /// How many times the remote procedure call was made before.
    PREVIOUS_RPC_ATTEMPTS = "previous-rpc-attempts";
    /// How often a call was made until it was given an answer, or up.
    CLIENT_ATTEMPTS = "obs.client.attempts";
    /// The job's name.
    JOB_NAME = "job.name";
    /// The `User-Agent` header.
    USER_AGENT_ORIGINAL = "user_agent.original";
    /// The HTTP version: `1.0`, `1.1`, `2`, `3`.
    NETWORK_PROTOCOL_VERSION = "network.protocol.version";
    /// What kind of error ended it: the status, the outcome's word, or the kind of a call's error.
    ERROR_TYPE = "error.type";
    /// The request id, the same as on its lines and in `X-Request-ID`.
    REQUEST_ID = "request_id";
    /// Where the trace of a request that failed is looked at, the same as on its access line.
    TRACE_URL = "trace_url";
    /// `success`, `client_error`, `server_error`, `cancelled`, `panicked` or `timed_out`.
    OUTCOME = "obs.outcome";
    /// From the request's head to the response's, in milliseconds, where that is measured.
    HEAD_MS = "obs.head_ms";
    /// Whether the head of the trace decided to record it: what travels to other services.
    SAMPLED_HEAD = "obs.sampled.head";
    /// Why the spans under a local root were kept: `head`, `forced`, `error`, `panic`, `timeout`, `slow`, `ratio` or `asked`.
    KEPT = "obs.kept";
    /// How many spans under a local root found no room to wait in.
    SPANS_DROPPED = "obs.spans.dropped";
    /// Whether the spans under a local root gave way to those of others, and further ones were not recorded.
    GAVE_WAY = "obs.gave_way";
    /// The module path a `tracing` span comes from.
    CODE_NAMESPACE = "code.namespace";
    /// The level of a `tracing` span or of an event on it.
    LEVEL = "level";
    /// The target of an event on a span.
    TARGET = "target";
    /// The library a span of OpenTelemetry's API comes from.
    SCOPE_NAME = "otel.scope.name";
    /// The version of that library.
    SCOPE_VERSION = "otel.scope.version";
}
