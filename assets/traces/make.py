#!/usr/bin/env python3
"""Makes the two traces beside it, from figures that are judgements and not a recording: python3 make.py

lte-moving: a minute in a car under LTE, a rate for each half second, a random walk from 0.5 to 20 Mbit/s.
train: two minutes in a train, a rate for each half second between 2 and 30 Mbit/s, none in tunnels of 3.5 and 5 seconds.
"""

import math
import random


def walk(seed, low, high, steps, stride):
    """A random walk by orders of magnitude, turned back at its ends."""
    dice = random.Random(seed)
    low, high = math.log(low), math.log(high)
    at = (low + high) / 2
    for _ in range(steps):
        at += dice.gauss(0, stride)
        at = 2 * low - at if at < low else 2 * high - at if at > high else at
        at = min(max(at, low), high)
        yield round(math.exp(at))


def write(name, rates):
    with open(f"{name}.csv", "w") as out:
        out.write(f"# {name}: made by make.py, not recorded. Rates in kbit/s.\ntime,rate\n")
        for number, rate in enumerate(rates):
            out.write(f"{number / 2:g},{rate}kbit/s\n")


write("lte-moving", walk(5, 500, 20_000, 120, 0.55))
train = list(walk(9, 2_000, 30_000, 240, 0.4))
for begin, time in [(31, 3.5), (84, 5)]:
    for step in range(int(begin * 2), int((begin + time) * 2)):
        train[step] = 0
write("train", train)
