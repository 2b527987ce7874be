"""Opening an association: what an AARQ must have, and the AARE that answers it (IEC 62056-5-3).

Checked in this order: protocol version, application context, titles and user, authentication, then
the xDLMS initiate request. A rejection gives the standard's diagnostic; one that comes from the
initiate request has a confirmed service error as user information, in the clear, the others none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.apdu import (
    Aare,
    Aarq,
    AssociationResult,
    ConfirmedServiceError,
    Conformance,
    Diagnostic,
    InitiateRequest,
    InitiateResponse,
    Source,
    conformance,
    decode,
    mechanism_name,
)
from bench.protocols.dlms.apdu.initiate import DLMS_VERSION, VAA_NAME_LN, VAA_NAME_SN
from bench.protocols.dlms.security import hls
from bench.protocols.dlms.security.general_securing import Random
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.protection import NONE, Opened, SecurityError
from bench.protocols.dlms.security.suites import TITLE_OCTETS
from devices.emulators.dlms import signatures
from devices.emulators.dlms.guarding import Guard
from devices.emulators.dlms.offers import LOGICAL, LOGICAL_CIPHERED, Offer
from devices.emulators.gbcs.faults import Faults

SMALLEST_PDU = 12
"""Octets that a client must be able to take, without protection."""

# Diagnostics of the service user.
NO_REASON, CONTEXT, CALLING_TITLE, CALLING_USER, CALLED_TITLE = 1, 2, 3, 6, 7
MECHANISM_UNKNOWN, MECHANISM_REQUIRED, FAILURE, REQUIRED = 11, 12, 13, 14
NO_COMMON_VERSION = Diagnostic(Source.SERVICE_PROVIDER, 2)

# Confirmed service errors of the initiate service (1).
_DECIPHERING = ConfirmedServiceError(1, 0, 6)
_VERSION, _CONFORMANCE, _PDU_SIZE, _REFUSED = (ConfirmedServiceError(1, 6, n) for n in (1, 2, 3, 4))

_FIXED_CHALLENGE = bytes(range(64))


class Rejected(Exception):  # noqa: N818  the word of the standard
    """Why an association does not open."""

    def __init__(self, diagnostic: Diagnostic | int,
                 error: ConfirmedServiceError | None = None) -> None:
        super().__init__()
        self.diagnostic = diagnostic if isinstance(diagnostic, Diagnostic) \
            else Diagnostic(Source.SERVICE_USER, diagnostic)
        self.error = error


@dataclass(frozen=True, slots=True)
class Agreed:
    """What has been agreed. ``challenges`` are the client's and ours, with HLS only."""

    guard: Guard
    conformance: Conformance
    max_send: int
    challenges: tuple[bytes, bytes] | None
    user: int
    initiate: bytes  # the xDLMS initiate response
    answer: bytes  # the AARE, empty where the client wants none


class Opening(NamedTuple):
    """What an association is opened with."""

    offer: Offer
    guard: Guard
    secret: bytes
    client_title: bytes  # the one that is expected, empty for any
    challenge_octets: int
    random: Random
    faults: Faults

    def agree(self, aarq: Aarq) -> Agreed:
        """Return what is agreed; Rejected if nothing is."""
        self._check_version(aarq)
        self._check_context(aarq)
        self._check_titles(aarq)
        user = self._check_user(aarq)
        challenge = self._check_authentication(aarq)
        if aarq.calling_ap_title is not None and len(aarq.calling_ap_title) == TITLE_OCTETS:
            self.guard.security.learn(peer_title=aarq.calling_ap_title)
        if "certificate-of-client-trusted" in self.faults and aarq.calling_ae_qualifier:
            security = self.guard.security
            security.keys = signatures.with_certified(security.keys, aarq.calling_ae_qualifier)
        opened, request = self._initiate(aarq)
        agreed = self._negotiate(request)
        self._take_dedicated(opened, request)
        initiate = self._initiate_response(agreed, request)
        ours = None
        if challenge is not None:
            ours = self._challenge(challenge)
        answer = self._accept(initiate, opened, ours) if request.response_allowed else b""
        return Agreed(self.guard, agreed, request.max_pdu or 0xFFFF,
                      None if challenge is None or ours is None else (challenge, ours), user,
                      initiate, answer)

    def _challenge(self, theirs: bytes) -> bytes:
        """Return our challenge, as long as the mechanism needs it at least."""
        octets = max(self.challenge_octets, hls.shortest(Mechanism(self.offer.facts.mechanism)))
        if "own-challenge-too-short" in self.faults:
            octets = hls.SHORTEST
        if "own-challenge-copied" in self.faults:
            return theirs
        return _FIXED_CHALLENGE[:octets] if "challenge-repeats" in self.faults \
            else self.random(octets)

    @property
    def _needs_titles(self) -> bool:
        return self.offer.settings.ciphered or self.offer.facts.mechanism in (
            Mechanism.SHA256, Mechanism.ECDSA)

    # -- ACSE ----------------------------------------------------------------------------------

    def _check_version(self, aarq: Aarq) -> None:
        if "protocol-version-refused" in self.faults and aarq.protocol_version is not None:
            raise Rejected(NO_COMMON_VERSION)
        if "protocol-version-not-checked" not in self.faults \
                and not (aarq.protocol_version or "1").startswith("1"):
            raise Rejected(NO_COMMON_VERSION)

    def _check_context(self, aarq: Aarq) -> None:
        if aarq.context != context_name(self.offer.facts.context) \
                and "context-not-checked" not in self.faults:
            raise Rejected(CONTEXT)

    def _check_titles(self, aarq: Aarq) -> None:
        called = (aarq.called_ap_title, aarq.called_ae_qualifier, aarq.called_ap_invocation_id,
                  aarq.called_ae_invocation_id)
        if "titles-refused" in self.faults and any(one is not None for one in called):
            raise Rejected(CALLED_TITLE)
        if not self._needs_titles:
            return
        title = aarq.calling_ap_title or b""
        if len(title) != TITLE_OCTETS or self.client_title not in (b"", title):
            raise Rejected(CALLING_TITLE)

    def _check_user(self, aarq: Aarq) -> int:
        users, user = self.offer.users(), aarq.calling_ae_invocation_id
        if user is not None and "user-id-refused" in self.faults:
            raise Rejected(CALLING_USER)
        if not users:
            return user or 0
        if user not in users:
            raise Rejected(CALLING_USER)
        return user or 0

    def _check_authentication(self, aarq: Aarq) -> bytes | None:
        """Return the client's challenge, None where there is none to answer."""
        asked = (aarq.acse_requirements or "").startswith("1")
        mechanism, value = Mechanism(self.offer.facts.mechanism), aarq.authentication_value
        if mechanism is Mechanism.NONE:
            if asked and aarq.mechanism not in (None, mechanism_name(0)):
                raise Rejected(MECHANISM_UNKNOWN)
            return None
        if not asked and "authentication-unit-not-asked" not in self.faults:
            raise Rejected(REQUIRED)
        if "mechanism-not-checked" not in self.faults:
            if aarq.mechanism is None:
                raise Rejected(MECHANISM_REQUIRED)
            if aarq.mechanism != mechanism_name(mechanism):
                raise Rejected(MECHANISM_UNKNOWN)
        if value is None:
            raise Rejected(FAILURE)
        if mechanism is Mechanism.LOW:
            if value != self.secret and "password-not-checked" not in self.faults:
                raise Rejected(FAILURE)
            return None
        try:
            hls.check_challenge(value, mechanism)
        except SecurityError:
            if "short-challenge-signed" not in self.faults:
                raise Rejected(FAILURE) from None
        return value

    # -- xDLMS ---------------------------------------------------------------------------------

    def _initiate(self, aarq: Aarq) -> tuple[Opened, InitiateRequest]:
        try:
            opened = self.guard.open(aarq.user_information or b"")
        except SecurityError:
            raise Rejected(NO_REASON, _DECIPHERING) from None
        if not self.guard.is_enough(opened.protection):
            raise Rejected(NO_REASON, _REFUSED)
        try:
            request = decode(opened.apdu)
        except RemoteProtocolError:
            raise Rejected(NO_REASON, _REFUSED) from None
        if not isinstance(request, InitiateRequest):
            raise Rejected(NO_REASON, _REFUSED)
        return opened, request

    def _negotiate(self, request: InitiateRequest) -> Conformance:
        faults = self.faults
        if request.dlms_version < DLMS_VERSION and "dlms-version-not-checked" not in faults:
            raise Rejected(NO_REASON, _VERSION)
        if "quality-of-service-refused" in faults and request.quality_of_service is not None:
            raise Rejected(NO_REASON, _REFUSED)
        offered = conformance(self.offer.settings.conformance)
        agreed = request.conformance & offered
        if not agreed and "empty-conformance-accepted" not in faults:
            raise Rejected(NO_REASON, _CONFORMANCE)
        least = SMALLEST_PDU + self.guard.overhead(self.guard.answer(NONE))
        if 0 < request.max_pdu < least and "max-pdu-too-small-accepted" not in faults:
            raise Rejected(NO_REASON, _PDU_SIZE)
        return offered if "conformance-not-negotiated" in faults else agreed

    def _take_dedicated(self, opened: Opened, request: InitiateRequest) -> None:
        if request.dedicated_key is None:
            return
        if "dedicated-key-refused" in self.faults:
            raise Rejected(NO_REASON, _REFUSED)
        if not self.offer.settings.ciphered:  # of no use there
            return
        if not opened.protection.encrypted:
            raise Rejected(NO_REASON, _REFUSED)
        try:
            self.guard.security.learn(dedicated=request.dedicated_key)
        except LocalProtocolError:  # not of the suite's length
            raise Rejected(NO_REASON, _REFUSED) from None
        self.guard.dedicated = True

    def _initiate_response(self, agreed: Conformance, request: InitiateRequest) -> bytes:
        short = self.offer.facts.context not in (LOGICAL, LOGICAL_CIPHERED)
        version = 5 if "dlms-version-wrong" in self.faults else DLMS_VERSION
        return InitiateResponse(
            None if request.quality_of_service is None else 0, version, agreed,
            self.offer.settings.max_pdu, VAA_NAME_SN if short else VAA_NAME_LN).encode()

    def _accept(self, initiate: bytes, opened: Opened, challenge: bytes | None) -> bytes:
        facts, faults = self.offer.facts, self.faults
        title = self.guard.security.keys.own_title if self._needs_titles else None
        response = self.guard.close(initiate, self.guard.answer(opened.protection))
        context = facts.context ^ 3 if "context-name-wrong" in faults else facts.context
        name = context_name(context)
        if challenge is None:
            return Aare(context=name, responding_ap_title=title,
                        user_information=response).encode()
        return Aare(
            context=name, diagnostic=Diagnostic(Source.SERVICE_USER, REQUIRED),
            responding_ap_title=title, acse_requirements="1",
            mechanism=mechanism_name(facts.mechanism), authentication_value=challenge,
            user_information=response).encode()


def rejection(offer: Offer, rejected: Rejected, faults: Faults) -> bytes:
    """Return the AARE that rejects."""
    diagnostic = rejected.diagnostic
    if "diagnostic-wrong" in faults:
        diagnostic = Diagnostic(Source.SERVICE_USER, CALLING_TITLE)
    return Aare(
        context=context_name(offer.facts.context), result=AssociationResult.REJECTED_PERMANENT,
        diagnostic=diagnostic,
        user_information=rejected.error.encode() if rejected.error else None).encode()


def context_name(number: int) -> str:
    """Return the application context name of its last number."""
    return f"2.16.756.5.8.1.{number}"
