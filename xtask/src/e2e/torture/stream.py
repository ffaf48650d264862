"""A receiver of syslog over TCP that behaves as it is told, and counts the messages it has read whole.

Arguments: a port for messages with their length in front (RFC 6587), a port for `GET /counts`, and what it does:
`well`, `hang` (never reads), `cut` (resets each connection after 64 KiB), `flap` (takes connections for a quarter of a
second, and none in the next). Counts are `accepted twice disordered connections`.
"""

import re
import socket
import struct
import sys
import threading
import time

PORT, COUNTS, MODE = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
BEGUN = time.monotonic()
LOCK = threading.Lock()
ID = re.compile(rb'"id":(\d+)')
# What is behind one that begins later than all that were is out of order.
SEEN = {"accepted": 0, "twice": 0, "disordered": 0, "connections": 0}
KNOWN, LAST = set(), [-1]


def is_away():
    return MODE == "flap" and int((time.monotonic() - BEGUN) * 4) % 2 == 1


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def take(message):
    found = ID.search(message)
    if not found or not message.startswith(b"<"):
        # It tells of what was lost.
        return
    number = int(found[1])
    with LOCK:
        if number in KNOWN:
            SEEN["twice"] += 1
            return
        KNOWN.add(number)
        SEEN["accepted"] += 1
        SEEN["disordered"] += number < LAST[0]
        LAST[0] = max(LAST[0], number)


def read(connection):
    """Messages, to the end or to where it is cut."""
    rest, taken = b"", 0
    connection.settimeout(0.02)
    while True:
        if is_away():
            return reset(connection)
        try:
            came = connection.recv(65536)
        except TimeoutError:
            continue
        except OSError:
            return
        if not came:
            return connection.close()
        rest += came
        taken += len(came)
        while True:
            length, space, behind = rest.partition(b" ")
            if not space or len(behind) < int(length):
                break
            take(behind[: int(length)])
            rest = behind[int(length) :]
        if MODE == "cut" and taken > 65536:
            return reset(connection)


def counts():
    listener = socket.create_server(("127.0.0.1", COUNTS), backlog=16)
    while True:
        asked, _ = listener.accept()
        asked.recv(65536)
        with LOCK:
            body = " ".join(str(number) for number in SEEN.values())
        asked.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode())
        asked.close()


threading.Thread(target=counts, daemon=True).start()
while True:
    while is_away():
        time.sleep(0.005)
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Little, so that what is not read is not taken either.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096 if MODE == "hang" else 1 << 20)
    listener.bind(("127.0.0.1", PORT))
    listener.listen(0 if MODE == "hang" else 16)
    listener.settimeout(0.02)
    while not is_away():
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            continue
        with LOCK:
            SEEN["connections"] += 1
        if MODE == "hang":
            # One more waits to be taken, and that is all there is room for.
            time.sleep(3600)
        threading.Thread(target=read, args=(connection,), daemon=True).start()
    listener.close()
