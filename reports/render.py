"""One run's report: ``report.html``, ``report.json`` and ``junit.xml`` from the same records.

The same evidence gives the same octets: nothing here reads a clock, a path or the environment.
All three are made before the first is written, and each replaces its predecessor as a whole.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench.errors import LedgerError
from bench.records.decision import Outcome
from bench.records.event import Event
from bench.records.plan import TestCase
from bench.records.requirement import Requirement
from reports.evidence import ShownCase, gather
from reports.junit import junit_xml
from reports.page import page_html
from reports.record import record_json


def render(
    outcome: Outcome,
    *,
    requirements: Mapping[str, Requirement],
    cases: Mapping[str, TestCase],
    events: Sequence[Event],
    folder: Path,
) -> None:
    """Write the three files into ``folder``, which is made when it does not exist.

    ``requirements`` and ``cases`` are looked up by id; a requirement or case of the outcome that
    they do not hold is shown with what the outcome says of it, a case without a result as not
    run. ``events`` are in ledger order. Raises :class:`~bench.errors.LedgerError` when a file
    cannot be written.
    """
    for name, text in texts(outcome, requirements, gather(outcome, cases, events)).items():
        _replace(folder / name, text)


def texts(
    outcome: Outcome, requirements: Mapping[str, Requirement], shown: Sequence[ShownCase]
) -> dict[str, str]:
    """Return the three files by name; ``shown`` are the cases as ``gather`` has them."""
    with _no_collection():
        return {
            "report.html": page_html(outcome, requirements, shown),
            "report.json": record_json(outcome, requirements, shown),
            "junit.xml": junit_xml(outcome, shown),
        }


@contextmanager
def _no_collection() -> Iterator[None]:
    """Keep the collector from walking all the events again and again: a fifth of the time of a
    large report, and rendering leaves no cycles behind."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise LedgerError(f"{path}: the report cannot be written: {error.strerror}") from error
