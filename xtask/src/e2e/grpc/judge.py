"""gRPC as others have it: `client ADDRESS` calls a service in every way, `server` is one. What it has seen is said at its end."""

import json
import random
import sys
import threading
import time
from concurrent import futures

import grpc

SERVICE = "e2e.Judge"
EACH = 20


def context():
    return f"{random.getrandbits(128):032x}", f"{random.getrandbits(64):016x}"


class Seen:
    def __init__(self):
        self.lock = threading.Lock()
        self.calls = {}
        self.ids = []
        self.messages = {}
        self.faults = []

    def call(self, method, code, trace_id, span_id, sent=0, received=0):
        with self.lock:
            key = f"{method} {code}"
            self.calls[key] = self.calls.get(key, 0) + 1
            self.ids.append([trace_id, span_id, method, code])
            had = self.messages.get(method, [0, 0])
            self.messages[method] = [had[0] + sent, had[1] + received]

    def fault(self, text):
        with self.lock:
            self.faults.append(text)

    def say(self):
        print(json.dumps({"calls": self.calls, "ids": self.ids, "messages": self.messages, "faults": self.faults}), flush=True)


def client(address):
    seen = Seen()
    channel = grpc.insecure_channel(address)
    stub = {
        "Unary": channel.unary_unary(f"/{SERVICE}/Unary"),
        "List": channel.unary_stream(f"/{SERVICE}/List"),
        "Gather": channel.stream_unary(f"/{SERVICE}/Gather"),
        "Chat": channel.stream_stream(f"/{SERVICE}/Chat"),
    }

    def metadata():
        trace_id, span_id = context()
        request_id = f"py-{span_id}"
        return trace_id, span_id, [("traceparent", f"00-{trace_id}-{span_id}-01"), ("x-request-id", request_id)]

    def told(call, trace_id, span_id):
        """The ids come back in the answer's metadata."""
        answer = dict(call.initial_metadata())
        if answer.get("x-trace-id") != trace_id or answer.get("x-request-id") != f"py-{span_id}":
            seen.fault(f"{trace_id} came back as {answer}")

    def well():
        trace_id, span_id, ids = metadata()
        answer, call = stub["Unary"].with_call(b"hello", metadata=ids)
        if answer.decode() != f"hello {trace_id}":
            seen.fault(f"{answer} is not of {trace_id}")
        told(call, trace_id, span_id)
        seen.call("Unary", "OK", trace_id, span_id, 1, 1)

        trace_id, span_id, ids = metadata()
        call = stub["List"](b"7", metadata=ids)
        received = sum(1 for _ in call)
        told(call, trace_id, span_id)
        seen.call("List", call.code().name, trace_id, span_id, 1, received)

        trace_id, span_id, ids = metadata()
        answer, call = stub["Gather"].with_call(iter([b"x"] * 5), metadata=ids)
        if answer != b"5":
            seen.fault(f"gathered {answer}")
        seen.call("Gather", "OK", trace_id, span_id, 5, 1)

        trace_id, span_id, ids = metadata()
        call = stub["Chat"](iter([b"a", b"b", b"c"]), metadata=ids)
        received = len(list(call))
        seen.call("Chat", call.code().name, trace_id, span_id, 3, received)

    def failed(text, timeout=10):
        trace_id, span_id, ids = metadata()
        try:
            stub["Unary"](text, metadata=ids, timeout=timeout)
            seen.fault(f"{text} was answered")
        except grpc.RpcError as error:
            seen.call("Unary", error.code().name, trace_id, span_id)

    def cancelled():
        trace_id, span_id, ids = metadata()
        call = stub["List"](b"wait", metadata=ids)
        next(call)
        call.cancel()
        seen.call("List", call.code().name, trace_id, span_id)

    def turn(number):
        well()
        # NOT_FOUND, PERMISSION_DENIED, INTERNAL, UNAVAILABLE
        for code in (5, 7, 13, 14):
            failed(b"fail %d" % code)
        if number % 4 == 0:
            failed(b"wait", timeout=0.3)
            cancelled()

    with futures.ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(turn, number) for number in range(EACH)]:
            done.result()
    channel.close()
    seen.say()


def server():
    seen = Seen()

    def of(call):
        ids = dict(call.invocation_metadata()).get("traceparent", "").split("-")
        return (ids[1], ids[2]) if len(ids) == 4 else ("", "")

    def unary(text, call):
        if text.startswith(b"fail "):
            code = next(code for code in grpc.StatusCode if code.value[0] == int(text[5:]))
            seen.call("Unary", code.name, *of(call), 1, 0)
            call.abort(code, "as asked")
        if text == b"wait":
            ended = threading.Event()
            call.add_callback(ended.set)
            seen.call("Unary", "DEADLINE_EXCEEDED", *of(call), 1, 0)
            ended.wait(10)
            return b""
        seen.call("Unary", "OK", *of(call), 1, 1)
        return text

    def list_(text, call):
        if text == b"wait":
            ended = threading.Event()
            call.add_callback(ended.set)
            seen.call("List", "CANCELLED", *of(call), 1, 1)
            yield b"0"
            ended.wait(10)
            return
        count = int(text)
        seen.call("List", "OK", *of(call), 1, count)
        for number in range(count):
            yield b"%d" % number

    def gather(texts, call):
        count = sum(1 for _ in texts)
        seen.call("Gather", "OK", *of(call), count, 1)
        return b"%d" % count

    def chat(texts, call):
        count = 0
        for text in texts:
            count += 1
            yield text
        seen.call("Chat", "OK", *of(call), count, count)

    handler = grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "Unary": grpc.unary_unary_rpc_method_handler(unary),
            "List": grpc.unary_stream_rpc_method_handler(list_),
            "Gather": grpc.stream_unary_rpc_method_handler(gather),
            "Chat": grpc.stream_stream_rpc_method_handler(chat),
        },
    )
    serving = grpc.server(futures.ThreadPoolExecutor(16))
    serving.add_generic_rpc_handlers((handler,))
    print(serving.add_insecure_port("127.0.0.1:0"), flush=True)
    serving.start()
    sys.stdin.readline()
    serving.stop(0).wait()
    seen.say()


if sys.argv[1] == "client":
    client(sys.argv[2])
else:
    server()
