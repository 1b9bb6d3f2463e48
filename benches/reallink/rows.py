"""The rows of the table: on which line, what is measured, which figure is shown, and what it must be."""

import ssl
import statistics
from dataclasses import dataclass, field
from typing import Callable, Optional

import measures
from measures import EARLY, LATE, Samples
from paths import Line
from server import Secured
from wire import KB, MARKS, MB


@dataclass(frozen=True)
class Bar:
    """What a figure behind the desk must be."""

    words: str
    met: Callable[[float, float], bool]


def ratio(low: float, high: float) -> Bar:
    return Bar(f"{low:.2f} to {high:.2f}", lambda real, desk: low <= desk / real <= high)


def at_most(most: float, unit: str) -> Bar:
    return Bar(f"at most {most:g}{unit}", lambda _real, desk: desk <= most)


def median(samples: list) -> float:
    return statistics.median(samples)


def mean(samples: list) -> float:
    return statistics.fmean(samples)


def ninth_decile(samples: list) -> float:
    return sorted(samples)[int(len(samples) * 0.9)]


def age_in(window: tuple[float, float]) -> Callable[[list], float]:
    return lambda samples: median([age for at, age in samples if window[0] <= at < window[1]])


def growth(samples: list) -> float:
    return age_in(LATE)(samples) / age_in(EARLY)(samples)


@dataclass(frozen=True)
class Figure:
    """What of the samples is shown in a line of the table."""

    title: str
    key: object
    reduce: Callable[[list], float]
    bar: Bar
    unit: str = "ms"

    def shown(self, value: float) -> str:
        if self.unit == "ms":
            return f"{value:.2f} s" if value >= 10 else f"{value * 1e3:.0f} ms"
        return f"{value:.2f}" if not self.unit else f"{value:.0f} {self.unit}"


@dataclass(frozen=True)
class Bench:
    """A measurement that is made over the real link and behind the desk."""

    name: str
    line: Line
    measure: Callable[..., Samples]
    figures: tuple
    sender: str = "cubic"
    secured: Optional[Secured] = None
    # A preset of the program has this line.
    preset: Optional[str] = None
    # Nothing else may run meanwhile: it is as fast as the machine.
    alone: bool = False
    # Over so many lines of their own, each with its own seed.
    lines: int = 1
    options: dict = field(default_factory=dict)


CLOSE, WIDE, FREE = ratio(0.9, 1.1), ratio(0.85, 1.15), ratio(0.75, 1.25)
SENDERS = ("cubic", "reno", "bbr")
# The slow presets have a queue of 50 packets of 1,500 bytes, as the rig had that their figures are from.
PRESETS = {
    "dsl": Line(50, 1500, 384, room=75_000),
    "3g": Line(300, 1600, 768, room=75_000),
    "fast-4g": Line(60, 9000, 1500, room=75_000),
    "transatlantic": Line(75),
    "geo-satellite": Line(683, 47790, 2430, loss=1),
}


def size_figures(most: int, bar: Bar) -> tuple:
    return tuple(
        Figure(f"{mark // KB} kB" if mark < MB else f"{mark // MB} MB", mark, median, bar)
        for mark in MARKS
        if mark <= most
    )


def benches():
    for preset, line in PRESETS.items():
        # Random loss makes the same page 9 s and 19 s: its median needs more of them.
        lines = 6 if line.loss else 1
        yield Bench(
            f"page-{preset}",
            line,
            measures.load_page,
            (Figure("", "page", median, CLOSE),),
            preset=preset,
            alone=not line.down,
            lines=lines,
        )
    yield from traced()
    yield from new_connections()
    yield Bench(
        "warm-100ms",
        Line(100),
        measures.warm_connection,
        (Figure("1 MB at once", "at once", median, WIDE), Figure("1 MB after 1.5 s of rest", "rested", median, WIDE)),
        alone=True,
    )
    for size, a_second in ((1400, 20), (200, 20), (200, 50), (100, 150)):
        for loss in (1, 3):
            figures = (Figure("mean", "delay", mean, WIDE), Figure("p90", "delay", ninth_decile, FREE))
            options = {"size": size, "a_second": a_second}
            name = f"messages-{size}B-{a_second}/s-loss-{loss}%"
            yield Bench(name, Line(100, loss=loss), measures.small_messages, figures, options=options)
    yield from under_loss()
    for queue in (50, 200, 1000):
        for sender, bar in (("cubic", WIDE), ("bbr", FREE)):
            line, figures = Line(40, 1000, 1000, queue), (Figure("", "exchange", mean, bar),)
            yield Bench(f"queue-{queue}ms-{sender}", line, measures.beside_download, figures, sender)
    for sender, bar in (("cubic", ratio(0.5, 1.5)), ("bbr", at_most(10, " s"))):
        for direction in ("down", "up"):
            figures = (
                Figure("after 12 to 16 s", "age", age_in(LATE), bar),
                Figure("of that after 4 to 8 s", "age", growth, at_most(1.25, ""), ""),
            )
            options = {"up": direction == "up"}
            yield Bench(
                f"age-{sender}-{direction}",
                Line(40, 800, 800),
                measures.ages_of_bytes,
                figures,
                sender,
                options=options,
            )
    for sender in ("cubic", "bbr"):
        figures = (Figure("", "share", mean, ratio(0.8, 1.2), "%"),)
        yield Bench(f"share-{sender}", Line(40, 10_000, 10_000), measures.late_starter, figures, sender, lines=3)
    yield from handshakes()


def traced():
    """The presets whose rate follows a trace, from the same place of it on both sides."""
    for name, preset, trip in (("trace-lte", "lte-moving", 70), ("trace-train", "train", 80)):
        line = Line(trip, room=750_000, trace=preset)
        for work, measure, figure, options in (
            ("page", measures.load_page, Figure("", "page", mean, CLOSE), {"every": 20}),
            ("bulk", measures.bulk, Figure("", "rate", mean, CLOSE, "kB/s"), {"flows": 1, "begins": 1}),
            ("request", measures.beside_download, Figure("", "exchange", mean, CLOSE), {"begins": 1}),
        ):
            yield Bench(f"{name}-{work}", line, measure, (figure,), preset=preset, options=options)


def new_connections():
    """Down and up, at each round trip without a rate and at each rate. A slow line is spared 10 MB."""
    for trip in (100, 20, 600):
        for megabits in (0, 1, 10, 50):
            for name, measure in (("new", measures.new_connection), ("up", measures.new_upload)):
                rate, most = megabits * 1_000, 1 * MB if megabits == 1 else 10 * MB
                bar = WIDE if (name, trip, rate) == ("new", 100, 0) else CLOSE
                yield Bench(
                    f"{name}-{trip}ms" + (f"-{megabits}Mbit/s" if rate else ""),
                    Line(trip, rate, rate),
                    measure,
                    size_figures(most, bar),
                    alone=not rate,
                    options={"most": most},
                )


def under_loss():
    for sender in SENDERS:
        for loss in (1, 3):
            # BBR does not mind loss: without a rate nothing would bound it.
            rate, flows = (20_000, 1) if sender == "bbr" else (0, 16)
            line, bar = Line(100, rate, rate, loss=loss), ratio(0.92, 1.08)
            figures = (Figure("", "rate", mean, bar, "kB/s"),)
            yield Bench(f"bulk-{sender}-loss-{loss}%", line, measures.bulk, figures, sender, options={"flows": flows})
            figures = (Figure("", "exchange", mean, bar),)
            yield Bench(f"exchange-{sender}-loss-{loss}%", line, measures.exchanges, figures, sender)


def handshakes():
    tls12, tls13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
    for name, secured in (
        ("https-TLS-1.3", Secured(tls13)),
        ("https-TLS-1.2", Secured(tls12)),
        ("https-TLS-1.3-resumed", Secured(tls13, resumed=True)),
        ("https-TLS-1.2-resumed", Secured(tls12, resumed=True)),
        ("psqls", Secured(tls13, postgres=True)),
    ):
        figures = (Figure("first byte", "first byte", median, ratio(0.97, 1.03)),)
        yield Bench(name, Line(100), measures.first_byte, figures, secured=secured, options={"secured": secured})


BENCHES = {bench.name: bench for bench in benches()}
