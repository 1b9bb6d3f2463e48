"""What a run has built, and what it needs of the machine: namespaces, congestion controls, processes that end in time."""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
from dataclasses import dataclass
from typing import Callable, Optional

libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Rig:
    """What a run has built: the program that is measured, the link, and a folder with a certificate."""

    desk: str
    link: str
    folder: str

    @property
    def certificate(self) -> str:
        return f"{self.folder}/certificate"

    @property
    def key(self) -> str:
        return f"{self.folder}/key"


@contextlib.contextmanager
def new_namespace():
    """A network namespace, as a descriptor; it is gone with the last descriptor and process that holds it."""
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "cannot make a network namespace")
        made = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        libc.setns(home, CLONE_NEWNET)
    finally:
        os.close(home)
    try:
        yield made
    finally:
        os.close(made)


def within(namespace: Optional[int], make: Callable):
    """Calls in a namespace. A socket stays in the one it was made in."""
    if namespace is None:
        return make()
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.setns(namespace, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "cannot enter the namespace")
        return make()
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(home)


def set_sender(sock: socket.socket, sender: str) -> None:
    """Which congestion control the kernel uses for it."""
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, sender.encode())


def forget_path(addr: str) -> None:
    """Has the kernel forget what it remembers of the path to an address of this machine.

    Where it once saw segments overtake one another, each send buffer begins with 834 kB: the age of bytes would be that.
    """
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(["ip", "tcp_metrics", "delete", addr], stderr=subprocess.DEVNULL, check=False)


def end_with_parent() -> None:
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
