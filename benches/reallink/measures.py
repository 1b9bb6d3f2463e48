"""What is measured over a path, whichever it is."""

import contextlib
import itertools
import random
import socket
import threading
import time
from dataclasses import dataclass
from typing import Callable, Optional

from paths import Path
from server import Secured
from wire import AGES, KB, MARKS, MB, MESSAGES, REQUEST, SEND, SINK, STAMP, STARTUP, STREAM
from wire import ask, receive, receive_ages, receive_to, stamped


@dataclass(frozen=True)
class Effort:
    """How often, and how long, things are measured."""

    repeats: int
    seconds: float


THOROUGH, QUICK = Effort(repeats=5, seconds=30), Effort(repeats=3, seconds=12)

# Samples by the name of their figure.
Samples = dict[str, list]


def repeated(effort: Effort, once: Callable[[], dict]) -> Samples:
    rows = [once() for _ in range(effort.repeats)]
    return {key: [row[key] for row in rows] for key in rows[0]}


def together(tasks: list[Callable]) -> None:
    """Runs tasks in threads, and raises what the first that failed raised."""
    failures = []

    def run(task: Callable) -> None:
        try:
            task()
        except Exception as failure:  # noqa: BLE001 (raised below)
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(task,), daemon=True) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


# A page: its document, then objects of 2 to 300 kB in a fixed order, over six connections.
DOCUMENT = 30 * KB
OBJECTS = [int(2000 * 150 ** (index / 29)) for index in range(30)]
random.Random(5).shuffle(OBJECTS)
REQUEST_HEAD = 400
CONNECTIONS = 6


def load_page(path: Path, effort: Effort, every: Optional[float] = None) -> Samples:
    """The time that the page takes, again and again; begun at fixed moments of the line where those are given."""
    rounds = itertools.count()

    def fetch(sock: socket.socket, size: int) -> None:
        # A request of a browser's size: its rest is asked for as nothing.
        sock.sendall(REQUEST.pack(SEND, 0, 0, 0) * (REQUEST_HEAD // REQUEST.size - 1) + REQUEST.pack(SEND, size, 0, 0))
        receive(sock, size)

    def once() -> dict:
        if every:
            wait_for(path, 1 + every * next(rounds))
        began = time.perf_counter()
        first = path.connect()
        fetch(first, DOCUMENT)
        left, lock = list(OBJECTS), threading.Lock()

        def take() -> Optional[int]:
            with lock:
                return left.pop(0) if left else None

        def load(sock: Optional[socket.socket]) -> None:
            while size := take():
                sock = sock or path.connect()
                fetch(sock, size)
            if sock:
                sock.close()

        together([lambda sock=sock: load(sock) for sock in [first] + [None] * (CONNECTIONS - 1)])
        return {"page": time.perf_counter() - began}

    return repeated(effort, once)


def wait_for(path: Path, moment: float) -> None:
    """Waits until so many seconds after the line began: both sides are then at the same place of a trace."""
    time.sleep(max(0.0, path.began + moment - time.perf_counter()))


def new_connection(path: Path, effort: Effort, most: int = 10 * MB) -> Samples:
    """From before connect() until so many bytes have come down."""
    marks = [mark for mark in MARKS if mark <= most]

    def once() -> dict:
        began = time.perf_counter()
        sock = path.connect()
        ask(sock, SEND, most)
        times = []
        for passed in receive_to(sock, marks):
            times += [time.perf_counter() - began] * passed
        sock.close()
        return dict(zip(marks, times))

    return repeated(effort, once)


def new_upload(path: Path, effort: Effort, most: int = 10 * MB) -> Samples:
    """From before connect() until so many bytes have come to the server, which tells of it when all have."""
    marks = [mark for mark in MARKS if mark <= most]
    # One write, so that no packet of the first window is the request's alone.
    upload = REQUEST.pack(SINK, most, 0, 0) + bytes(most)

    def once() -> dict:
        began = time.perf_counter()
        sock = path.connect()
        threading.Thread(target=lambda: sock.sendall(upload), daemon=True).start()
        times = [STAMP.unpack(receive(sock, STAMP.size))[0] - began for _ in marks]
        sock.close()
        return dict(zip(marks, times))

    return repeated(effort, once)


def warm_connection(path: Path, effort: Effort) -> Samples:
    def once() -> dict:
        sock = path.connect()
        ask(sock, SEND, 10 * MB)
        receive(sock, 10 * MB)
        times = {}
        for name, rest in (("at once", 0), ("rested", 1.5)):
            time.sleep(rest)
            began = time.perf_counter()
            ask(sock, SEND, 1 * MB)
            receive(sock, 1 * MB)
            times[name] = time.perf_counter() - began
        sock.close()
        return times

    return repeated(effort, once)


def small_messages(path: Path, effort: Effort, size: int, a_second: int) -> Samples:
    """One-way delays of a stream of messages, from as many streams as make about 400 messages a second."""
    count, delays = int(effort.seconds * a_second), []

    def stream() -> None:
        sock = path.connect()
        ask(sock, MESSAGES, count, size, 1_000_000 // a_second)
        for number, delay in enumerate(receive_ages(sock, size), 1):
            delays.append(delay)
            if number == count:
                break
        sock.close()

    together([stream] * max(4, 400 // a_second))
    return {"delay": delays}


def bulk(path: Path, effort: Effort, flows: int, begins: float = 0) -> Samples:
    """The rate of streams that go on for the whole time, in kB/s."""
    seconds, rates = effort.seconds * 4 / 3, []
    wait_for(path, begins)

    def stream() -> None:
        began, got, buffer = time.perf_counter(), 0, bytearray(1 << 18)
        sock = path.connect()
        ask(sock, STREAM)
        while time.perf_counter() < began + seconds:
            got += sock.recv_into(buffer)
        sock.close()
        rates.append(got / (time.perf_counter() - began) / KB)

    together([stream] * flows)
    return {"rate": rates}


def exchange(sock: socket.socket) -> float:
    """The time of a request and its answer of 64 bytes."""
    began = time.perf_counter()
    ask(sock, SEND, 64)
    receive(sock, 64)
    return time.perf_counter() - began


def exchanges(path: Path, effort: Effort) -> Samples:
    """Requests and answers, one after the other on each of 24 connections."""
    times = []

    def client() -> None:
        end = time.perf_counter() + effort.seconds * 4 / 3
        sock = path.connect()
        while time.perf_counter() < end:
            times.append(exchange(sock))
        sock.close()

    together([client] * 24)
    return {"exchange": times}


def beside_download(path: Path, effort: Effort, begins: float = 0) -> Samples:
    """Exchanges of one connection while another one downloads; from the tenth second on, when the queue is as it stays."""
    times, over = [], threading.Event()
    wait_for(path, begins)

    def download() -> None:
        sock, buffer = path.connect(), bytearray(1 << 16)
        ask(sock, STREAM)
        while not over.is_set():
            sock.recv_into(buffer)
        sock.close()

    def requests() -> None:
        try:
            sock = path.connect()
            time.sleep(10)
            end, pauses = time.perf_counter() + effort.seconds, random.Random(1)
            while time.perf_counter() < end:
                times.append(exchange(sock))
                time.sleep(pauses.uniform(0.02, 0.06))
            sock.close()
        finally:
            over.set()

    together([download, requests])
    return {"exchange": times}


AGED = 1_000
# When the ages are taken that are compared with one another, in seconds from the beginning.
EARLY, LATE = (4, 8), (12, 16)


def ages_of_bytes(path: Path, effort: Effort, up: bool = False) -> Samples:
    """How old messages of a sender that writes as fast as it can are when they arrive, as (since the beginning, age)."""
    ages, began = [], time.perf_counter()
    sock = path.connect()
    if up:
        ask(sock, AGES, size=AGED)

        def write() -> None:
            with contextlib.suppress(OSError):
                while True:
                    sock.sendall(stamped(AGED))

        threading.Thread(target=write, daemon=True).start()
        arrived = (STAMP.unpack(receive(sock, STAMP.size))[0] for _ in iter(int, 1))
    else:
        ask(sock, STREAM, size=AGED)
        arrived = receive_ages(sock, AGED)
    for age in arrived:
        at = time.perf_counter() - began
        if at > LATE[1]:
            break
        ages.append((at, age))
    # An upload's thread is in the middle of a write: this ends it.
    with contextlib.suppress(OSError):
        sock.shutdown(socket.SHUT_RDWR)
    return {"age": ages}


def late_starter(path: Path, effort: Effort) -> Samples:
    """The share of a download that begins 5 s after another one, of all that comes in its first 10 s."""
    got, began = [0, 0], time.perf_counter()

    def download(index: int) -> None:
        time.sleep(5 * index)
        sock, buffer = path.connect(), bytearray(1 << 16)
        ask(sock, STREAM)
        while (at := time.perf_counter() - began) < 15:
            count = sock.recv_into(buffer)
            if at >= 5:
                got[index] += count
        sock.close()

    together([lambda: download(0), lambda: download(1)])
    return {"share": [100 * got[1] / sum(got)]}


def first_byte(path: Path, effort: Effort, secured: Secured) -> Samples:
    """From before connect() to the first byte of an answer. Over the real link the client speaks TLS, behind the desk the desk."""

    def once() -> dict:
        began = time.perf_counter()
        sock = path.connect()
        if secured.postgres:
            sock.sendall(STARTUP)
        else:
            ask(sock, SEND, 1)
        receive(sock, 1)
        took = time.perf_counter() - began
        if secured.resumed and path.context:
            path.session = sock.session
        sock.close()
        return {"first byte": took}

    if secured.resumed:
        once()
    return repeated(effort, once)
