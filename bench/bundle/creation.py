"""Making a bundle from the folder of a finished run.

The parts go straight from the folder into the archive, hashed as they pass; then the manifest and
the signature follow. Before the file gets its name it is verified as anyone will verify it, so that
what does not hold together, for example a baseline that was altered after the run, is never
signed out of the door. The same run, baselines and versions give the same octets up to the
signature.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

from securesystemslib.signer import Signer, SSlibKey

from bench.bundle import contents
from bench.bundle.archive import ArchiveWriter
from bench.bundle.contents import (
    BASELINE,
    CAPTURES,
    CUT,
    ENVELOPE,
    LEDGER,
    MANIFEST,
    REPORT_FILES,
    REPORTS,
    VERDICTS,
)
from bench.bundle.envelope import Evidence, sign
from bench.bundle.errors import BundleError
from bench.bundle.findings import Verification
from bench.bundle.sources import (
    Source,
    capture_files,
    file_source,
    octets_source,
    without_keys,
)
from bench.bundle.trust import TrustedKey, TrustStore
from bench.bundle.verdicts import difference_lines, reported, stored_verdicts
from bench.bundle.verification import verify_bundle
from bench.ledger import LedgerContents, check_ledger, read_ledger
from bench.records.serial import to_json
from bench.records.verdict import CaseResult

Judge = Callable[[LedgerContents], Sequence[CaseResult]]


def create_bundle(
    folder: Path, target: Path, signer: Signer, *, judge: Judge, now: datetime.datetime,
    baselines: Iterable[Path] = (),
) -> Verification:
    """Write the bundle of the run in ``folder`` to ``target`` and return how it verifies.

    ``judge`` gives the verdicts that are stored with it (:func:`bench.runner.rejudge.judge_run`);
    ``now`` (with zone) is the time of signing. Raises :class:`BundleError` for a run that is not
    complete or was altered, a report that tells other verdicts, a baseline that is not the run's,
    a target that is there already, and what cannot be read or stored;
    :class:`~bench.errors.LedgerError` where a private key is found in any part.
    """
    if target.exists():
        raise BundleError(f"{target}: there is a file already; a bundle never replaces one")
    problems = check_ledger(folder)
    if problems:
        raise BundleError(f"{folder}: no bundle is made of this run: {problems[0].text}")
    run = read_ledger(folder)
    results = judge(run)
    sources = _sources(folder, run, tuple(baselines), results)
    evidence = _evidence(run, now)
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with unfinished.open("wb") as stream:
            _write(stream, sources, evidence, signer)
        done = _verified(unfinished, signer, now)
        unfinished.replace(target)
    except OSError as failure:
        raise BundleError(f"{target}: cannot be stored: {failure.strerror}") from failure
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return done


def _sources(folder: Path, run: LedgerContents, baselines: Sequence[Path],
             results: Sequence[CaseResult]) -> dict[str, Source]:
    """Return where the octets of each part come from."""
    sources: dict[str, Source] = {LEDGER: file_source(folder / LEDGER)}
    if (folder / CUT).exists():
        sources[CUT] = file_source(folder / CUT)
    for name in capture_files(run.events[-1]):
        sources[CAPTURES + name] = file_source(folder / name)
    for name in REPORT_FILES:
        if (folder / name).exists():
            sources[REPORTS + name] = file_source(folder / name)
    for file in baselines:
        name = BASELINE + file.name
        if name in sources:
            raise BundleError(f"{file}: a baseline file of that name was given already")
        sources[name] = file_source(file)
    made = contents.derived_parts(to_json(run.plan))
    made[VERDICTS] = stored_verdicts(results, version("smip-bench"))
    _compare_report(folder / "report.json", results)
    return sources | {name: octets_source(octets) for name, octets in made.items()}


def _write(stream: BinaryIO, sources: dict[str, Source], evidence: Evidence,
           signer: Signer) -> None:
    writer = ArchiveWriter(stream)
    parts = [writer.add(name, without_keys(name, sources[name]())) for name in sorted(sources)]
    parts.append(writer.add(MANIFEST, [contents.manifest(parts)]))
    digests = {part.name: part.sha256 for part in parts}
    writer.add(ENVELOPE, [sign(digests, evidence, signer)])
    writer.end()
    stream.flush()
    os.fsync(stream.fileno())


def _verified(file: Path, signer: Signer, now: datetime.datetime) -> Verification:
    key = signer.public_key
    if not isinstance(key, SSlibKey):  # the library's kind for keys in files and on tokens
        raise BundleError(f"a key of kind {key.keytype} cannot sign a bundle")
    done = verify_bundle(file, TrustStore([TrustedKey("the laboratory", key)]), now)
    if not done.sound:
        raise BundleError("no bundle is made of this run: " + "; ".join(
            str(finding) for finding in done.findings))
    return done


def _evidence(run: LedgerContents, now: datetime.datetime) -> Evidence:
    plan = run.plan
    return Evidence(
        subject=plan.subject, mode=plan.mode, demonstration=plan.demonstration,
        baseline=plan.baseline, baseline_digest=plan.baseline_digest, ledger_hash=run.hash,
        entries=len(run.events) + 1, started=run.started, ended=run.events[-1].time,
        signed=now.astimezone(datetime.UTC).isoformat(), bench=version("smip-bench"))


def _compare_report(file: Path, results: Sequence[CaseResult]) -> None:
    if not file.exists():
        return
    told = reported(b"".join(file_source(file)()), str(file))
    lines = difference_lines(results, told)
    if lines:
        raise BundleError(f"{file}: it tells other verdicts than the ledger: {lines[0]}"
                          + (f" and {len(lines) - 1} more" if lines[1:] else ""))
