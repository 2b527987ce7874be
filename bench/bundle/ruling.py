"""A ruling with the certification body's signature: what the register grants from.

The statement's subjects are the evidence bundles that the ruling rests on, by SHA-256; its
predicate is the whole ruling, and when and in whose name it was signed. Whoever signs a ruling is
not a laboratory whose evidence it weighs: neither the key nor the name may be one of theirs.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from pathlib import Path

from securesystemslib.signer import Signer

from bench.bundle.errors import BundleError
from bench.bundle.statement import Statement, read_statement, sign_statement
from bench.bundle.trust import TrustedKey, TrustStore
from bench.records.assurance import Ruling
from bench.records.serial import from_json, to_json

PREDICATE_TYPE = "https://smip-bench.example/ruling/v1"
LARGEST = 1 << 26  # octets; a ruling over 10,000 cases takes a tenth
CLOCKS_DIFFER = datetime.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignedRuling:
    """A ruling as read; ``signed`` is the time, ISO 8601 with zone, that the body says."""

    ruling: Ruling
    signed: str
    statement: Statement

    @property
    def keyid(self) -> str:
        """The id of the key that is said to have signed."""
        return self.statement.keyid


def sign_ruling(ruling: Ruling, signer: Signer, now: datetime.datetime) -> bytes:
    """Return the octets of the signed ruling.

    Raises :class:`BundleError` where the key or the name is that of a laboratory whose run the
    ruling weighs, a run is signed by nobody, or the key cannot be used.
    """
    refuse_own_laboratory(ruling, signer.public_key.keyid)
    digests = {f"evidence {number}": run.bundle_sha256
               for number, run in enumerate(ruling.runs, 1)}
    if not all(digests.values()):
        raise BundleError("a run that no laboratory signed is no ground for a ruling: make a "
                          "bundle of it (smip-bench bundle create)")
    said = {"ruling": to_json(ruling), "signed": now.astimezone(datetime.UTC).isoformat()}
    return sign_statement(digests, PREDICATE_TYPE, said, signer)


def read_ruling(path: Path) -> SignedRuling:
    """Read a signed ruling; raises :class:`BundleError` for what is none."""
    try:
        if path.stat().st_size > LARGEST:
            raise BundleError(f"{path}: too large for a ruling")
        octets = path.read_bytes()
    except OSError as failure:
        raise BundleError(f"{path}: cannot be read: {failure.strerror}") from failure
    try:
        statement = read_statement(octets, PREDICATE_TYPE)
        ruling = from_json(Ruling, statement.predicate["ruling"])
        signed = statement.predicate["signed"]
        if ({"ruling": to_json(ruling), "signed": signed} == statement.predicate
                and datetime.datetime.fromisoformat(signed).tzinfo):
            return SignedRuling(ruling, signed, statement)
    except BundleError as wrong:
        raise BundleError(f"{path}: is no signed ruling: {wrong}") from wrong
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as wrong:
        raise BundleError(f"{path}: is no signed ruling of this version") from wrong
    raise BundleError(f"{path}: is no signed ruling: its predicate has other fields than ours")


def verify_ruling(
    signed: SignedRuling, trust: TrustStore, now: datetime.datetime
) -> TrustedKey:
    """Return the trusted key that signed, or refuse with :class:`BundleError`.

    Refused are a key that is not trusted or was not valid at the time of signing, a signature that
    it did not make, a time still to come, a certification body that is a laboratory of its own
    runs, and subjects that are not the evidence of the ruling.
    """
    trusted = trust.get(signed.keyid)
    if trusted is None:
        raise BundleError(f"the ruling is signed with key {signed.keyid}, which is not among the "
                          f"{len(trust)} trusted")
    if not signed.statement.verify(trusted.key):
        raise BundleError(f"the key of {trusted.name} did not make the signature over the ruling")
    when = datetime.datetime.fromisoformat(signed.signed)
    if objection := trusted.objection(when):
        raise BundleError(f"{objection}; the ruling was signed {when.isoformat()}")
    if when > now + CLOCKS_DIFFER:
        raise BundleError(f"the ruling was signed {when.isoformat()}, which is still to come")
    refuse_own_laboratory(signed.ruling, signed.keyid)
    if tuple(signed.statement.digests.values()) != tuple(
            run.bundle_sha256 for run in signed.ruling.runs):
        raise BundleError("the ruling names other evidence than the statement around it")
    return trusted


def refuse_own_laboratory(ruling: Ruling, keyid: str) -> None:
    """Raise :class:`BundleError` where who rules is a laboratory of the ruling's own runs."""
    body = _plain(ruling.certification_body)
    if not body:
        raise BundleError("the ruling names no certification body")
    for run in ruling.runs:
        if run.keyid == keyid:
            raise BundleError(f"{run.laboratory} signed the evidence with this key: a laboratory "
                              "does not decide on its own tests")
        if _plain(run.laboratory) == body:
            raise BundleError(f"{ruling.certification_body} is the laboratory too: the "
                              "certification body does not decide on its own tests")


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
