"""The signature over a bundle: a DSSE envelope around an in-toto statement.

DSSE v1 (``securesystemslib.dsse``) signs the payload with its type, so no canonical JSON decides
what was signed. The statement (in-toto Attestation Framework, Statement v1) names every part with
its SHA-256 as a subject; its predicate is our own, :data:`PREDICATE_TYPE`, and says what the
evidence is about. Envelopes carry exactly one signature.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer import Signer, SSlibKey

from bench.bundle.archive import check_name
from bench.bundle.errors import BundleError
from bench.records.serial import canonical, from_json, to_json
from bench.records.subject import Subject

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://smip-bench.example/evidence/v1"

_DIGEST = re.compile("[0-9a-f]{64}")


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

    envelope: Envelope
    keyid: str
    digests: Mapping[str, str]  # part name -> SHA-256 in hexadecimal, in the order of the parts
    evidence: Evidence

    def verify(self, key: SSlibKey) -> bool:
        """Return whether ``key`` made the signature."""
        try:
            self.envelope.verify([key], 1)
        except (VerificationError, UnverifiedSignatureError):
            return False
        return True


def sign(digests: Mapping[str, str], evidence: Evidence, signer: Signer) -> bytes:
    """Return the octets of the envelope over the parts' ``digests`` and what they show.

    Raises :class:`BundleError` where the key cannot be used after all.
    """
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}}
                    for name, digest in digests.items()],
        "predicateType": PREDICATE_TYPE,
        "predicate": to_json(evidence),
    }
    envelope = Envelope(canonical(statement), PAYLOAD_TYPE, {})
    try:
        envelope.sign(signer)
    except Exception as failure:  # whatever a token's library raises, a wrong PIN for example
        raise BundleError(f"the key did not sign: {failure or type(failure).__name__}") from failure
    return canonical(envelope.to_dict()) + b"\n"


def read_envelope(octets: bytes) -> Signed:
    """Read what :func:`sign` wrote; raises :class:`BundleError` for anything else."""
    try:
        written = json.loads(octets)
        count = len(written["signatures"])
        envelope = Envelope.from_dict(written)
        if canonical(envelope.to_dict()) + b"\n" != octets:
            raise BundleError("it is not written as a bundle's envelope is")
        if count != 1:
            raise BundleError(f"it carries {count} signatures; a bundle has one")
        if envelope.payload_type != PAYLOAD_TYPE:
            raise BundleError(f"its payload is of type {envelope.payload_type!r}")
        keyid = next(iter(envelope.signatures))
        if not _DIGEST.fullmatch(keyid):
            raise BundleError("its key id is no SHA-256")
        digests, evidence = _statement(json.loads(envelope.payload))
        return Signed(envelope, keyid, digests, evidence)
    # whatever a stranger wrote: the library lets the errors of its own steps through
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError,
            VerificationError) as wrong:
        raise BundleError("it holds no statement of ours in a DSSE envelope") from wrong


def _statement(statement: Any) -> tuple[dict[str, str], Evidence]:
    for field, expected in (("_type", STATEMENT_TYPE), ("predicateType", PREDICATE_TYPE)):
        if statement[field] != expected:
            raise BundleError(f"its {field} is {statement[field]!r}, expected {expected!r}")
    digests: dict[str, str] = {}
    for subject in statement["subject"]:
        name, digest = subject["name"], subject["digest"]["sha256"]
        check_name(name)
        if not _DIGEST.fullmatch(digest) or name in digests:
            raise BundleError("a subject of its statement has no name and SHA-256 of its own")
        digests[name] = digest
    said = statement["predicate"]
    evidence = from_json(Evidence, said)
    if to_json(evidence) != said or not _typed(evidence):
        raise BundleError("its predicate has other fields than ours")
    return digests, evidence


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
