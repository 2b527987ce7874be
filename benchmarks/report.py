"""The three report files of a large run, and with the PDF, timed against limits and bare JSON.

Processor time, so that others on the machine do not count; the figures give the wall clock too.

The run is made up: cases of three steps on 60 requirements, with every verdict, each with what
crossed the line as a real case has it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

from bench.errors import DocumentError
from bench.records.issued import Organisation, ReportDeclaration, Sample, Signatory
from bench.records.serial import to_json
from benchmarks.made_up_run import MadeUpRun, made_up_run
from benchmarks.measure import Result, Target, alternate, stopwatch
from reports import render
from reports.documents.report import Method, report_pdf
from reports.evidence import gather

LIMIT_S = 3.0
LIMIT_WITH_PDF_S = 5.0

HOW = ("report.html, report.json and junit.xml of a made-up run (three steps and four frames a "
       "case) rendered and stored, processor time; ")
HOW_PDF = ("the same and the test report as PDF/A, not signed; the better of two rounds divided by "
           f"the limit of {LIMIT_WITH_PDF_S:g} s, which is for 10,000 cases")
SOMEBODY = Organisation("Nobody", ("Nowhere",))
DECLARATION = ReportDeclaration(
    "0", "2026-03-05", SOMEBODY, SOMEBODY, Signatory("Nobody", "none"), "nowhere",
    (Sample("0", "made up", "2026-03-01"),), ())


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
    yield _with_pdf(made, count)


def _with_pdf(made: MadeUpRun, count: int) -> Result:
    name, target = f"report and PDF of {count} cases", Target("at most", 1)
    with tempfile.TemporaryDirectory(prefix="smip-bench-benchmark-") as folder:
        out = Path(folder)
        try:
            _render_with_pdf(made, out)  # fonts are read and modules imported once
        except DocumentError as absent:
            return Result(name, None, target, str(absent))
        times = []
        for _ in range(2):
            begin, waited = process_time(), perf_counter()
            _render_with_pdf(made, out)
            times.append((process_time() - begin, perf_counter() - waited))
        octets = (out / "report.pdf").stat().st_size
    seconds, waited = min(times)
    return Result(name, seconds / LIMIT_WITH_PDF_S, target, HOW_PDF,
                  f"{seconds:.2f} s, {waited:.2f} s by the clock on the wall; the PDF has "
                  f"{octets / 1e6:.1f} MB")


def _render_with_pdf(made: MadeUpRun, folder: Path) -> None:
    _render(made, folder)
    shown = gather(made.outcome, made.cases, made.events)
    (folder / "report.pdf").write_bytes(report_pdf(
        made.outcome, DECLARATION, Method("0" * 64, "0" * 64, {}, {}),
        requirements=made.requirements, shown=shown))


def _render(made: MadeUpRun, folder: Path) -> None:
    render(made.outcome, requirements=made.requirements, cases=made.cases, events=made.events,
           folder=folder)


def _dump(made: MadeUpRun, folder: Path) -> None:
    records = [made.outcome.results, made.events]
    (folder / "bare").write_text(json.dumps(to_json(records)), "utf-8")
