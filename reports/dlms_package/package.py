"""The package itself: which files it holds, their hashes, and the archive around them.

The archive has the one form of :mod:`bench.bundle.archive`: files as they are, in a fixed order,
with a fixed date. All files lie side by side under the names that a run's folder has, so that a
package that was taken apart can be verified and judged again like the run. Nothing is signed: that
is for a bundle (:mod:`bench.bundle`). Private keys are refused in every file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from bench.bundle.archive import ArchiveWriter, Part
from bench.bundle.sources import Source, capture_files, file_source, octets_source, without_keys
from bench.errors import LedgerError
from bench.ledger import LedgerContents
from bench.ledger.entry import CUT_FILE
from bench.ledger.entry import FILE as LEDGER
from bench.records.decision import Outcome
from bench.records.event import Event
from bench.records.requirement import Requirement
from bench.records.run import FrozenPlan
from reports.dlms_package.declaration import declaration_yaml
from reports.dlms_package.log import log_text
from reports.dlms_package.traffic import traffic_text
from reports.evidence import gather
from reports.render import texts

DLMS_METER = "DLMS-METER"
SUMS = "SHA256SUMS"


def write_package(
    folder: Path, target: Path, run: LedgerContents, outcome: Outcome,
    requirements: Mapping[str, Requirement],
) -> str:
    """Write the package of the complete run in ``folder`` to ``target``; return its SHA-256.

    ``run`` is the folder's ledger, verified; ``outcome`` is what judging it gave, and
    ``requirements`` are those of the outcome by id. Raises :class:`~bench.errors.LedgerError` for
    a run on another kind of device, a target that is there already, a private key in any file, and
    what cannot be read or stored: then nothing is left of the target.
    """
    if target.exists():
        raise LedgerError(f"{target}: there is a file already; a package never replaces one")
    refuse_other_devices(folder, run.plan)
    files = _files(folder, run, outcome, requirements)
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with unfinished.open("wb") as stream:
            _write(stream, files)
        digest = _sha256(unfinished)
        unfinished.replace(target)
    except OSError as failure:
        raise LedgerError(f"{target}: cannot be stored: {failure.strerror}") from failure
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return digest


def refuse_other_devices(folder: Path, plan: FrozenPlan) -> None:
    """Raise :class:`~bench.errors.LedgerError` unless the run in ``folder`` is of a DLMS meter."""
    found = plan.subject.device_type
    if found != DLMS_METER:
        raise LedgerError(f"{folder}: expected a run on a device of the type {DLMS_METER}, found "
                          f"{found}")
    if not isinstance(plan.answers.ixit.get("dlms"), Mapping):
        raise LedgerError(f"{folder}: expected the maker's declaration in the plan (ixit.dlms), "
                          "found none")


def _files(
    folder: Path, run: LedgerContents, outcome: Outcome, requirements: Mapping[str, Requirement]
) -> dict[str, Source]:
    """Return where the octets of each file come from."""
    cases = {selected.case.id: selected.case for selected in run.plan.selected}
    shown = gather(outcome, cases, run.events)
    made = texts(outcome, requirements, shown) | {
        "log.txt": log_text(outcome, shown, run.events),
        "traffic.txt": traffic_text(run.events),
        "declaration.yaml": declaration_yaml(run.plan, run.events),
    }
    return _stored(folder, run.events) | {
        name: octets_source(text.encode("utf-8")) for name, text in made.items()}


def _stored(folder: Path, events: Sequence[Event]) -> dict[str, Source]:
    """Return the evidence, which goes in as it is."""
    names = [LEDGER, *capture_files(events[-1])]
    if (folder / CUT_FILE).exists():
        names.append(CUT_FILE)
    return {name: file_source(folder / name) for name in names}


def _write(stream: BinaryIO, files: Mapping[str, Source]) -> None:
    writer = ArchiveWriter(stream)
    parts = [writer.add(name, without_keys(name, files[name]())) for name in sorted(files)]
    writer.add(SUMS, [_sums(parts)])
    writer.end()
    stream.flush()
    os.fsync(stream.fileno())


def _sums(parts: Iterable[Part]) -> bytes:
    """Return a line for each part as ``sha256sum`` writes and checks it."""
    return "".join(f"{part.sha256}  {part.name}\n" for part in parts).encode("ascii")


def _sha256(path: Path) -> str:
    digest = sha256()
    for chunk in file_source(path)():
        digest.update(chunk)
    return digest.hexdigest()
