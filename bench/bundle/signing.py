"""Whose signature is it, when was it made, and was the key to be believed then?

The time is the laboratory's word, unless an authority that is trusted here saw the signature: then
the key must have been valid when it was stamped, too. A time stamp of an authority that is not
trusted says nothing, but must still be one of this envelope.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from bench.bundle.authorities import Authorities
from bench.bundle.contents import ENVELOPE, STAMP
from bench.bundle.envelope import Signed
from bench.bundle.errors import BundleError
from bench.bundle.findings import Collected, FindingKind
from bench.bundle.time_stamp import TimeStamp, read_stamp
from bench.bundle.trust import TrustedKey, TrustStore

CLOCKS_DIFFER = datetime.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Trusted:
    """What a verifier believes: laboratories, authorities (``None``: it did not say) and its own
    clock."""

    laboratories: TrustStore
    authorities: Authorities | None
    now: datetime.datetime


def check_signature(signed: Signed, stamp: TimeStamp | None, trusted: Trusted,
                    said: Collected) -> TrustedKey | None:
    """Return the trusted key that made the signature, ``None`` where none did.

    ``stamp`` is what :func:`check_stamp` returned.
    """
    key = trusted.laboratories.get(signed.keyid)
    if key is None:
        said.find(FindingKind.UNKNOWN_KEY, ENVELOPE,
                  f"signed with key {signed.keyid}, which is not among the "
                  f"{len(trusted.laboratories)} trusted")
        return None
    if not signed.verify(key.key):
        said.find(FindingKind.SIGNATURE, ENVELOPE,
                  f"the key of {key.name} did not make this signature over what the envelope "
                  "holds")
        return None
    when, ended = _moment(signed.evidence.signed), _moment(signed.evidence.ended)
    if when is None or ended is None:
        said.find(FindingKind.SIGNATURE, ENVELOPE,
                  f"{(signed.evidence.signed, signed.evidence.ended)} are no times with a zone")
        return None
    before = len(said.findings)
    if objection := key.objection(when, stamp.time if stamp else None):
        said.find(FindingKind.KEY_NOT_VALID, ENVELOPE, f"{objection}; signed {when.isoformat()}")
    if when < ended:
        said.find(FindingKind.SIGNATURE, ENVELOPE, f"signed {when.isoformat()}, before the run "
                  f"ended, {ended.isoformat()}")
    if when > trusted.now + CLOCKS_DIFFER:
        said.find(FindingKind.SIGNATURE, ENVELOPE,
                  f"signed {when.isoformat()}, which is still to come")
    if len(said.findings) == before:
        said.hold(f"signature: made by {key.name}, key {signed.keyid}, {when.isoformat()}")
    if trusted.now > key.not_after:
        whose = f"the word of {stamp.authority}" if stamp else "the laboratory's word"
        said.note(f"the key of {key.name} has expired since; that the signature is older is "
                  f"{whose}")
    return key


def check_stamp(octets: bytes, envelope: bytes, signed: Signed, trusted: Trusted,
                said: Collected) -> TimeStamp | None:
    """Return the time stamp in ``octets`` if it is of the octets of ``envelope`` and its authority
    is trusted, ``None`` where it says nothing."""
    try:
        stamp = read_stamp(octets)
    except BundleError as wrong:
        said.find(FindingKind.ALTERED, STAMP, str(wrong))
        return None
    if not stamp.covers(envelope):
        said.find(FindingKind.TIME_STAMP, STAMP, "it is of other octets than this envelope")
        return None
    when = _moment(signed.evidence.signed)
    before = len(said.findings)
    if when is not None and stamp.time < when - CLOCKS_DIFFER:
        said.find(FindingKind.TIME_STAMP, STAMP, f"stamped {stamp.time.isoformat()}, before the "
                  f"laboratory says that it signed, {when.isoformat()}")
    if stamp.time > trusted.now + CLOCKS_DIFFER:
        said.find(FindingKind.TIME_STAMP, STAMP,
                  f"stamped {stamp.time.isoformat()}, which is still to come")
    if trusted.authorities is None:
        said.note(f"it carries a time stamp of {stamp.time.isoformat()} by {stamp.authority}, "
                  "and no authority is trusted here: judged as without")
        return None
    if objection := trusted.authorities.objection(stamp):
        said.find(FindingKind.UNKNOWN_AUTHORITY, STAMP, objection)
        said.note("judged as without a time stamp")
    if len(said.findings) > before:
        return None
    said.hold(f"time stamp: {stamp.authority} saw the signature, {stamp.time.isoformat()}")
    return stamp


def _moment(text: str) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
