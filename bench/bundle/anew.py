"""A bundle made from a bundle: verified before, written beside its place, verified after."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from bench.bundle.archive import Archive, ArchiveWriter
from bench.bundle.errors import BundleError
from bench.bundle.findings import FindingKind, Verification
from bench.bundle.trust import TrustStore
from bench.bundle.verification import verify_bundle

Parts = Iterator[tuple[str, Iterable[bytes | memoryview]]]


def write_anew(source: Path, target: Path, now: datetime.datetime,
               parts: Callable[[Archive, Verification], Parts]) -> Verification:
    """Write the ``parts`` of ``source`` (name, octets) to ``target``; return how that verifies.

    Whose key signed is not asked. Raises :class:`BundleError` if ``source`` does not hold,
    ``target`` is there already, or what was written does not hold: then nothing is left of it.
    """
    if target.exists():
        raise BundleError(f"{target}: there is a file already; a bundle never replaces one")
    before = intact(source, now)
    unfinished = target.with_name(f".{target.name}.part")
    try:
        with Archive(source) as archive:
            chosen = parts(archive, before)
            with unfinished.open("wb") as stream:
                writer = ArchiveWriter(stream)
                for name, octets in chosen:
                    writer.add(name, octets)
                writer.end()
                stream.flush()
                os.fsync(stream.fileno())
        after = intact(unfinished, now)
        unfinished.replace(target)
    except OSError as failure:
        raise BundleError(f"{target}: cannot be stored: {failure.strerror}") from failure
    finally:
        with suppress(OSError):
            unfinished.unlink()
    return after


def intact(path: Path, now: datetime.datetime) -> Verification:
    """Return how the bundle at ``path`` verifies; raises :class:`BundleError` if anything but
    whose key signed does not hold."""
    found = verify_bundle(path, TrustStore(), now)
    if not found.intact:
        raise BundleError(f"{path}: nothing is made from a bundle that does not hold: "
                          + "; ".join(str(finding) for finding in found.findings
                                      if finding.kind is not FindingKind.UNKNOWN_KEY))
    return found
