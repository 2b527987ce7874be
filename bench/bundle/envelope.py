"""The signature over a bundle: a statement (:mod:`bench.bundle.statement`) about its parts.

Its subjects are the parts with their SHA-256, its predicate says what the evidence is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from securesystemslib.signer import Signer, SSlibKey

from bench.bundle.archive import check_name
from bench.bundle.errors import BundleError
from bench.bundle.statement import Statement, read_statement, sign_statement
from bench.records.serial import from_json, to_json
from bench.records.subject import Subject

PREDICATE_TYPE = "https://smip-bench.example/evidence/v1"


@dataclass(frozen=True, slots=True)
class Evidence:
    """The predicate: what the parts of a bundle are evidence of.

    ``ledger_hash`` is that of the ledger's last entry, ``entries`` their number. Times are ISO
    8601 with zone: the ledger's first and last entry, and when the laboratory says it signed.
    """

    subject: Subject
    mode: str
    demonstration: bool
    baseline: str
    baseline_digest: str
    ledger_hash: str
    entries: int
    started: str
    ended: str
    signed: str
    bench: str  # version of smip-bench that made the bundle


@dataclass(frozen=True, slots=True)
class Signed:
    """An envelope as read: nothing in it is believed before :meth:`verify`."""

    statement: Statement
    evidence: Evidence

    @property
    def keyid(self) -> str:
        """The id of the key that is said to have signed."""
        return self.statement.keyid

    @property
    def digests(self) -> Mapping[str, str]:
        """The SHA-256 of each part by its name, in the order of the parts."""
        return self.statement.digests

    def verify(self, key: SSlibKey) -> bool:
        """Return whether ``key`` made the signature."""
        return self.statement.verify(key)


def sign(digests: Mapping[str, str], evidence: Evidence, signer: Signer) -> bytes:
    """Return the octets of the envelope over the parts' ``digests`` and what they show.

    Raises :class:`BundleError` where the key cannot be used after all.
    """
    return sign_statement(digests, PREDICATE_TYPE, evidence, signer)


def read_envelope(octets: bytes) -> Signed:
    """Read what :func:`sign` wrote; raises :class:`BundleError` for anything else."""
    statement = read_statement(octets, PREDICATE_TYPE)
    try:
        for name in statement.digests:
            check_name(name)
        evidence = from_json(Evidence, statement.predicate)
        if to_json(evidence) == statement.predicate and _typed(evidence):
            return Signed(statement, evidence)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise BundleError("it holds no statement of ours in a DSSE envelope") from wrong
    raise BundleError("its predicate has other fields than ours")


def _typed(record: object) -> bool:
    """Return whether the fields hold the plain types that they declare."""
    for field in fields(record):  # type: ignore[arg-type]  # a dataclass, by the caller
        value = getattr(record, field.name)
        if field.type == "Subject":
            if not isinstance(value, Subject) or not _typed(value):
                return False
        elif type(value).__name__ != field.type:
            return False
    return True
