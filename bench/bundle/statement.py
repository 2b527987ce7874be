"""A signed statement: a DSSE envelope around an in-toto statement.

DSSE v1 (``securesystemslib.dsse``) signs the payload with its type, so no canonical JSON decides
what was signed. The statement (in-toto Attestation Framework, Statement v1) names what it is about
by SHA-256 as its subjects, and says it in a predicate of our own type. Envelopes carry exactly one
signature and are written in one way.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer import Signer, SSlibKey

from bench.bundle.errors import BundleError
from bench.records.serial import canonical

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"

_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement as read: nothing in it is believed before :meth:`verify`.

    ``digests`` gives the SHA-256 of each subject by its name; ``predicate`` is plain JSON.
    """

    envelope: Envelope
    keyid: str
    digests: Mapping[str, str]
    predicate: Any

    def verify(self, key: SSlibKey) -> bool:
        """Return whether ``key`` made the signature."""
        try:
            self.envelope.verify([key], 1)
        except (VerificationError, UnverifiedSignatureError):
            return False
        return True


def sign_statement(
    digests: Mapping[str, str], predicate_type: str, predicate: object, signer: Signer
) -> bytes:
    """Return the octets of the envelope; ``predicate`` is a record or plain JSON.

    Raises :class:`BundleError` where the key cannot be used after all.
    """
    envelope = Envelope(canonical({
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}}
                    for name, digest in digests.items()],
        "predicateType": predicate_type,
        "predicate": predicate,
    }), PAYLOAD_TYPE, {})
    try:
        envelope.sign(signer)
    except Exception as failure:  # whatever a token's library raises, a wrong PIN for example
        raise BundleError(f"the key did not sign: {failure or type(failure).__name__}") from failure
    return canonical(envelope.to_dict()) + b"\n"


def read_statement(octets: bytes, predicate_type: str) -> Statement:
    """Read what :func:`sign_statement` wrote; raises :class:`BundleError` for anything else."""
    try:
        written = json.loads(octets)
        count = len(written["signatures"])
        envelope = Envelope.from_dict(written)
        if canonical(envelope.to_dict()) + b"\n" != octets:
            raise BundleError("it is not written as an envelope of ours is")
        if count != 1:
            raise BundleError(f"it carries {count} signatures; an envelope of ours has one")
        if envelope.payload_type != PAYLOAD_TYPE:
            raise BundleError(f"its payload is of type {envelope.payload_type!r}")
        keyid = next(iter(envelope.signatures))
        if not _DIGEST.fullmatch(keyid):
            raise BundleError("its key id is no SHA-256")
        statement = json.loads(envelope.payload)
        for field, expected in (("_type", STATEMENT_TYPE), ("predicateType", predicate_type)):
            if statement[field] != expected:
                raise BundleError(f"its {field} is {statement[field]!r}, expected {expected!r}")
        return Statement(envelope, keyid, _subjects(statement["subject"]), statement["predicate"])
    # whatever a stranger wrote: the library lets the errors of its own steps through
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError,
            VerificationError) as wrong:
        raise BundleError("it holds no statement of ours in a DSSE envelope") from wrong


def _subjects(subjects: Any) -> dict[str, str]:
    digests: dict[str, str] = {}
    for subject in subjects:
        name, digest = subject["name"], subject["digest"]["sha256"]
        if not isinstance(name, str) or not _DIGEST.fullmatch(digest) or name in digests:
            raise BundleError("a subject of its statement has no name and SHA-256 of its own")
        digests[name] = digest
    return digests
