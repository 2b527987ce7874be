"""Taking parts out of a bundle, so that the rest still verifies.

The signature covers digests, so it outlives the octets of a part. An empty marker takes the part's
place and says that it was taken out on purpose; its digest stays in the manifest and the envelope,
and whoever holds the part can show it later. Anybody can redact: a verifier is told what is gone
and decides whether what is left is enough.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from bench.bundle.archive import Archive, ArchiveWriter
from bench.bundle.contents import ENVELOPE, MANIFEST, REDACTED
from bench.bundle.errors import BundleError
from bench.bundle.trust import TrustStore
from bench.bundle.verification import Verification, verify_bundle


def redact_bundle(source: Path, parts: Iterable[str], target: Path,
                  now: datetime.datetime) -> Verification:
    """Write ``source`` without ``parts`` to ``target`` and return how that verifies.

    Whose key signed is not asked. Raises :class:`BundleError` if ``source`` does not hold,
    ``target`` is there already, or a part is not there or is one that nothing can be verified
    without.
    """
    if target.exists():
        raise BundleError(f"{target}: there is a file already; a bundle never replaces one")
    before = _intact(source, now)
    chosen = frozenset(parts)
    with Archive(source) as archive:
        for name in sorted(chosen):
            _check(name, archive, before)
        unfinished = target.with_name(f".{target.name}.part")
        try:
            with unfinished.open("wb") as stream:
                writer = ArchiveWriter(stream)
                for entry in archive.entries:
                    if entry.name in chosen:
                        writer.add(REDACTED + entry.name, ())
                    else:
                        writer.add(entry.name, archive.chunks(entry.name))
                writer.end()
                stream.flush()
                os.fsync(stream.fileno())
            after = _intact(unfinished, now)
            unfinished.replace(target)
        except OSError as failure:
            raise BundleError(f"{target}: cannot be stored: {failure.strerror}") from failure
        finally:
            with suppress(OSError):
                unfinished.unlink()
    return after


def _check(name: str, archive: Archive, before: Verification) -> None:
    if name in (MANIFEST, ENVELOPE):
        raise BundleError(f"part {name} stays: nothing can be verified without it")
    if name in before.redacted:
        raise BundleError(f"part {name} is redacted already")
    if name not in archive.by_name or name.startswith(REDACTED):
        raise BundleError(f"{archive.path}: there is no part {name}; there are "
                          f"{', '.join(sorted(archive.by_name))}")


def _intact(path: Path, now: datetime.datetime) -> Verification:
    found = verify_bundle(path, TrustStore(), now)
    if not found.intact:
        raise BundleError(f"{path}: nothing is redacted from a bundle that does not hold: "
                          + "; ".join(map(str, found.findings)))
    return found
