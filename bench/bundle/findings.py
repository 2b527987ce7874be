"""What a verification says: findings, what holds, what is redacted, and notes."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from bench.bundle.envelope import Evidence
from bench.bundle.time_stamp import TimeStamp
from bench.bundle.trust import TrustedKey


class FindingKind(enum.StrEnum):
    """What does not hold."""

    REFUSED = "refused"  # no archive of ours: nothing of it was read
    ALTERED = "altered"
    MISSING = "missing"
    ADDED = "added"
    REORDERED = "reordered"
    SIGNATURE = "signature"
    UNKNOWN_KEY = "unknown key"
    KEY_NOT_VALID = "key not valid"
    TIME_STAMP = "time stamp"  # sound in itself, but not of this signature or of no possible time
    UNKNOWN_AUTHORITY = "unknown authority"
    CONTRADICTION = "contradiction"  # as signed, but two parts do not belong together


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not hold; ``part`` is "" where it is the archive as a whole."""

    kind: FindingKind
    part: str
    text: str

    def __str__(self) -> str:
        return ": ".join(filter(None, (self.kind, self.part, self.text)))


@dataclass(frozen=True, slots=True)
class Verification:
    """What holds (``holds``, sentences), what does not, and what was redacted (name to SHA-256).

    ``keyid`` and ``evidence`` are what the bundle says, to be believed only without findings;
    ``signer`` is the trusted key that made the signature, ``stamp`` the time stamp of it by a
    trusted authority. ``notes`` limit what holds.
    """

    findings: tuple[Finding, ...]
    holds: tuple[str, ...] = ()
    redacted: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    keyid: str = ""
    evidence: Evidence | None = None
    signer: TrustedKey | None = None
    stamp: TimeStamp | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing speaks against the bundle, its signer's key included."""
        return not self.findings

    @property
    def intact(self) -> bool:
        """Whether nothing does but that the key is not known here."""
        return all(finding.kind is FindingKind.UNKNOWN_KEY for finding in self.findings)


class Collected:
    """What one verification has found so far, in words that are fit for a terminal."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []
        self.holds: list[str] = []
        self.notes: list[str] = []

    def find(self, kind: FindingKind, part: str, text: str) -> None:
        """Add what does not hold."""
        self.findings.append(Finding(kind, printable(part), printable(text)))

    def hold(self, text: str) -> None:
        """Add what holds."""
        self.holds.append(printable(text))

    def note(self, text: str) -> None:
        """Add what limits it."""
        self.notes.append(printable(text))

    def altered(self, part: str) -> bool:
        """Return whether a part was found to be altered: what it says then means nothing."""
        return any(finding.part == part and finding.kind is FindingKind.ALTERED
                   for finding in self.findings)


def printable(text: str) -> str:
    """Return ``text`` with what could play tricks on a terminal written out: strangers wrote it."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode()
                   for letter in text)
