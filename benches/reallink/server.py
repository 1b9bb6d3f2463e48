"""The server: the same behind the real link and behind the desk."""

import contextlib
import multiprocessing
import socket
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Optional

from machine import Rig, end_with_parent, set_sender, within
from wire import AGES, AUTHENTICATED, BLOCK, MARKS, MESSAGES, REQUEST, SEND, SINK, SSL_REQUEST, STAMP, STARTUP, STREAM
from wire import receive, receive_ages, receive_to, stamped


@dataclass(frozen=True)
class Secured:
    """How a server speaks TLS: the version, after PostgreSQL's request for it or at once, and whether sessions are resumed."""

    version: ssl.TLSVersion
    postgres: bool = False
    resumed: bool = False


@contextlib.contextmanager
def running_server(rig: Rig, namespace: Optional[int], address: str, sender: str, secured: Optional[Secured]):
    ours, its = multiprocessing.Pipe()
    process = multiprocessing.Process(target=serve, args=(rig, namespace, address, sender, secured, its), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join(10)


def serve(rig: Rig, namespace: Optional[int], address: str, sender: str, secured: Optional[Secured], ready) -> None:
    end_with_parent()
    context = None
    if secured:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(rig.certificate, rig.key)
        context.maximum_version = secured.version
    listener = within(namespace, socket.socket)
    set_sender(listener, sender)
    listener.bind((address, 0))
    listener.listen(512)
    ready.send(listener.getsockname()[1])
    while True:
        client, _ = listener.accept()
        threading.Thread(target=answer, args=(client, context, secured), daemon=True).start()


def answer(client: socket.socket, context: Optional[ssl.SSLContext], secured: Optional[Secured]) -> None:
    """Answers the requests of one connection until it ends."""
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        if secured and secured.postgres:
            receive(client, len(SSL_REQUEST))
            client.sendall(b"S")
        if context:
            client = context.wrap_socket(client, server_side=True)
        if secured and secured.postgres:
            receive(client, len(STARTUP))
            client.sendall(AUTHENTICATED)
        while True:
            kind, count, size, every = REQUEST.unpack(receive(client, REQUEST.size))
            ANSWERS[kind](client, count, size, every)
    except (OSError, EOFError):
        pass
    finally:
        client.close()


def send_bytes(client, count, _size, _every):
    while count:
        piece = min(count, len(BLOCK))
        client.sendall(BLOCK[:piece])
        count -= piece


def send_stream(client, _count, size, _every):
    """As fast as it goes, until the client closes; messages with the time at which they were written where a size is given."""
    while True:
        client.sendall(stamped(size) if size else bytes(65536))


def send_messages(client, count, size, every):
    began = time.perf_counter()
    for index in range(count):
        wait = began + index * every / 1e6 - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        client.sendall(stamped(size))


def sink_bytes(client, count, _size, _every):
    """Takes so many bytes, and answers when each mark was passed.

    At the end: a receiver that answers in the midst of an upload delays its acknowledgements, for it is taken to have
    more to say (Linux: `inet_csk_enter_pingpong_mode`).
    """
    marks = [mark for mark in MARKS if mark <= count]
    times = []
    for passed in receive_to(client, marks):
        times += [STAMP.pack(time.perf_counter())] * passed
    client.sendall(b"".join(times))


def tell_ages(client, _count, size, _every):
    """Answers each message with how old it was when it came."""
    for age in receive_ages(client, size):
        client.sendall(STAMP.pack(age))


ANSWERS = {SEND: send_bytes, STREAM: send_stream, MESSAGES: send_messages, SINK: sink_bytes, AGES: tell_ages}
