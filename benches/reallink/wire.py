"""What client and server say to each other, and how each reads it."""

import socket
import struct
import time

KB, MB = 1_000, 1_000_000
# The sizes at which a transfer is timed.
MARKS = [10 * KB, 100 * KB, 1 * MB, 10 * MB]

# A request: what is asked for, how many bytes or messages, of which size, and every how many microseconds.
REQUEST = struct.Struct(">IIII")
SEND, STREAM, MESSAGES, SINK, AGES = range(5)
STAMP = struct.Struct(">d")
BLOCK = memoryview(bytes(1 << 20))

# PostgreSQL's request for TLS, a client's first message after it, and the server's answer: authenticated.
SSL_REQUEST = struct.pack(">II", 8, 80877103)
STARTUP = struct.pack(">II", 20, 196608) + b"user\0bench\0\0"
AUTHENTICATED = b"R" + struct.pack(">II", 8, 0)


def ask(sock: socket.socket, kind: int, count: int = 0, size: int = 0, every: int = 0) -> None:
    sock.sendall(REQUEST.pack(kind, count, size, every))


def stamped(size: int) -> bytes:
    # The clock is one for all processes and namespaces of the machine.
    return STAMP.pack(time.perf_counter()) + b"m" * (size - STAMP.size)


def receive(sock: socket.socket, count: int) -> bytes:
    got = bytearray()
    while len(got) < count:
        piece = sock.recv(count - len(got))
        if not piece:
            raise EOFError(f"the connection ended after {len(got)} of {count} bytes")
        got += piece
    return bytes(got)


def receive_to(sock: socket.socket, marks: list[int]):
    """Reads up to the last mark, and yields how many marks each read passed, where it passed any."""
    left, got, buffer = list(marks), 0, bytearray(1 << 18)
    while left:
        count = sock.recv_into(buffer, min(len(buffer), marks[-1] - got))
        if not count:
            raise EOFError(f"the connection ended after {got} of {marks[-1]} bytes")
        got += count
        passed = sum(got >= mark for mark in left)
        del left[:passed]
        if passed:
            yield passed


def receive_ages(sock: socket.socket, size: int):
    """How old each message is when it arrives, in seconds."""
    waiting = bytearray()
    while piece := sock.recv(1 << 16):
        at = time.perf_counter()
        waiting += piece
        while len(waiting) >= size:
            yield at - STAMP.unpack_from(waiting)[0]
            del waiting[:size]
