"""Taking the evidence out of a bundle, to judge it again.

Only the ledger leaves the archive, under its own fixed name, into a folder that is made for it and
goes with it: no name in a bundle ever becomes a path.
"""

from __future__ import annotations

import datetime
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.bundle.archive import Archive
from bench.bundle.authorities import Authorities
from bench.bundle.contents import LEDGER, REPORT_JSON, VERDICTS
from bench.bundle.errors import BundleError
from bench.bundle.findings import Verification
from bench.bundle.trust import TrustStore
from bench.bundle.verdicts import reported
from bench.bundle.verification import verify_bundle

LARGEST_REPORT = 1 << 29  # octets; that of 10,000 cases takes a tenth


@dataclass(frozen=True, slots=True)
class TakenOut:
    """A folder with the ledger of a bundle, and the verdicts stored beside it by part."""

    folder: Path
    told: Mapping[str, Mapping[str, Mapping[str, object]]]  # part -> case -> fields
    verification: Verification


@contextmanager
def taken_out(path: Path, trust: TrustStore, now: datetime.datetime,
              authorities: Authorities | None = None) -> Iterator[TakenOut]:
    """Verify the bundle at ``path`` and give its ledger for as long as the context lasts.

    A key that is not known here is no reason to refuse while ``trust`` is empty; the verification
    says so. Raises :class:`BundleError` if anything else does not hold, and where the ledger is
    redacted.
    """
    found = verify_bundle(path, trust, now, authorities)
    if not (found.sound or (found.intact and not len(trust))):
        raise BundleError(f"{path}: is not judged: " + "; ".join(map(str, found.findings)))
    if LEDGER in found.redacted:
        raise BundleError(f"{path}: cannot be judged: its ledger is redacted")
    with (Archive(path) as archive,
          tempfile.TemporaryDirectory(prefix="smip-bench-") as temporary):
        folder = Path(temporary)
        with (folder / LEDGER).open("wb") as ledger:
            for chunk in archive.chunks(LEDGER):
                ledger.write(chunk)
        told = {name: reported(archive.read(name, LARGEST_REPORT), name)
                for name in (VERDICTS, REPORT_JSON) if name in archive.by_name}
        yield TakenOut(folder, told, found)
