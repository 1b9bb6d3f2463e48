#!/usr/bin/env python3
"""What the API costs and how soon it answers, with as many connections as there can be. See README.md beside it."""
import http.client
import json
import multiprocessing
import os
import re
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import threading
import time

CROWD = 10_000
OTHERS = 100
#: Small messages a second over the whole crowd.
RATE = 2_000
#: What a connection shows changes for about two seconds after a message: so many messages a second change this part of all of them.
CHANGES = {"none": 0, "a tenth": CROWD // 20, "all": CROWD // 2}
#: What can be measured by itself, in the order of the table.
PARTS = ["answers", "streams", "changes", "throughput", "stall"]


def listen():
    server = socket.create_server(("127.0.0.1", 0), backlog=4096)
    return server, server.getsockname()[1]


def echo(server):
    """Gives back whatever comes."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    server.setblocking(False)
    ready = selectors.DefaultSelector()
    ready.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in ready.select():
            if key.fileobj is server:
                client, _ = server.accept()
                ready.register(client, selectors.EVENT_READ)
                continue
            try:
                came = key.fileobj.recv(65536)
                if came:
                    key.fileobj.send(came)
                    continue
            except OSError:
                pass
            ready.unregister(key.fileobj)
            key.fileobj.close()


def source(server):
    """Sends as fast as it is read."""
    block = bytes(1 << 20)
    while True:
        client, _ = server.accept()
        try:
            while True:
                client.sendall(block)
        except OSError:
            client.close()


def crowd(port, size, rate, at_work, stop):
    """Opens connections, and sends a small message on each in turn."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(size)]
    for client in clients:
        client.setblocking(False)
    at_work.set()
    due, sent = time.monotonic(), 0
    while not stop.is_set():
        now = time.monotonic()
        # What it was late by for long is not made good.
        due = max(due, now - 0.5) if rate.value else now
        while due < now and rate.value:
            due += 1 / rate.value
            client = clients[sent % size]
            for step in (lambda: client.recv(65536), lambda: client.send(bytes(64))):
                try:
                    step()
                except BlockingIOError:
                    pass
            sent += 1
        time.sleep(0.005)


class Desk:
    def __init__(self, program, upstreams):
        maps = [f"0=127.0.0.1:{port} as {name}" for name, port in upstreams.items()]
        words = [program, "--headless", "--quiet-connections", "--api=127.0.0.1:0", *maps]
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.ports, self.notes = {}, []
        for line in self.process.stdout:
            told = json.loads(line)
            if told["event"] == "listening":
                self.ports[told["proxy"]] = int(told["address"].rsplit(":", 1)[1])
            found = re.search(r"the API answers on .*:(\d+)", told.get("note", ""))
            if found:
                self.api = int(found[1])
                break
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            told = json.loads(line)
            if told["event"] == "note":
                self.notes.append(told["note"])

    def cpu(self):
        """Seconds of processor time of all its threads."""
        folder, total = f"/proc/{self.process.pid}/task", 0
        for task in os.listdir(folder):
            with open(f"{folder}/{task}/schedstat") as stat:
                total += int(stat.read().split()[0])
        return total / 1e9

    def share(self, seconds):
        """Processor time as a part of a core."""
        before, began = self.cpu(), time.monotonic()
        time.sleep(seconds)
        return (self.cpu() - before) / (time.monotonic() - began)

    def stream(self, conns):
        client = socket.create_connection(("127.0.0.1", self.api))
        client.sendall(f"GET /faultboard/v1/stream?conns={conns}&events=on HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        return client


class Reader:
    """Reads a stream and counts what comes."""

    def __init__(self, desk, conns):
        self.client, self.bytes, self.frames = desk.stream(conns), 0, 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            while came := self.client.recv(1 << 20):
                self.bytes += len(came)
                self.frames += came.count(b'{"frame":"delta"')
        except OSError:
            pass

    def end(self):
        self.client.shutdown(socket.SHUT_RDWR)
        self.client.close()


def changes(desk, name, count):
    """How long each change of a toxic takes to be answered, in milliseconds."""
    api = http.client.HTTPConnection("127.0.0.1", desk.api)
    took = []
    for number in range(count + 1):
        path = f"/proxies/{name}/toxics" + ("/slow" if number else "")
        body = {"name": "slow", "type": "latency", "attributes": {"latency": 1 + number % 5}}
        began = time.monotonic()
        api.request("POST", path, json.dumps(body))
        answer = api.getresponse()
        said = answer.read()
        took.append((time.monotonic() - began) * 1e3)
        assert answer.status == 200, said
    api.request("DELETE", f"/proxies/{name}/toxics/slow")
    api.getresponse().read()
    return took


def download(port, seconds):
    """Bytes a second through a proxy."""
    client = socket.create_connection(("127.0.0.1", port))
    view, total, began = bytearray(1 << 20), 0, time.monotonic()
    while time.monotonic() - began < seconds:
        total += client.recv_into(view)
    client.close()
    return total / (time.monotonic() - began)


def row(figure, goal, measured, met):
    print(f"| {figure} | {goal} | {measured} | {'yes' if met else 'NO'} |", flush=True)


def main():
    program, is_quick = sys.argv[1], "--quick" in sys.argv
    parts = [part for part in PARTS if f"--only={part}" in sys.argv] or PARTS
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    size = min(CROWD, (limit - OTHERS) // 2)
    echoes, sources = listen(), listen()
    helpers = [
        multiprocessing.Process(target=echo, args=(echoes[0],), daemon=True),
        multiprocessing.Process(target=source, args=(sources[0],), daemon=True),
    ]
    desk = None
    at_work, stop = multiprocessing.Event(), multiprocessing.Event()
    rate = multiprocessing.Value("d", RATE)
    try:
        for helper in helpers:
            helper.start()
        desk = Desk(program, {"crowd": echoes[1], "bulk": sources[1]})
        clients = multiprocessing.Process(target=crowd, args=(desk.ports["crowd"], size, rate, at_work, stop), daemon=True)
        clients.start()
        at_work.wait()
        time.sleep(3)
        print(f"{size} connections, {RATE} messages of 64 bytes a second\n")
        print("| figure | target | measured | met |\n|---|---|---|---|")
        for part in parts:
            if part != "stall" or not is_quick:
                MEASURES[part](desk, rate, *((3, 3) if is_quick else (5, 5)))
    finally:
        stop.set()
        if desk:
            desk.process.terminate()
        for helper in helpers:
            helper.terminate()


def answers(desk, rate, spans, rounds):
    took = changes(desk, "crowd", 100)
    row("a toxic's change, answered", "≤ 50 ms", f"median {statistics.median(took):.1f} ms, at most {max(took):.1f} ms", max(took) <= 50)
    deaf = socket.create_connection(("127.0.0.1", desk.ports["bulk"]))
    time.sleep(1)
    took = changes(desk, "bulk", 100)
    row("beside a client that does not read", "≤ 50 ms", f"median {statistics.median(took):.1f} ms, at most {max(took):.1f} ms", max(took) <= 50)
    deaf.close()
    time.sleep(1)


def cost(desk, conns, spans, rounds):
    """What a stream costs beside what the desk costs without, both as a part of a core, and what comes over it."""
    bare, told, frames, rate = [], [], 0, 0
    for _ in range(rounds):
        bare.append(desk.share(spans))
        reader = Reader(desk, conns)
        time.sleep(1)
        begun = reader.frames, reader.bytes
        told.append(desk.share(spans))
        frames = (reader.frames - begun[0]) / spans
        rate = (reader.bytes - begun[1]) / spans
        reader.end()
        time.sleep(0.5)
    costs = statistics.median(one - other for one, other in zip(told, bare))
    bare = statistics.median(bare)
    return costs, bare, f"{costs:.1%} of a core ({bare:.1%} without); {frames:.1f} frames and {rate / 1e3:.0f} kB a second"


def streams(desk, rate, spans, rounds):
    for conns, goal in ((1_000, 0.02), (CROWD, None)):
        costs, before, text = cost(desk, conns, spans, rounds)
        row(f"a stream of {conns} connections", f"≤ {goal:.0%}" if goal else "told", text, goal is None or costs <= goal)
    after = statistics.median(desk.share(spans) for _ in range(rounds))
    row("when nobody listens any more", "as before", f"{after:.1%} of a core, before {before:.1%}", after <= before + 0.005)


def changing(desk, rate, spans, rounds):
    for which, messages in CHANGES.items():
        rate.value = messages
        time.sleep(4)
        costs, _, text = cost(desk, CROWD, spans, rounds)
        row(f"a stream of {CROWD} connections, of which {which} change", "≤ 2%", text, costs <= 0.02)
    rate.value = RATE
    time.sleep(4)


def throughput(desk, rate, spans, rounds):
    bare, told = [], []
    for _ in range(4 * rounds):
        bare.append(download(desk.ports["bulk"], spans / 3))
        # Of its own: what it does is nothing to who downloads.
        url = f"http://127.0.0.1:{desk.api}/faultboard/v1/stream?events=on"
        reader = subprocess.Popen(["curl", "-sN", "-o", "/dev/null", url])
        # A stream that runs: what its beginning takes is over.
        time.sleep(1)
        told.append(download(desk.ports["bulk"], spans / 3))
        reader.terminate()
        reader.wait()
    part = statistics.median(one / other for one, other in zip(told, bare))
    row("throughput beside a stream", "≥ 99 %", f"{part:.1%} of {statistics.median(bare) / 1e6:.0f} MB/s", part >= 0.99)


def stall(desk, rate, spans, rounds):
    stalled, began = desk.stream(CROWD), time.monotonic()
    is_told = lambda: any("has read nothing of its stream" in note for note in desk.notes)
    while not is_told() and time.monotonic() - began < 150:
        time.sleep(0.5)
    row("a reader that stalls", "let go and told", f"after {time.monotonic() - began:.0f} s: {desk.notes[-1:]}", is_told())
    stalled.close()


MEASURES = dict(zip(PARTS, [answers, streams, changing, throughput, stall]))

if __name__ == "__main__":
    main()
