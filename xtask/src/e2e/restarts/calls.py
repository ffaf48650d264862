"""Calls payments over several connections until a line comes, and says how many calls were answered."""

import json
import sys
import threading
import time

import grpc

# PayRequest { order: 7, amount_cents: 1250 } and the beginning of PayReply { payment: ".." }, by payments.proto.
REQUEST = b"\x08\x07\x10\xe2\x09"
REPLY = b"\x0a"
# How long each thinks between its calls.
PAUSES = [0, 0.002, 0.011, 0.083]

over = threading.Event()
seen = {"sent": 0, "answered": 0, "faults": []}
lock = threading.Lock()


def calls(pause):
    # Connections of their own.
    channel = grpc.insecure_channel(sys.argv[1], options=[("grpc.use_local_subchannel_pool", 1)])
    pay = channel.unary_unary("/shop.v2.Payments/Pay")
    sent = answered = 0
    faults = []
    while not over.is_set():
        sent += 1
        try:
            answered += pay(REQUEST, timeout=10, wait_for_ready=True).startswith(REPLY)
        except grpc.RpcError as error:
            faults.append(f"{error.code()}: {error.details()}")
        time.sleep(pause)
    channel.close()
    with lock:
        seen["sent"] += sent
        seen["answered"] += answered
        seen["faults"] += faults[:5]


threads = [threading.Thread(target=calls, args=(pause,)) for pause in PAUSES]
for thread in threads:
    thread.start()
sys.stdin.readline()
over.set()
for thread in threads:
    thread.join()
print(json.dumps(seen))
