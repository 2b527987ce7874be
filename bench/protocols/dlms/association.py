"""What a client asks of an association, and what the server made of it (IEC 62056-5-3, ACSE).

The records alone; the exchanges are made in :mod:`.client`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.protocols.dlms.apdu import (
    Aare,
    AssociationResult,
    ConfirmedServiceError,
    Conformance,
    Context,
    Diagnostic,
    InitiateResponse,
    conformance,
)
from bench.protocols.dlms.apdu.initiate import DLMS_VERSION
from bench.protocols.dlms.channel import Caps
from bench.protocols.dlms.result import Refusal, Result
from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.protection import NONE, Protection

LN_CONFORMANCE = conformance((
    "general-protection", "general-block-transfer", "attribute0-supported-with-set",
    "priority-mgmt-supported", "attribute0-supported-with-get",
    "block-transfer-with-get-or-read", "block-transfer-with-set-or-write",
    "block-transfer-with-action", "multiple-references", "data-notification", "access", "get",
    "set", "selective-access", "event-notification", "action"))
"""All that a client can use in logical name referencing."""
SN_CONFORMANCE = conformance((
    "general-protection", "general-block-transfer", "read", "write", "unconfirmed-write",
    "block-transfer-with-get-or-read", "block-transfer-with-set-or-write", "multiple-references",
    "information-report", "data-notification", "parameterized-access"))
"""All that a client can use in short name referencing."""

CIPHERED = (Context.LN_CIPHERED, Context.SN_CIPHERED)
SHORT_NAMES = (Context.SN, Context.SN_CIPHERED)
HIGH_LEVEL = frozenset(mechanism for mechanism in Mechanism if mechanism >= Mechanism.HIGH)
_TITLED = (Mechanism.GMAC, Mechanism.SHA256, Mechanism.ECDSA)


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a client proposes. Lengths in octets.

    ``protection`` is that of requests in a ciphered context, ``answers`` the least of what answers
    them (``None``: the same). ``max_pdu`` is the longest APDU the client takes, 0: any. ``user_id``
    goes as calling-AE-invocation-id. Without ``confirmed`` or ``high_priority`` those flags of
    invoke-id-and-priority are clear. Without ``challenge_octets`` it is as long as is usual.
    """

    context: str = Context.LN
    mechanism: Mechanism = Mechanism.NONE
    conformance: Conformance = LN_CONFORMANCE
    max_pdu: int = 0xFFFF
    protection: Protection = NONE
    answers: Protection | None = None
    dedicated_key: bytes | None = field(default=None, repr=False)
    response_allowed: bool = True
    quality_of_service: int | None = None
    dlms_version: int = DLMS_VERSION
    user_id: int | None = None
    challenge_octets: int | None = None
    confirmed: bool = True
    high_priority: bool = True
    caps: Caps = Caps()  # noqa: RUF009  frozen

    @property
    def ciphered(self) -> bool:
        """True where the context asks for ciphering."""
        return self.context in CIPHERED

    @property
    def for_initiate(self) -> Protection:
        """How initiate requests are protected: never under the key that they carry."""
        if not self.ciphered:
            return NONE
        dedicated = self.protection.key is Key.DEDICATED
        return self.protection._replace(key=Key.UNICAST) if dedicated else self.protection

    @property
    def names_its_title(self) -> bool:
        """True where the server needs the client's system title."""
        return self.ciphered or self.mechanism in _TITLED


@dataclass(frozen=True, slots=True)
class Association:
    """The answer of a server; ``refusal`` where it was no AARE.

    ``initiate`` is what was granted, or why not; ``authentication`` the result of HLS pass 3 where
    it was made, whose pass 4 has then been checked.
    """

    aare: Aare | None = None
    initiate: InitiateResponse | ConfirmedServiceError | None = None
    refusal: Refusal | None = None
    authentication: Result | None = None

    @property
    def accepted(self) -> bool:
        """True where the server accepted; with HLS, where it also took the answer in pass 3."""
        return (self.aare is not None and self.aare.result == AssociationResult.ACCEPTED
                and (self.authentication is None or self.authentication.succeeded))

    @property
    def diagnostic(self) -> Diagnostic | None:
        """The server's reason, if it answered by an AARE."""
        return None if self.aare is None else self.aare.diagnostic

    @property
    def granted(self) -> InitiateResponse | None:
        """What was granted, where the server accepted."""
        return self.initiate if isinstance(self.initiate, InitiateResponse) else None


@dataclass(frozen=True, slots=True)
class Released:
    """The answer to a request for release; ``reason`` 0 is normal."""

    reason: int | None = None
    initiate: InitiateResponse | ConfirmedServiceError | None = None
    refusal: Refusal | None = None
