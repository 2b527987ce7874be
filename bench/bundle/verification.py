"""Does a bundle hold what a laboratory signed, all of it and nothing else?

Offline, from the file and what is trusted alone. Nothing is extracted and no part is held in
memory: the parts are hashed in threads of their own while the ledger's chain is walked. Every
octet of the file counts: those of the parts by their digests, those of a time stamp by the one form
that it has around what its authority signed, and those between by the one form that a bundle has.
Beyond the signature, the parts are held against each other, so that a bundle is also refused if
whoever signed it put it together from different runs. Left out: judging the ledger again
(``smip-bench rejudge``), which a bundle of any age allows.
"""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from bench.bundle import contents
from bench.bundle.archive import Archive
from bench.bundle.authorities import Authorities
from bench.bundle.chain import LONGEST_LINE, LedgerSeen, see_ledger
from bench.bundle.contents import (
    BASELINE,
    CAPTURES,
    ENVELOPE,
    LEDGER,
    MANIFEST,
    REDACTED,
    REPORTS,
    STAMP,
    UNLISTED,
)
from bench.bundle.cross_check import baseline_flaw, plan_flaws
from bench.bundle.envelope import Signed, read_envelope
from bench.bundle.errors import BundleError
from bench.bundle.findings import Collected, Finding, FindingKind, Verification, printable
from bench.bundle.signing import Trusted, check_signature, check_stamp
from bench.bundle.time_stamp import LARGEST_STAMP, TimeStamp
from bench.bundle.trust import TrustStore

THREADS = 2  # that hash while a third walks along the ledger; a disk gives no more


def verify_bundle(path: Path, trust: TrustStore, now: datetime.datetime,
                  authorities: Authorities | None = None) -> Verification:
    """Verify the bundle at ``path``; ``now`` (with zone) only serves to refuse later signatures.

    Without ``authorities`` a time stamp is not believed, and a note says so.

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
                    Finding(FindingKind.ALTERED, ENVELOPE, printable(str(wrong))),))
            return _Verifying(archive, signed).verification(Trusted(trust, authorities, now))
    except (BundleError, OSError) as refused:
        return Verification((Finding(FindingKind.REFUSED, "", printable(str(refused))),))


class _Verifying:
    """One verification: collects what holds and what does not."""

    def __init__(self, archive: Archive, signed: Signed) -> None:
        self.archive = archive
        self.signed = signed
        self.said = Collected()
        self.redacted = {
            name: digest for name, digest in signed.digests.items()
            if name not in archive.by_name and self._marked(name)}

    def verification(self, trusted: Trusted) -> Verification:
        stamp = self._check_stamp(trusted)
        signer = check_signature(self.signed, stamp, trusted, self.said)
        self._check_names()
        with ThreadPoolExecutor(THREADS) as threads:
            hashing = {name: threads.submit(self.archive.digest, name)
                       for name in self.signed.digests if name in self.archive.by_name}
            seen = self._see_ledger()
            found = dict(_readable(hashing))
        self._check_digests(found, seen)
        self._check_manifest()
        self._check_checksums()
        for part, text in self.archive.flaws():
            self.said.find(FindingKind.ALTERED, part, text)
        if seen is not None:
            self._check_ledger(seen, found)
            self._check_baselines(seen)
            self._check_reports(seen)
        return Verification(
            tuple(self.said.findings), tuple(self.said.holds), self.redacted,
            tuple(self.said.notes), self.signed.keyid, self.signed.evidence, signer, stamp)

    def _check_stamp(self, trusted: Trusted) -> TimeStamp | None:
        if STAMP not in self.archive.by_name:
            if trusted.authorities is not None:
                self.said.note("no time stamp: when it was signed is the laboratory's word")
            return None
        try:
            octets = self.archive.read(STAMP, LARGEST_STAMP)
        except BundleError as unreadable:
            self.said.find(FindingKind.ALTERED, STAMP, str(unreadable))
            return None
        envelope = self.archive.read(ENVELOPE, contents.LARGEST_ENVELOPE)
        return check_stamp(octets, envelope, self.signed, trusted, self.said)

    def _check_names(self) -> None:
        expected = [*self.signed.digests, ENVELOPE]
        present = self.archive.by_name
        for name in expected:
            if name not in present and name not in self.redacted:
                self.said.find(FindingKind.MISSING, name, "it was signed and is not in the archive")
        known = set(contents.archive_order(expected, self.redacted))
        for name in present:
            if name not in known:
                self.said.find(FindingKind.ADDED, name, "it is in the archive and was not signed")
        order = [name for name in contents.archive_order(expected, self.redacted)
                 if name in present]
        found = [name for name in present if name in known]
        for place, (name, other) in enumerate(zip(order, found, strict=True), 1):
            if name != other:
                self.said.find(FindingKind.REORDERED, other,
                               f"it stands in place {place}, where {name} belongs")

    def _see_ledger(self) -> LedgerSeen | None:
        if LEDGER not in self.archive.by_name:
            if LEDGER in self.redacted:
                self.said.note("the ledger is redacted: no verdict can be derived again, and "
                               "no other part was held against it")
            return None
        try:
            with self.archive.mapped(LEDGER) as ledger:
                return see_ledger(ledger, lambda: self.archive.lines(LEDGER, LONGEST_LINE))
        except (BundleError, ValueError) as unreadable:  # numbers too long to be written
            self.said.find(FindingKind.ALTERED, LEDGER, str(unreadable))
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
                self.said.find(FindingKind.ALTERED, name,
                               "its octets are not those that were signed")
        away = f", {len(self.redacted)} redacted" if self.redacted else ""
        self.said.hold(f"parts: {same} of {len(self.signed.digests)} have the digest that the "
                       f"envelope names{away}")

    def _ledger_altered(self, seen: LedgerSeen) -> None:
        for flaw in seen.flaws:
            self.said.find(FindingKind.ALTERED, LEDGER, flaw)
        if not seen.flaws:
            evidence = self.signed.evidence
            self.said.find(FindingKind.ALTERED, LEDGER,
                           f"its chain holds, but it was made anew: {seen.entries} entries, the "
                           f"last hash {seen.hash}; signed were {evidence.entries}, the last hash "
                           f"{evidence.ledger_hash}")

    def _check_manifest(self) -> None:
        if MANIFEST not in self.archive.by_name or self.said.altered(MANIFEST):
            return  # what it lists says nothing
        try:
            listed = contents.read_manifest(
                self.archive.read(MANIFEST, contents.LARGEST_MANIFEST))
        except BundleError as wrong:
            self.said.find(FindingKind.CONTRADICTION, MANIFEST, str(wrong))
            return
        digests = {name: part.sha256 for name, part in listed.items()}
        signed = {name: digest for name, digest in self.signed.digests.items()
                  if name != MANIFEST}
        if digests != signed:
            self.said.find(FindingKind.CONTRADICTION, MANIFEST,
                           "it does not list the parts that the envelope names")
        for name, part in listed.items():
            entry = self.archive.by_name.get(name)
            if self.said.altered(name):
                continue
            if entry and (entry.octets, entry.crc32) != (part.octets, part.crc32):
                self.said.find(FindingKind.ALTERED, name,
                               "its length or CRC-32 in the archive is not that of the manifest")

    def _check_checksums(self) -> None:
        """Check the CRC-32 of the parts for which the manifest has none."""
        for name in UNLISTED:
            entry = self.archive.by_name.get(name)
            # a part that is altered, or where it should not be, has been told already
            if entry is None or self.said.altered(name):
                continue
            with suppress(BundleError):
                octets = self.archive.read(name, contents.LARGEST_UNLISTED)
                if zlib.crc32(octets) != entry.crc32:
                    self.said.find(FindingKind.ALTERED, name,
                                   "its CRC-32 in the archive is not that of its octets")

    def _check_ledger(self, seen: LedgerSeen, found: Mapping[str, str]) -> None:
        evidence = self.signed.evidence
        told = (evidence.ledger_hash, evidence.entries, evidence.started, evidence.ended)
        if self.said.altered(LEDGER):
            return  # what follows from it says nothing
        if seen.flaws:
            for flaw in seen.flaws:
                self.said.find(FindingKind.CONTRADICTION, LEDGER, f"signed although {flaw}")
            return
        if told != (seen.hash, seen.entries, seen.started, seen.ended):
            self.said.find(FindingKind.CONTRADICTION, ENVELOPE,
                           f"it tells of a ledger that ends in {evidence.ledger_hash}; this one "
                           f"ends in {seen.hash}")
        self.said.hold(f"ledger: {seen.entries} entries, unbroken, the last hash {seen.hash}")
        for part, text in plan_flaws(seen.plan or {}, evidence, self._small):
            self.said.find(FindingKind.CONTRADICTION, part, text)
        self._check_captures(seen.captures, found)

    def _check_captures(self, vouched: Mapping[str, str], found: Mapping[str, str]) -> None:
        same = 0
        for file, digest in vouched.items():
            name = CAPTURES + file
            if name in self.redacted:
                found = {**found, name: self.redacted[name]}
            if name not in found:
                if name not in self.signed.digests:
                    self.said.find(FindingKind.MISSING, name, "the ledger vouches for it")
            elif self.said.altered(name):
                continue
            elif found[name] != digest:
                self.said.find(FindingKind.CONTRADICTION, name,
                               "its octets are not those that the ledger vouches for")
            else:
                same += name not in self.redacted
        for name in self.signed.digests:
            if name.startswith(CAPTURES) and name.removeprefix(CAPTURES) not in vouched:
                self.said.find(FindingKind.CONTRADICTION, name, "the ledger knows nothing of it")
        self.said.hold(f"captures: {same} of {len(vouched)} as the ledger vouches for them")

    def _check_baselines(self, seen: LedgerSeen) -> None:
        wanted = (seen.plan or {}).get("baseline_digest")
        names = [name for name in self.signed.digests if name.startswith(BASELINE)]
        if not wanted or self.said.altered(LEDGER):
            return
        if any(name in self.redacted for name in names):
            self.said.note("a baseline is redacted: not held against the run's")
            return
        flaws = {name: baseline_flaw(self._small(name), str(wanted)) for name in names}
        if not names:
            self.said.find(FindingKind.MISSING, BASELINE, f"the run was under baseline "
                           f"{wanted}, and no baseline file was signed with it")
        elif all(flaws.values()):
            for name, flaw in flaws.items():
                self.said.find(FindingKind.CONTRADICTION, name, flaw)
        else:
            self.said.hold(f"baseline: that of the run, digest {wanted}")

    def _check_reports(self, seen: LedgerSeen) -> None:
        if self.said.altered(LEDGER):
            return
        names = [name for name in self.signed.digests
                 if name.startswith(REPORTS) and name in self.archive.by_name
                 and not self.said.altered(name)]
        for name in names:
            if not contents.quoting(self.archive.chunks(name), seen.hash.encode()):
                self.said.find(FindingKind.CONTRADICTION, name,
                               f"it tells of another ledger: it does not quote {seen.hash}")

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
        return marker is not None and marker.octets == 0 and name not in UNLISTED


def _readable(hashing: Mapping[str, Future[str]]) -> Iterator[tuple[str, str]]:
    """Yield the SHA-256 of every part that can be read."""
    for name, digest in hashing.items():
        # where it is not where it should be, the archive's flaws say more
        with suppress(BundleError):
            yield name, digest.result()
