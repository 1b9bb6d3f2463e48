"""One client of a server on a port of this machine, with the habits that its library was told: clients.py LIBRARY PORT.

It asks until it is ended, and says on a line when a request is over with all its attempts, before it pauses: so whoever listens
knows which attempts are one request's.
"""

import asyncio
import itertools
import random
import sys
import time

library, port = sys.argv[1], int(sys.argv[2])


def url(n):
    return f"http://127.0.0.1:{port}/items/{n}"


def forever(ask):
    for n in itertools.count(1):
        try:
            ask(n)
        except Exception:
            pass
        print(n, flush=True)
        time.sleep(random.uniform(0.25, 0.35))


def with_urllib3():
    import urllib3

    retries = urllib3.Retry(total=3, backoff_factor=0.2)
    pool = urllib3.PoolManager(timeout=0.5, retries=retries)
    forever(lambda n: pool.request("GET", url(n)))


def with_requests():
    import requests

    session = requests.Session()
    forever(lambda n: session.get(url(n), timeout=0.8))


def with_httpx():
    import httpx

    client = httpx.Client(timeout=1.0)
    forever(lambda n: client.get(url(n)))


def with_tenacity():
    import requests
    import tenacity

    session = requests.Session()
    retry = tenacity.retry(
        stop=tenacity.stop_after_attempt(4), wait=tenacity.wait_fixed(0.5)
    )
    forever(retry(lambda n: session.get(url(n), timeout=0.5)))


def with_aiohttp():
    import aiohttp

    async def run():
        timeout = aiohttp.ClientTimeout(total=0.7)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for n in itertools.count(1):
                try:
                    async with session.get(url(n)) as answer:
                        await answer.read()
                except Exception:
                    pass
                print(n, flush=True)
                await asyncio.sleep(random.uniform(0.25, 0.35))

    asyncio.run(run())


def with_redis():
    import redis
    from redis.backoff import ConstantBackoff
    from redis.retry import Retry

    retry = Retry(ConstantBackoff(0.5), 3)
    client = redis.Redis(port=port, socket_timeout=0.5, retry=retry)
    forever(lambda n: client.get(f"item:{n}"))


def with_psycopg_pool():
    import psycopg_pool

    # Where, as whom and into what is in the environment.
    pool = psycopg_pool.ConnectionPool("", min_size=3, max_size=3, open=True)

    def ask(n):
        # One is taken while another is in use, so that all three have their turn.
        with pool.connection() as one, pool.connection() as two:
            one.execute(f"select {n}")
            two.execute(f"select {n}")

    forever(ask)


globals()[f"with_{library}"]()
