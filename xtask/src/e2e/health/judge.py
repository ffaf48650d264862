"""A client of grpc.health.v1 by grpcio: a line in asks, a line out answers."""
import sys
import threading
import time

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

stub = health_pb2_grpc.HealthStub(grpc.insecure_channel(sys.argv[1]))
status = health_pb2.HealthCheckResponse.ServingStatus.Name
watched = {}


def request(name):
    return health_pb2.HealthCheckRequest(service=name)


def check(name):
    try:
        return status(stub.Check(request(name), timeout=10).status)
    except grpc.RpcError as error:
        return error.code().name


def listed():
    statuses = stub.List(health_pb2.HealthListRequest(), timeout=10).statuses
    return " ".join(f"{name or '-'}={status(statuses[name].status)}" for name in sorted(statuses))


def watch(name):
    told = watched[name] = []

    def follow():
        call = stub.Watch(request(name))
        try:
            for answer in call:
                told.append(status(answer.status))
            told.append(call.code().name)
        except grpc.RpcError as error:
            told.append(error.code().name)

    threading.Thread(target=follow, daemon=True).start()
    return "begun"


def burst(count):
    """How long each of so many checks takes, in microseconds, and what they say."""
    took, said = [], set()
    for _ in range(count):
        begun = time.monotonic()
        said.add(check(""))
        took.append(int((time.monotonic() - begun) * 1e6))
    return " ".join(sorted(said)) + " " + ",".join(map(str, took))


for line in sys.stdin:
    what, _, name = line.rstrip("\n").partition(" ")
    if what == "check":
        answer = check(name)
    elif what == "list":
        answer = listed()
    elif what == "watch":
        answer = watch(name)
    elif what == "told":
        answer = " ".join(watched[name])
    else:
        answer = burst(int(name))
    print(answer, flush=True)
