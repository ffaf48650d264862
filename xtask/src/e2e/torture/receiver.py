"""A receiver of lines and spans that behaves as it is told, and counts what it has said it has.

Arguments: a port, and what it does. Speaks Loki's push in JSON, Elasticsearch's `_bulk`, and OTLP's logs and traces in
protobuf, all in gzip. `GET /counts` answers with `accepted twice disordered requests told`: lines it has taken by their numbers, how those came, and how many others
it was told are lost.
"""

import gzip
import json
import re
import socket
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT, MODE = int(sys.argv[1]), sys.argv[2]
BEGUN = time.monotonic()
LOCK = threading.Lock()


class Seen:
    accepted = 0
    twice = 0
    disordered = 0
    requests = 0
    told = 0
    known = set()
    last = -1


def take(numbers):
    """Notes lines as kept."""
    for number in numbers:
        if number < 0:
            Seen.told -= number
            continue
        if number in Seen.known:
            Seen.twice += 1
            continue
        Seen.known.add(number)
        Seen.accepted += 1
        if number < Seen.last:
            Seen.disordered += 1
        Seen.last = max(Seen.last, number)


# A `KeyValue` whose key is `id` and whose value is an integer: in this order, or as collectors write it in the other.
VALUE = rb"\x12[\x02-\x0b]\x18([\x80-\xff]*[\x00-\x7f])"
ID = re.compile(rb"\n\x02id" + VALUE + rb"|" + VALUE + rb"\n\x02id", re.DOTALL)


LOST = re.compile(r"^lost (\d+) lines?$")
LOST_RECORD = re.compile(rb"lost (\d+) lines?")


def number_of(line):
    """Of a line its number, of one that tells of lost ones how many, below zero."""
    found = json.loads(line)
    return found["id"] if "id" in found else -int(LOST.match(found["message"])[1])


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def messages(data, wanted):
    """The messages that are this field; all other fields are messages or texts too."""
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 != 2:
            raise ValueError(f"tag {tag}")
        length, at = varint(data, at)
        if at + length > len(data):
            raise ValueError("cut short")
        if tag >> 3 == wanted:
            yield data[at : at + length]
        at += length


def of_otlp(body):
    """Resources, their scopes, and records or spans, which have the same numbers in both."""
    found = []
    for resource in messages(body, 1):
        for scope in messages(resource, 2):
            for record in messages(scope, 2):
                numbers, lost = ID.findall(record), LOST_RECORD.findall(record)
                if len(numbers) + len(lost) != 1:
                    raise ValueError("neither a number nor a loss")
                found.append(varint(numbers[0][0] or numbers[0][1], 0)[0] if numbers else -int(lost[0]))
    return found


def partial_success(rejected):
    """`partial_success.rejected_log_records`, or `rejected_spans`: the same bytes."""
    number = b""
    while rejected > 127:
        number += bytes([rejected & 127 | 128])
        rejected >>= 7
    inner = b"\x08" + number + bytes([rejected]) + b"\x12\x07refused"
    return b"\x0a" + bytes([len(inner)]) + inner


def numbers_of(path, body):
    if path in ("/v1/logs", "/v1/traces"):
        return of_otlp(body)
    if "_bulk" in path:
        lines = [line for line in body.split(b"\n") if line]
        if len(lines) % 2 or not all(line.startswith(b'{"create"') for line in lines[::2]):
            raise ValueError("no bulk of creations")
        return [number_of(line) for line in lines[1::2]]
    push = json.loads(body)
    values = [value for stream in push["streams"] for value in stream["values"]]
    return [number_of(line) for _, line, _ in values]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Answers leave in one piece, so that no end of a connection waits for the other's acknowledgement.
    wbufsize = 65536

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self, said=b""):
        """Says so much, and resets the connection."""
        self.wfile.write(said)
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def do_GET(self):
        with LOCK:
            said = f"{Seen.accepted} {Seen.twice} {Seen.disordered} {Seen.requests} {Seen.told}"
        self.answer(200, said.encode())

    def good(self, bulk, numbers, statuses=None):
        """Takes those whose status is one of success, and says so of each."""
        statuses = statuses or [201] * len(numbers)
        take(number for number, status in zip(numbers, statuses) if status < 300)
        if self.path.startswith("/v1/"):
            rejected = sum(status >= 300 for status in statuses)
            said = partial_success(rejected) if rejected else b""
            return self.answer(200, said, Content_Type="application/x-protobuf")
        if not bulk:
            return self.answer(204)
        items = [{"create": {"status": status}} for status in statuses]
        answer = {"errors": any(status >= 300 for status in statuses), "items": items}
        return self.answer(200, json.dumps(answer).encode(), Content_Type="application/json")

    def do_POST(self):
        try:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Encoding"] == "gzip"
            body = gzip.decompress(raw)
            bulk = "_bulk" in self.path
            numbers = numbers_of(self.path, body)
        except Exception as error:
            return self.answer(400, repr(error).encode())
        with LOCK:
            if numbers and max(numbers) < 0 and MODE not in ("flap", "hang"):
                # What is told beside records is in no book, and changes nothing for them.
                return self.good(bulk, numbers)
            Seen.requests += 1
            turn = Seen.requests
            if MODE == "400":
                return self.answer(400, b"no")
            if MODE == "413" and len(body) > 60_000:
                return self.answer(413, b"too large")
            if MODE == "429" and turn in (2, 4):
                return self.answer(429, b"slow down", Retry_After="1")
            if MODE == "503" and turn % 2:
                return self.answer(503, b"not now")
            if MODE == "cut" and turn % 3 == 1:
                return self.cut(b"HTTP/1.1 20")
            if MODE == "lie" and turn % 2:
                if bulk or self.path.startswith("/v1/"):
                    return self.answer(200, b"<html>all is well</html>", Content_Type="text/html")
                return self.answer(260, b"")
            if MODE == "partial":
                # Of OTLP none is for later.
                first = bulk and turn % 2
                of = lambda number: 400 if number % 7 == 0 else 429 if first and number % 10 == 3 else 201
                return self.good(bulk, numbers, [201 if number < 0 else of(number) for number in numbers])
            if MODE == "flap" and int((time.monotonic() - BEGUN) * 4) % 2:
                return self.cut()
            if MODE != "hang" or turn > 2:
                return self.good(bulk, numbers)
        # Longer than anybody waits.
        time.sleep(10)
        self.close_connection = True


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_):
        pass


Server(("127.0.0.1", PORT), Handler).serve_forever()
