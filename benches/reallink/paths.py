"""A line with its figures, and the two ways to have it: the real link, and the desk."""

import contextlib
import json
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path as File
from typing import Optional

from machine import Rig, end_with_parent, forget_path, new_namespace, set_sender, within
from server import Secured, running_server
from wire import SSL_REQUEST, receive

SERVER_ADDRESS = "10.77.0.2"
LOOPBACK = "127.0.0.1"
TRACES = File(__file__).parents[2] / "assets/traces"


@dataclass(frozen=True)
class Line:
    """The figures of a line: times in ms, rates in kbit/s (0: none), loss in per cent of the packets, each way."""

    trip: float
    down: float = 0
    up: float = 0
    queue: float = 200
    loss: float = 0
    # The queue in bytes, whatever the rate, where the line's source gives it so.
    room: Optional[float] = None
    # The name of a trace in assets/traces, which the rate follows both ways.
    trace: Optional[str] = None

    def queue_bytes(self, rate: float) -> float:
        """What waits before a rate; two packets at least, as behind the desk."""
        return self.room or max(3_000, rate * self.queue / 8)

    def faults(self, sender: str) -> str:
        """The line in the fault language."""
        parts = [f"tcp {sender}", f"latency {self.trip:g}ms"]
        for rate, direction in ((self.up, "up"), (self.down, "down")):
            if rate:
                parts.append(f"bandwidth {rate:g}kbit/s scope=proxy queue={self.queue:g}ms framing=ip {direction}")
        if self.loss:
            parts.append(f"loss {self.loss:g}%")
        return ", ".join(parts)


class Path:
    """A way to a server: over the real link (with a namespace) or through the desk."""

    def __init__(self, port: int, sender: str, namespace: Optional[int] = None):
        self.port, self.sender, self.namespace = port, sender, namespace
        self.address = LOOPBACK if namespace is None else SERVER_ADDRESS
        # Over the real link, the client speaks the TLS that the desk speaks in its place.
        self.context: Optional[ssl.SSLContext] = None
        self.postgres = False
        self.session: Optional[ssl.SSLSession] = None
        # How late the real link delivered its packets, in µs: in the mean, and at most. Known when it has ended.
        self.lateness: Optional[tuple[float, float]] = None
        # When its rate began to follow a trace.
        self.began = 0.0

    def connect(self) -> socket.socket:
        made = within(self.namespace, socket.socket)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Not what the machine's sockets have by default: an upload is sent by the client.
        set_sender(made, self.sender)
        made.settimeout(120)
        made.connect((self.address, self.port))
        if self.context:
            if self.postgres:
                made.sendall(SSL_REQUEST)
                receive(made, 1)
            made = self.context.wrap_socket(made, session=self.session)
        return made


@contextlib.contextmanager
def real_path(rig: Rig, line: Line, sender: str, secured: Optional[Secured], seed: int):
    """Linux's TCP over a link of its own."""
    with contextlib.ExitStack() as stack:
        client, server = (stack.enter_context(new_namespace()) for _ in range(2))
        figures = [line.trip / 2 * 1_000, line.up * 1_000, line.down * 1_000]
        figures += [line.queue_bytes(line.up), line.queue_bytes(line.down), line.loss * 1e4, line.loss * 1e4, seed]
        trace = [TRACES / f"{line.trace}.csv"] if line.trace else []
        link = subprocess.Popen(
            [rig.link, str(client), str(server), *(f"{figure:.0f}" for figure in figures), *trace],
            pass_fds=(client, server),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            if link.stdout.readline() != "up\n":
                raise OSError(f"the link did not start: {link.stderr.read().strip()}")
            began = time.perf_counter()
            with running_server(rig, server, SERVER_ADDRESS, sender, secured) as port:
                path = Path(port, sender, client)
                path.began = began
                if secured:
                    path.postgres = secured.postgres
                    path.context = ssl.create_default_context(cafile=rig.certificate)
                    path.context.check_hostname = False
                    path.context.maximum_version = secured.version
                yield path
            link.terminate()
            # A line for each direction; its last two words are the lateness.
            ends = [line.split()[-2:] for line in link.communicate(timeout=10)[1].splitlines()]
            path.lateness = tuple(max(map(float, column)) for column in zip(*ends))
        finally:
            link.kill()
            link.wait()


@contextlib.contextmanager
def desk_path(rig: Rig, arguments: list[str], sender: str, secured: Optional[Secured], seed: int):
    """Through the program. Both ends' kernels send with `sender` here too, as an application's would."""
    forget_path(LOOPBACK)
    with running_server(rig, None, LOOPBACK, sender, secured) as upstream:
        protocol = ("psqls://" if secured.postgres else "https://") if secured else ""
        options = ["--headless", "--seed", str(seed)]
        if secured:
            options += ["--ca-file", rig.certificate] + ([] if secured.resumed else ["--no-resumption"])
        desk = subprocess.Popen(
            [rig.desk, *options, *arguments, f"0={protocol}{LOOPBACK}:{upstream}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=end_with_parent,
        )
        try:
            for event in map(json.loads, desk.stdout):
                if event["event"] == "listening":
                    break
            else:
                raise OSError("faultboard did not start; it says why on the standard error")
            # Its events are read on, so that the pipe is never full.
            threading.Thread(target=lambda: [None for _ in desk.stdout], daemon=True).start()
            path = Path(int(event["address"].rsplit(":", 1)[1]), sender)
            # What it was started with was set when its time began.
            path.began = time.perf_counter() - event["t"]
            yield path
            if desk.poll() is not None:
                raise OSError(f"faultboard ended in the middle, with status {desk.returncode}")
        finally:
            desk.terminate()
            try:
                desk.wait(10)
            except subprocess.TimeoutExpired:
                desk.kill()
