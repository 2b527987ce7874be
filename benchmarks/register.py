"""A register of 100,000 certificates: look-up by subject, verification, the search page.

The look-up goes through the door, so it opens the database file, reads the certificates of the
subject and all of their entries, and closes it again, as a gate in a pipeline does.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from bench.records.decision import Status
from bench.records.register import CertifiedBaseline, Change, EntryKind, Grant
from bench.records.subject import Subject
from bench.register import Register
from bench.register.rules import certificate_id
from bench.register.store import Store
from benchmarks.measure import Result, Target, alternate, stopwatch
from reports.register_site import search_data

LIMIT_S = 0.010
DAY = "2026-03-02"
MODELS = 200

HOW = "one SQLite file on disk, by the clock on the wall; "


def run(quick: bool) -> Iterator[Result]:
    """Yield the look-up as a part of the limit; verification and search data for information."""
    count = 300 if quick else 100_000
    with tempfile.TemporaryDirectory(prefix="smip-bench-benchmark-") as folder:
        place = Path(folder) / "register.sqlite"
        subjects = _fill(place, count)
        with Register(place) as register:
            asked = [subjects[number * 7919 % count] for number in range(20 if quick else 500)]
            rounds = alternate({"ours": stopwatch(
                lambda: [register.of_subject(subject, at=DAY) for subject in asked],
                perf_counter)}, 1 if quick else 5)
            seconds = rounds.median("ours") / len(asked)
            yield Result(
                f"look-up among {count} certificates", seconds / LIMIT_S, Target("at most", 1),
                HOW + f"seconds of one look-up by subject divided by the limit of {LIMIT_S:g} s",
                f"{seconds * 1e3:.2f} ms; the file has {place.stat().st_size / 1e6:.0f} MB")
            begin = perf_counter()
            flaws = register.verify()
            verified = perf_counter() - begin
            if flaws:
                raise RuntimeError(f"the register of the benchmark is wrong: {flaws[0].text}")
            found = register.published(at=DAY).certificates
        begin = perf_counter()
        size = len(json.dumps(search_data(found), separators=(",", ":")))
        yield Result(
            f"verification of {count} certificates", None, None,
            HOW + "chain and rules of every entry; and the data of the search page",
            f"{verified:.1f} s; search data {size / 1e6:.1f} MB in "
            f"{perf_counter() - begin:.1f} s")


def _fill(place: Path, count: int) -> list[Subject]:
    """Make a register of so many certificates, every tenth of them suspended since."""
    Register.create(place, keeper="Certs plc", at="2026-03-01").close()
    grant = Grant(
        Subject("ESME", "Maker", "1A2B", "M", "02", "00000000", "A" * 64, "A"),
        CertifiedBaseline("SMETS2 ESME", "2026-01-15", "b" * 64,
                          (("SMETS2", "5"), ("GBCS", "4.0"))),
        Status.COMPLIANT, "all mandatory requirements", "1e" * 32, "North Lab", "Certs plc",
        "decided on the report")
    subjects: list[Subject] = []
    store = Store(place)
    with store.writing() as writer:
        for number in range(count):
            model = number % MODELS
            subject = replace(
                grant.subject, manufacturer=f"Maker {model % 40}",
                manufacturer_id=f"{model % 40:04X}", model=f"Model {model}",
                firmware_version=f"{number:08X}", image_hash=f"{number + 1:064X}")
            name = certificate_id(writer.head()[0] + 1)
            writer.append(DAY, EntryKind.GRANTED, name, replace(grant, subject=subject))
            if number % 10 == 9:
                writer.append(DAY, EntryKind.SUSPENDED, name, Change("field returns"))
            subjects.append(subject)
    store.close()
    return subjects
