"""Taking parts out of a bundle, so that the rest still verifies.

The signature covers digests, so it outlives the octets of a part. An empty marker takes the part's
place and says that it was taken out on purpose; its digest stays in the manifest and the envelope,
and whoever holds the part can show it later. Anybody can redact: a verifier is told what is gone
and decides whether what is left is enough. The envelope stays, and with it a time stamp of it.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path

from bench.bundle.anew import Parts, write_anew
from bench.bundle.archive import Archive
from bench.bundle.contents import ENVELOPE, MANIFEST, REDACTED, STAMP
from bench.bundle.errors import BundleError
from bench.bundle.findings import Verification

STAYS = {
    MANIFEST: "nothing can be verified without it",
    ENVELOPE: "nothing can be verified without it",
    STAMP: "it says when the bundle was signed and nothing of what is in it",
}


def redact_bundle(source: Path, parts: Iterable[str], target: Path,
                  now: datetime.datetime) -> Verification:
    """Write ``source`` without ``parts`` to ``target`` and return how that verifies.

    Whose key signed is not asked. Raises :class:`BundleError` if ``source`` does not hold,
    ``target`` is there already, or a part is not there or is one that stays.
    """
    chosen = frozenset(parts)

    def redacted(archive: Archive, before: Verification) -> Parts:
        for name in sorted(chosen):
            _check(name, archive, before)
        return ((REDACTED + entry.name, ()) if entry.name in chosen
                else (entry.name, archive.chunks(entry.name)) for entry in archive.entries)

    return write_anew(source, target, now, redacted)


def _check(name: str, archive: Archive, before: Verification) -> None:
    if name in STAYS:
        raise BundleError(f"part {name} stays: {STAYS[name]}")
    if name in before.redacted:
        raise BundleError(f"part {name} is redacted already")
    if name not in archive.by_name or name.startswith(REDACTED):
        raise BundleError(f"{archive.path}: there is no part {name}; there are "
                          f"{', '.join(sorted(archive.by_name))}")
