"""The three report files of a large run, timed against the limit and against bare JSON.

Processor time, so that others on the machine do not count; the figures give the wall clock too.

The run is made up: cases of three steps on 60 requirements, with every verdict, each with what
crossed the line as a real case has it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from bench.records.serial import to_json
from benchmarks.made_up_run import MadeUpRun, made_up_run
from benchmarks.measure import Result, Target, alternate, stopwatch
from reports import render

LIMIT_S = 3.0

HOW = ("report.html, report.json and junit.xml of a made-up run (three steps and four frames a "
       "case) rendered and stored, processor time; ")


def run(quick: bool) -> Iterator[Result]:
    """Yield the time as a part of the limit, and as a multiple of writing the events as JSON."""
    count = 100 if quick else 10_000
    made = made_up_run(count)
    with tempfile.TemporaryDirectory(prefix="smip-bench-benchmark-") as folder:
        out = Path(folder)
        rounds = alternate({
            "ours": stopwatch(lambda: _render(made, out)),
            "peer": stopwatch(lambda: _dump(made, out)),
        }, 1 if quick else 5)
        begin = perf_counter()
        _render(made, out)
        waited = perf_counter() - begin
        octets = sum(file.stat().st_size for file in out.glob("*.*"))
    seconds = rounds.median("ours")
    figures = (f"{seconds:.2f} s for {count} cases, {octets / 1e6:.0f} MB; once by the clock on "
               f"the wall, with the sync to disk, {waited:.2f} s; JSON "
               f"{rounds.median('peer'):.2f} s")
    yield Result(f"report of {count} cases", seconds / LIMIT_S, Target("at most", 1),
                 HOW + f"median seconds divided by the limit of {LIMIT_S:g} s, which is for 10,000 "
                 "cases", figures)
    yield Result("report against bare JSON", rounds.ratio("ours", "peer"), None,
                 HOW + "divided by json.dumps() of the same results and events into one file",
                 figures)


def _render(made: MadeUpRun, folder: Path) -> None:
    render(made.outcome, requirements=made.requirements, cases=made.cases, events=made.events,
           folder=folder)


def _dump(made: MadeUpRun, folder: Path) -> None:
    records = [made.outcome.results, made.events]
    (folder / "bare").write_text(json.dumps(to_json(records)), "utf-8")
