"""The whole surface of PyPI's toxiproxy-python over the API on 127.0.0.1:PORT, in front of an echo at UPSTREAM."""

import socket
import sys
import time

from toxiproxy import Toxiproxy
from toxiproxy.exceptions import InvalidToxic, NotFound, ProxyExists

port, upstream = int(sys.argv[1]), sys.argv[2]
server = Toxiproxy()
server.update_api_consumer("127.0.0.1", port)


def raises(kind, action):
    try:
        action()
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


def echo(proxy):
    host, own = proxy.listen.rsplit(":", 1)
    with socket.create_connection((host, int(own)), timeout=10) as client:
        begun = time.monotonic()
        client.sendall(b"x")
        assert client.recv(1) == b"x"
        return time.monotonic() - begun


assert server.running() and b"2.12.0" in server.version()
assert server.proxies() == {} and server.get_proxy("db") is None

db = server.create(upstream=upstream, name="db")
assert db.enabled and db.upstream == upstream and not db.listen.endswith(":0")
raises(ProxyExists, lambda: server.create(upstream=upstream, name="db"))
echo(db)

db.add_toxic(type="latency", attributes={"latency": 50, "jitter": 0})
db.add_toxic(type="latency", name="more", stream="upstream", attributes={"latency": 30})
assert echo(db) >= 0.08
db.add_toxic(type="bandwidth", name="half", toxicity=0.5, attributes={"rate": 1000})
toxics = db.toxics()
assert set(toxics) == {"latency_downstream", "more", "half"}
assert db.get_toxic("half").toxicity == 0.5 and db.get_toxic("more").attributes["latency"] == 30
raises(ProxyExists, lambda: db.add_toxic(type="slicer", name="half"))
raises(InvalidToxic, lambda: db.add_toxic(type="nosuch"))
raises(InvalidToxic, lambda: db.add_toxic(type="latency", name="way", stream="sideways"))
assert db.destroy_toxic("half") and db.get_toxic("half") is None
raises(NotFound, lambda: db.destroy_toxic("half"))

with db.down():
    raises(ConnectionRefusedError, lambda: echo(db))
    assert not server.get_proxy("db").enabled
echo(db)

db.disable()
assert server.reset() and server.get_proxy("db").enabled and db.toxics() == {}

made = server.populate([
    {"name": "db", "upstream": upstream, "listen": db.listen},
    {"name": "cache", "upstream": upstream, "listen": "127.0.0.1:0", "enabled": False},
])
assert [proxy.name for proxy in made] == ["cache"] and set(server.proxies()) == {"db", "cache"}
assert server.destroy(server.get_proxy("cache"))
raises(NotFound, server.proxies()["db"].__class__(name="gone", upstream="", enabled=True, listen="").destroy)
server.destroy_all()
assert server.proxies() == {}
