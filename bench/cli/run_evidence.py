"""The evidence that a command is given: a run folder or a signed bundle, read whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click

from bench.bundle import taken_out
from bench.bundle.verdicts import reported
from bench.cli.evidence import sha256_of
from bench.cli.verify import trust_store, trusted_authorities
from bench.errors import LedgerError
from bench.ledger import LedgerContents, read_ledger

Told = Mapping[str, Mapping[str, object]]
"""Case -> what a report says of it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A ledger that holds, and each part beside it that tells verdicts.

    ``bundle_sha256`` is that of the bundle file, "" for a run folder.
    """

    contents: LedgerContents
    told: tuple[Told, ...]
    bundle_sha256: str

    def reported(self, case: str) -> str:
        """Return the verdict that was reported of a case, "" where none was."""
        return next((str(told[case]["verdict"]) for told in self.told if case in told), "")


def read_evidence(
    place: Path, trusted: tuple[Path, ...], trusted_tsa: tuple[Path, ...] = ()
) -> Evidence:
    """Return the evidence in the run folder or bundle ``place``, verified.

    Raises :class:`~bench.errors.LedgerError` for what does not hold, and ``click.UsageError`` for
    keys that nothing is signed with. Of a bundle it says on the terminal whose key was not asked.
    """
    if not place.is_file():
        if trusted or trusted_tsa:
            raise click.UsageError(f"--trust and --trust-tsa are for a bundle; {place} is none")
        told = _reported(place / "report.json")
        return Evidence(read_ledger(place), () if told is None else (told,), "")
    with taken_out(place, trust_store(trusted), datetime.now(UTC),
                   trusted_authorities(trusted_tsa)) as taken:
        if taken.verification.signer is None:
            click.echo(f"signed with key {taken.verification.keyid}: whose it is was not asked "
                       "(--trust)", err=True)
        return Evidence(read_ledger(taken.folder), tuple(taken.told.values()), sha256_of(place))


def _reported(path: Path) -> Told | None:
    """Return the cases of a report by id, ``None`` where there is no report."""
    if not path.exists():
        return None
    try:
        return reported(path.read_bytes(), str(path))
    except OSError as wrong:
        raise LedgerError(f"{path}: it is no report that can be compared with") from wrong
