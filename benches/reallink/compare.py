#!/usr/bin/env python3
"""Measures the same work over a real link and behind faultboard with the same figures, in one run, and prints a table.

    compare.py BIN [ROW...] [--quick] [--jobs N] [--list]

The real link is `link.c` between two network namespaces: what runs over it is Linux's own TCP. Behind the desk it is two
loopback connections and the fault language: `tcp`, `latency`, `bandwidth`, `loss`. A ROW is the beginning of a row's name
(`page`, `new-100ms`); without one, all are measured. Needs root, a C compiler and, for the rows with TLS, openssl. Where
namespaces or TUN are not allowed, one line says so and the exit status is 0; it is 1 where a measurement failed, and never
depends on the figures.
"""

import argparse
import json
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path as File
from typing import Optional

# The folder is the repository's: nothing compiled is left in it.
sys.dont_write_bytecode = True

from machine import Rig
from measures import QUICK, THOROUGH, Effort, Samples
from paths import LOOPBACK, SERVER_ADDRESS, Line, desk_path, real_path
from rows import BENCHES, Bench


@dataclass(frozen=True)
class Job:
    """One side of a bench over one line."""

    bench: str
    side: str
    seed: int


@dataclass
class Measured:
    samples: Samples
    lateness: Optional[tuple[float, float]]


def carry_out(rig: Rig, job: Job, effort: Effort) -> Measured:
    """Runs in a process of its own, so that no other measurement's threads hold it up."""
    bench = BENCHES[job.bench]
    if job.side == "real":
        way = real_path(rig, bench.line, bench.sender, bench.secured, job.seed)
    else:
        way = desk_path(rig, desk_arguments(rig, bench), bench.sender, bench.secured, job.seed)
    with way as path:
        samples = bench.measure(path, effort, **bench.options)
    return Measured(samples, path.lateness)


def desk_arguments(rig: Rig, bench: Bench) -> list[str]:
    """The preset itself where it has a sender; else its line in the fault language."""
    if bench.preset:
        listed = json.loads(subprocess.run([rig.desk, "presets", "--json"], capture_output=True, check=True).stdout)
        faults = next(preset["faults"] for preset in listed if preset["name"] == bench.preset)
        if "tcp" in faults.replace(",", " ").split():
            return ["-p", bench.preset]
    return ["-f", bench.line.faults(bench.sender)]


def measure_all(rig: Rig, chosen: list[Bench], effort: Effort, workers: int):
    """The samples of each bench's sides, what failed, and how late the links were."""
    results: dict[tuple[str, str], Samples] = {}
    failures, lateness = [], []
    fork = multiprocessing.get_context("fork")
    for alone, at_once in ((True, 1), (False, workers)):
        jobs = [
            Job(bench.name, side, seed)
            for bench in chosen
            for seed in range(1, bench.lines + 1)
            for side in ("real", "desk")
            if bench.alone == alone
        ]
        with ProcessPoolExecutor(at_once, mp_context=fork) as pool:
            running = {pool.submit(carry_out, rig, job, effort): job for job in jobs}
            for number, done in enumerate(as_completed(running), 1):
                job = running[done]
                print(f"{number}/{len(jobs)} {job.bench}, {job.side}", file=sys.stderr, flush=True)
                try:
                    measured = done.result()
                except Exception as failure:  # noqa: BLE001 (one that fails must not take the others with it)
                    failures.append(f"{job.bench}, {job.side}: {failure!r}")
                    continue
                samples = results.setdefault((job.bench, job.side), {})
                for key, more in measured.samples.items():
                    samples.setdefault(key, []).extend(more)
                if measured.lateness:
                    lateness.append(measured.lateness)
    return results, failures, lateness


def table(chosen: list[Bench], results: dict) -> list[str]:
    lines = ["| row | real | desk | desk / real | bar | met |", "|---|---|---|---|---|---|"]
    for bench in chosen:
        for figure in bench.figures:
            name = " ".join(filter(None, (bench.name, figure.title)))
            sides = [results.get((bench.name, side)) for side in ("real", "desk")]
            real, desk = (figure.reduce(samples[figure.key]) if samples else None for samples in sides)
            cells = [name, *("failed" if value is None else figure.shown(value) for value in (real, desk))]
            if real is None or desk is None:
                cells += ["", figure.bar.words, ""]
            else:
                cells += [f"{desk / real:.2f}", figure.bar.words, "yes" if figure.bar.met(real, desk) else "**no**"]
            lines.append("| " + " | ".join(cells) + " |")
    return lines


def what_forbids(rig: Rig) -> Optional[str]:
    """Why no link can be made here, where none can."""
    try:
        with real_path(rig, Line(1), "cubic", None, 1):
            return None
    except OSError as refused:
        return str(refused)


def built(desk: str, folder: str) -> Rig:
    """Compiles the link, and makes a certificate where openssl is there."""
    source = File(__file__).parent / "link.c"
    subprocess.run(["cc", "-O2", "-Wall", "-o", f"{folder}/link", source], check=True)
    rig = Rig(desk, f"{folder}/link", folder)
    if shutil.which("openssl"):
        names = f"subjectAltName=IP:{LOOPBACK},IP:{SERVER_ADDRESS}"
        command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=bench"
        command += (
            f" -addext {names} -addext basicConstraints=critical,CA:FALSE -keyout {rig.key} -out {rig.certificate}"
        )
        subprocess.run(command.split(), check=True, capture_output=True)
    return rig


def chosen_benches(words: list[str], parser: argparse.ArgumentParser) -> list[Bench]:
    for word in words:
        if not any(name.startswith(word) for name in BENCHES):
            parser.error(f"no row begins with {word!r}: --list names them")
    return [bench for bench in BENCHES.values() if not words or bench.name.startswith(tuple(words))]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bin", nargs="?", metavar="BIN", help="the program that is measured")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="beginnings of names of rows (default: all)")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter measurements")
    parser.add_argument(
        "--jobs", type=int, default=6, metavar="N", help="how many are made at once where rates are low (default: 6)"
    )
    parser.add_argument("--list", action="store_true", help="name the rows and measure nothing")
    args = parser.parse_intermixed_args()
    if args.list:
        print("\n".join(BENCHES))
        return 0
    if not args.bin:
        parser.error("which program? compare.py BIN")
    chosen = chosen_benches(args.rows, parser)
    if not shutil.which("cc"):
        print("skipped: there is no C compiler")
        return 0
    with tempfile.TemporaryDirectory(prefix="reallink-") as folder:
        rig = built(args.bin, folder)
        if reason := what_forbids(rig):
            print(f"skipped: no link can be made here (it takes root, namespaces and /dev/net/tun): {reason}")
            return 0
        if not os.path.exists(rig.certificate):
            print("the rows with TLS are left out: there is no openssl")
            chosen = [bench for bench in chosen if not bench.secured]
        version = subprocess.run([args.bin, "--version"], capture_output=True, text=True, check=True).stdout.strip()
        load = os.getloadavg()[0]
        results, failures, lateness = measure_all(rig, chosen, QUICK if args.quick else THOROUGH, args.jobs)
    print("\n".join(table(chosen, results)))
    print(
        f"\n{version}, Linux {os.uname().release}, {os.cpu_count()} cores, load {load:.1f} before and {os.getloadavg()[0]:.1f} after."
    )
    if lateness:
        usual, worst = (max(column) for column in zip(*lateness))
        print(
            f"Packets left the links late by at most {usual / 1e3:.2f} ms in the mean of a link, {worst / 1e3:.1f} ms at worst."
        )
    for failure in failures:
        print(f"failed: {failure}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
