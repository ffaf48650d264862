"""OpenTelemetry's propagators for Python, asked line by line.

Standard input has a JSON object a line. With `headers`, a list of pairs, they are read in the format; with `trace_id` they are
written. The answer is an object a line: what was read (`valid`, `trace_id`, `span_id`, `sampled`, `state`, `baggage`), or
`headers`, a list of pairs.
"""

import json
import sys

from opentelemetry import baggage, trace
from opentelemetry.baggage.propagation import W3CBaggagePropagator
from opentelemetry.propagators.b3 import B3MultiFormat, B3SingleFormat
from opentelemetry.propagators.composite import CompositePropagator
from opentelemetry.propagators.jaeger import JaegerPropagator
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

FORMATS = {
    "tracecontext,baggage": CompositePropagator([TraceContextTextMapPropagator(), W3CBaggagePropagator()]),
    "b3": B3SingleFormat(),
    "b3multi": B3MultiFormat(),
    "jaeger": JaegerPropagator(),
}


def read(propagator, headers):
    carrier = {}
    for name, value in headers:
        carrier.setdefault(name, []).append(value)
    context = propagator.extract(carrier)
    span = trace.get_current_span(context).get_span_context()
    return {
        "valid": span.is_valid,
        "trace_id": trace.format_trace_id(span.trace_id),
        "span_id": trace.format_span_id(span.span_id),
        "sampled": span.trace_flags.sampled,
        "state": span.trace_state.to_header(),
        "baggage": ",".join(f"{key}={value}" for key, value in sorted(baggage.get_all(context).items())),
    }


def write(propagator, asked):
    state = trace.TraceState(list(asked["state"]))
    flags = trace.TraceFlags(1 if asked["sampled"] else 0)
    ids = (int(asked["trace_id"], 16), int(asked["span_id"], 16))
    context = trace.set_span_in_context(trace.NonRecordingSpan(trace.SpanContext(*ids, False, flags, state)))
    for key, value in asked["baggage"]:
        context = baggage.set_baggage(key, value, context)
    headers = {}
    propagator.inject(headers, context)
    return {"headers": list(headers.items())}


for line in sys.stdin:
    asked = json.loads(line)
    propagator = FORMATS[asked["format"]]
    answer = read(propagator, asked["headers"]) if "headers" in asked else write(propagator, asked)
    print(json.dumps(answer), flush=True)
