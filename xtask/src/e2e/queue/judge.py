"""What RabbitMQ has, as pika and OpenTelemetry's propagator see it: the other side of our sender and of our taker.

The argument is the broker's port. Standard input has a JSON object a line, each of which is done in its turn:
`{"do": "declare", "exchange", "queues": {queue: key}}`, `{"do": "get", "queue"}`, which gives one message, and
`{"do": "publish", "exchange", "key", "body", "headers"}`, whose headers are pairs of a kind and a value. The answer is an object
a line.
"""

import json
import sys

import pika
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

KINDS = {
    "text": lambda value: value,
    "bytes": lambda value: value.encode("latin-1"),
    "number": int,
    "long": lambda value: value * 10_000,
    "list": lambda value: [value, value],
    "table": lambda value: {"traceparent": value},
}


def declare(channel, asked):
    channel.exchange_declare(asked["exchange"], "topic")
    for queue, key in asked["queues"].items():
        channel.queue_declare(queue)
        channel.queue_bind(queue, asked["exchange"], key)
    return {}


def get(channel, asked):
    method, properties, body = channel.basic_get(asked["queue"], auto_ack=True)
    if method is None:
        return {"found": False}
    headers = properties.headers or {}
    texts = {name: value for name, value in headers.items() if isinstance(value, str)}
    context = TraceContextTextMapPropagator().extract(texts)
    span = trace.get_current_span(context).get_span_context()
    return {
        "found": True,
        "exchange": method.exchange,
        "key": method.routing_key,
        "body": body.decode(),
        "message_id": properties.message_id or "",
        "headers": sorted(headers),
        "kind": str(headers.get("x-kind", "")),
        "traceparent": str(headers.get("traceparent", "")),
        "valid": span.is_valid,
        "sampled": span.trace_flags.sampled,
        "trace_id": trace.format_trace_id(span.trace_id),
        "span_id": trace.format_span_id(span.span_id),
    }


def publish(channel, asked):
    headers = {name: KINDS[kind](value) for name, (kind, value) in asked["headers"].items()}
    channel.basic_publish(asked["exchange"], asked["key"], asked["body"], pika.BasicProperties(headers=headers))
    return {}


DEEDS = {"declare": declare, "get": get, "publish": publish}

connection = pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", int(sys.argv[1])))
channel = connection.channel()
channel.confirm_delivery()
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(DEEDS[asked["do"]](channel, asked)), flush=True)
connection.close()
