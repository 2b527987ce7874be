"""Does a bundle hold what a laboratory signed, all of it and nothing else?

Offline, from the file and the trusted keys alone. Nothing is extracted and no part is held in
memory: the parts are hashed in a thread of their own while the ledger's chain is walked. Every
octet of the file counts: those of the parts by their digests, those around them by the one form
that a bundle has. Beyond the signature, the parts are held against each other, so that a bundle
is also refused if whoever signed it put it together from different runs. Left out: judging the
ledger again (``smip-bench rejudge``), which a bundle of any age allows.
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from bench.bundle import contents
from bench.bundle.archive import Archive
from bench.bundle.chain import LONGEST_LINE, LedgerSeen, see_ledger
from bench.bundle.contents import BASELINE, CAPTURES, ENVELOPE, LEDGER, MANIFEST, REDACTED, REPORTS
from bench.bundle.cross_check import baseline_flaw, plan_flaws
from bench.bundle.envelope import Evidence, Signed, read_envelope
from bench.bundle.errors import BundleError
from bench.bundle.trust import TrustedKey, TrustStore

CLOCKS_DIFFER = datetime.timedelta(minutes=5)


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
    ``signer`` is the trusted key that made the signature. ``notes`` limit what holds.
    """

    findings: tuple[Finding, ...]
    holds: tuple[str, ...] = ()
    redacted: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    keyid: str = ""
    evidence: Evidence | None = None
    signer: TrustedKey | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing speaks against the bundle, its signer's key included."""
        return not self.findings

    @property
    def intact(self) -> bool:
        """Whether nothing does but that the key is not known here."""
        return all(finding.kind is FindingKind.UNKNOWN_KEY for finding in self.findings)


def verify_bundle(path: Path, trust: TrustStore, now: datetime.datetime) -> Verification:
    """Verify the bundle at ``path``; ``now`` (with zone) only serves to refuse later signatures.

    Whatever the file holds, the answer is a :class:`Verification`. Raises :class:`BundleError`
    only where there is no file that can be read.
    """
    if not path.is_file():
        raise BundleError(f"{path}: there is no bundle here")
    try:
        with Archive(path) as archive:
            if ENVELOPE not in archive.by_name:
                return Verification((Finding(FindingKind.MISSING, ENVELOPE,
                                             "nothing says what this file should hold"),))
            try:
                signed = read_envelope(archive.read(ENVELOPE, contents.LARGEST_ENVELOPE))
            except BundleError as wrong:
                return Verification((
                    Finding(FindingKind.ALTERED, ENVELOPE, _printable(str(wrong))),))
            return _Verifying(archive, signed).verification(trust, now)
    except (BundleError, OSError) as refused:
        return Verification((Finding(FindingKind.REFUSED, "", _printable(str(refused))),))


class _Verifying:
    """One verification: collects what holds and what does not."""

    def __init__(self, archive: Archive, signed: Signed) -> None:
        self.archive = archive
        self.signed = signed
        self.findings: list[Finding] = []
        self.holds: list[str] = []
        self.notes: list[str] = []
        self.redacted = {
            name: digest for name, digest in signed.digests.items()
            if name not in archive.by_name and self._marked(name)}

    def verification(self, trust: TrustStore, now: datetime.datetime) -> Verification:
        signer = self._check_signature(trust, now)
        self._check_names()
        with ThreadPoolExecutor(1) as thread:
            hashing = thread.submit(self._digests)
            seen = self._see_ledger()
            found = hashing.result()
        self._check_digests(found, seen)
        self._check_manifest()
        for part, text in self.archive.flaws():
            self._find(FindingKind.ALTERED, part, text)
        if seen is not None:
            self._check_ledger(seen, found)
            self._check_baselines(seen)
            self._check_reports(seen)
        return Verification(
            tuple(self.findings), tuple(self.holds), self.redacted, tuple(self.notes),
            self.signed.keyid, self.signed.evidence, signer)

    def _check_signature(self, trust: TrustStore, now: datetime.datetime) -> TrustedKey | None:
        trusted = trust.get(self.signed.keyid)
        if trusted is None:
            self._find(FindingKind.UNKNOWN_KEY, ENVELOPE,
                       f"signed with key {self.signed.keyid}, which is not among the "
                       f"{len(trust)} trusted")
            return None
        if not self.signed.verify(trusted.key):
            self._find(FindingKind.SIGNATURE, ENVELOPE,
                       f"the key of {trusted.name} did not make this signature over what the "
                       "envelope holds")
            return None
        times = (self.signed.evidence.signed, self.signed.evidence.ended)
        moments = [_moment(text) for text in times]
        if None in moments:
            self._find(FindingKind.SIGNATURE, ENVELOPE, f"{times} are no times with a zone")
            return None
        signed, ended = (moment for moment in moments if moment is not None)
        before = len(self.findings)
        if objection := trusted.objection(signed):
            self._find(FindingKind.KEY_NOT_VALID, ENVELOPE,
                       f"{objection}; signed {signed.isoformat()}")
        if signed < ended:
            self._find(FindingKind.SIGNATURE, ENVELOPE, f"signed {signed.isoformat()}, before the "
                       f"run ended, {ended.isoformat()}")
        if signed > now + CLOCKS_DIFFER:
            self._find(FindingKind.SIGNATURE, ENVELOPE,
                       f"signed {signed.isoformat()}, which is still to come")
        if len(self.findings) == before:
            self._hold(f"signature: made by {trusted.name}, key {self.signed.keyid}, "
                       f"{signed.isoformat()}")
        if now > trusted.not_after:
            self.notes.append(f"the key of {trusted.name} has expired since; that the signature "
                              "is older is the laboratory's word")
        return trusted

    def _check_names(self) -> None:
        expected = [*self.signed.digests, ENVELOPE]
        present = self.archive.by_name
        for name in expected:
            if name not in present and name not in self.redacted:
                self._find(FindingKind.MISSING, name, "it was signed and is not in the archive")
        known = set(contents.archive_order(expected, self.redacted))
        for name in present:
            if name not in known:
                self._find(FindingKind.ADDED, name, "it is in the archive and was not signed")
        order = [name for name in contents.archive_order(expected, self.redacted)
                 if name in present]
        found = [name for name in present if name in known]
        for place, (name, other) in enumerate(zip(order, found, strict=True), 1):
            if name != other:
                self._find(FindingKind.REORDERED, other,
                           f"it stands in place {place}, where {name} belongs")

    def _digests(self) -> dict[str, str]:
        """Return the SHA-256 of every part that was signed and can be read."""
        found = {}
        for name in self.signed.digests:
            if name in self.archive.by_name:
                # where it is not where it should be, the archive's flaws say more
                with suppress(BundleError):
                    found[name] = self.archive.digest(name)
        return found

    def _see_ledger(self) -> LedgerSeen | None:
        if LEDGER not in self.archive.by_name:
            if LEDGER in self.redacted:
                self.notes.append("the ledger is redacted: no verdict can be derived again, and "
                                  "no other part was held against it")
            return None
        try:
            return see_ledger(lambda: self.archive.lines(LEDGER, LONGEST_LINE))
        except (BundleError, ValueError) as unreadable:  # numbers too long to be written
            self._find(FindingKind.ALTERED, LEDGER, str(unreadable))
            return None

    def _check_digests(self, found: Mapping[str, str], seen: LedgerSeen | None) -> None:
        same = 0
        for name, digest in self.signed.digests.items():
            if name not in self.archive.by_name:
                continue
            if found.get(name) == digest:
                same += 1
            elif name == LEDGER and seen is not None:
                self._ledger_altered(seen)
            else:
                self._find(FindingKind.ALTERED, name, "its octets are not those that were signed")
        away = f", {len(self.redacted)} redacted" if self.redacted else ""
        self._hold(f"parts: {same} of {len(self.signed.digests)} have the digest that the "
                   f"envelope names{away}")

    def _ledger_altered(self, seen: LedgerSeen) -> None:
        for flaw in seen.flaws:
            self._find(FindingKind.ALTERED, LEDGER, flaw)
        if not seen.flaws:
            evidence = self.signed.evidence
            self._find(FindingKind.ALTERED, LEDGER,
                       f"its chain holds, but it was made anew: {seen.entries} entries, the last "
                       f"hash {seen.hash}; signed were {evidence.entries}, the last hash "
                       f"{evidence.ledger_hash}")

    def _check_manifest(self) -> None:
        if MANIFEST not in self.archive.by_name or self._altered(MANIFEST):
            return  # what it lists says nothing
        try:
            listed = contents.read_manifest(
                self.archive.read(MANIFEST, contents.LARGEST_MANIFEST))
        except BundleError as wrong:
            self._find(FindingKind.CONTRADICTION, MANIFEST, str(wrong))
            return
        digests = {name: part.sha256 for name, part in listed.items()}
        signed = {name: digest for name, digest in self.signed.digests.items()
                  if name != MANIFEST}
        if digests != signed:
            self._find(FindingKind.CONTRADICTION, MANIFEST,
                       "it does not list the parts that the envelope names")
        for name, part in listed.items():
            entry = self.archive.by_name.get(name)
            if self._altered(name):
                continue
            if entry and (entry.octets, entry.crc32) != (part.octets, part.crc32):
                self._find(FindingKind.ALTERED, name,
                           "its length or CRC-32 in the archive is not that of the manifest")

    def _check_ledger(self, seen: LedgerSeen, found: Mapping[str, str]) -> None:
        evidence = self.signed.evidence
        told = (evidence.ledger_hash, evidence.entries, evidence.started, evidence.ended)
        if self._altered(LEDGER):
            return  # what follows from it says nothing
        if seen.flaws:
            for flaw in seen.flaws:
                self._find(FindingKind.CONTRADICTION, LEDGER, f"signed although {flaw}")
            return
        if told != (seen.hash, seen.entries, seen.started, seen.ended):
            self._find(FindingKind.CONTRADICTION, ENVELOPE,
                       f"it tells of a ledger that ends in {evidence.ledger_hash}; this one ends "
                       f"in {seen.hash}")
        self._hold(f"ledger: {seen.entries} entries, unbroken, the last hash {seen.hash}")
        for part, text in plan_flaws(seen.plan or {}, evidence, self._small):
            self._find(FindingKind.CONTRADICTION, part, text)
        self._check_captures(seen.captures, found)

    def _check_captures(self, vouched: Mapping[str, str], found: Mapping[str, str]) -> None:
        same = 0
        for file, digest in vouched.items():
            name = CAPTURES + file
            if name in self.redacted:
                found = {**found, name: self.redacted[name]}
            if name not in found:
                if name not in self.signed.digests:
                    self._find(FindingKind.MISSING, name, "the ledger vouches for it")
            elif self._altered(name):
                continue
            elif found[name] != digest:
                self._find(FindingKind.CONTRADICTION, name,
                           "its octets are not those that the ledger vouches for")
            else:
                same += name not in self.redacted
        for name in self.signed.digests:
            if name.startswith(CAPTURES) and name.removeprefix(CAPTURES) not in vouched:
                self._find(FindingKind.CONTRADICTION, name, "the ledger knows nothing of it")
        self._hold(f"captures: {same} of {len(vouched)} as the ledger vouches for them")

    def _check_baselines(self, seen: LedgerSeen) -> None:
        wanted = (seen.plan or {}).get("baseline_digest")
        names = [name for name in self.signed.digests if name.startswith(BASELINE)]
        if not wanted or self._altered(LEDGER):
            return
        if any(name in self.redacted for name in names):
            self.notes.append("a baseline is redacted: not held against the run's")
            return
        flaws = {name: baseline_flaw(self._small(name), str(wanted)) for name in names}
        if not names:
            self._find(FindingKind.MISSING, BASELINE, f"the run was under baseline "
                       f"{wanted}, and no baseline file was signed with it")
        elif all(flaws.values()):
            for name, flaw in flaws.items():
                self._find(FindingKind.CONTRADICTION, name, flaw)
        else:
            self._hold(f"baseline: that of the run, digest {wanted}")

    def _check_reports(self, seen: LedgerSeen) -> None:
        if self._altered(LEDGER):
            return
        names = [name for name in self.signed.digests
                 if name.startswith(REPORTS) and name in self.archive.by_name
                 and not self._altered(name)]
        for name in names:
            if not contents.quoting(self.archive.chunks(name), seen.hash.encode()):
                self._find(FindingKind.CONTRADICTION, name,
                           f"it tells of another ledger: it does not quote {seen.hash}")

    def _altered(self, part: str) -> bool:
        return any(finding.part == part and finding.kind is FindingKind.ALTERED
                   for finding in self.findings)

    def _small(self, name: str) -> bytes | None:
        """Return the octets of a part that is not long, ``None`` where it is not there."""
        if name not in self.archive.by_name:
            return None
        try:
            return self.archive.read(name, contents.LARGEST_SMALL)
        except BundleError:
            return b""

    def _marked(self, name: str) -> bool:
        marker = self.archive.by_name.get(REDACTED + name)
        return marker is not None and marker.octets == 0 and name not in (MANIFEST, ENVELOPE)

    def _find(self, kind: FindingKind, part: str, text: str) -> None:
        self.findings.append(Finding(kind, _printable(part), _printable(text)))

    def _hold(self, text: str) -> None:
        self.holds.append(_printable(text))


def _printable(text: str) -> str:
    """Return ``text`` with what could play tricks on a terminal written out: strangers wrote it."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode()
                   for letter in text)


def _moment(text: str) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
