"""One client's dialogue with the meter on one connection: association, services, release.

What arrives is answered as IEC 62056-5-3 has it, or not at all; nothing that arrives raises. Where
the standard leaves it open: a request that cannot be read, or comes without an association, is
answered by an exception response in the clear; a wrong answer to the challenge ends the
association; a release with less protection than the policy asks for is refused like any other
request, and ends nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.access import AccessRequest
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.dlms.apdu import (
    Aarq,
    ActionRequestNormal,
    Conformance,
    ExceptionResponse,
    GeneralBlock,
    GetResponseNormal,
    Rlre,
    Rlrq,
    conformance,
    conformance_names,
    decode,
)
from bench.protocols.dlms.apdu.form import Apdu
from bench.protocols.dlms.security import hls
from bench.protocols.dlms.security.counters import LENIENT, Counters, Key
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.protection import NONE, Envelope, Flaw, Opened, SecurityError
from devices.emulators.dlms import access_service, general_blocks, signatures
from devices.emulators.dlms.associations import (
    ASSOCIATED,
    CURRENT_INSTANCE,
    NON_ASSOCIATED,
    PENDING,
)
from devices.emulators.dlms.general_blocks import GeneralBlocks
from devices.emulators.dlms.guarding import Guard
from devices.emulators.dlms.interface import OTHER_REASON, Refused
from devices.emulators.dlms.keys import MeterKeys
from devices.emulators.dlms.offers import Offer
from devices.emulators.dlms.opening import (
    NO_REASON,
    Agreed,
    Opening,
    Rejected,
    rejection,
)
from devices.emulators.dlms.profile import MANAGING
from devices.emulators.dlms.services import CONFIRMED, SERVICE_OF, Services
from devices.emulators.dlms.short_services import SHORT_OF, ShortServices
from devices.emulators.dlms.signatures import Passes
from devices.emulators.gbcs.faults import Faults

AARQ, RLRQ = 0x60, 0x62
_REQUESTS = {0x05, 0x06, 0x16, 0xC0, 0xC1, 0xC3, 0xD9}

NOT_ALLOWED = ExceptionResponse(1, 1)
NOT_NEGOTIATED = ExceptionResponse(1, 2)
UNREADABLE = ExceptionResponse(1, 3)
TOO_LONG = ExceptionResponse(1, 4)
NOT_DECIPHERED = ExceptionResponse(1, 5)
UNKNOWN = ExceptionResponse(2, 2)


_SERVICES: Mapping[type, tuple[str, str | None]] = {
    **SERVICE_OF, **SHORT_OF, AccessRequest: ("access", None),
    GeneralBlock: ("general-block-transfer", None)}


class Device(Protocol):
    """What a session needs of the meter."""

    @property
    def faults(self) -> Faults:
        """How the meter is to be wrong."""

    def random(self, octets: int, /) -> bytes:
        """Return as many octets, drawn from the seed."""

    def opening(self, offer: Offer) -> Opening:
        """Return what an association is opened with now."""

    def changed(self) -> None:
        """A value may have changed."""

    def answered(self) -> None:
        """A response has been made: keys that were transferred count from now on."""


class Phase(enum.Enum):
    """How far an association has come."""

    IDLE = enum.auto()
    PENDING = enum.auto()  # HLS: passes 3 and 4 to come
    OPEN = enum.auto()


class Session:
    """The association of one client, on one connection."""

    def __init__(self, device: Device, offer: Offer) -> None:
        self._device, self._offer, self._faults = device, offer, device.faults
        self._mute = False
        self._fresh = device.opening(offer)
        self._former = b""  # our challenge in the association before
        self._drop()
        if "served-without-association" in self._faults:
            self._serve_plainly()

    @property
    def is_open(self) -> bool:
        """Return whether the association is open."""
        return self._phase is Phase.OPEN

    def take(self, octets: bytes) -> tuple[bytes, ...]:
        """Take one APDU and return what answers it."""
        if self._mute or not octets:
            return ()
        if octets[0] == AARQ:
            return self._open(octets)
        if octets[0] == RLRQ:
            return self._release(octets)
        if octets[0] == general_blocks.TAG and self._takes_blocks:
            return self._blocks.take(octets, self._answer_whole)
        answer = self._serve(octets, self._agreed.max_send)
        self._device.answered()
        if answer is not None and len(answer) > self._agreed.max_send and self._takes_blocks:
            return self._blocks.send(answer)
        return () if answer is None else (answer,)

    @property
    def _takes_blocks(self) -> bool:
        return "general-block-transfer" in self._names

    def _answer_whole(self, octets: bytes) -> bytes | None:
        """Return what answers a request that came in general blocks, however long."""
        answer = self._serve(octets, general_blocks.LONGEST)
        self._device.answered()
        return answer

    def use(self, keys: MeterKeys) -> None:
        """Go on with keys that have been transferred."""
        security = self._guard.security
        security.keys = replace(
            security.keys, global_unicast=keys.global_unicast, master=keys.master,
            global_broadcast=keys.global_broadcast, authentication=keys.authentication)

    def end(self) -> None:
        """End the association with its connection."""
        self._drop()

    def push(self, octets: bytes) -> bytes | None:
        """Return a notification for this client, protected; None without an association."""
        if self._phase is not Phase.OPEN \
                or Conformance.DATA_NOTIFICATION not in self._agreed.conformance:
            return None
        protection = self._guard.answer(NONE)
        if protection.applied:  # no form by service tag
            protection = protection._replace(envelope=Envelope.GENERAL)
        return self._guard.close(octets, protection)

    # -- opening and release -------------------------------------------------------------------

    def _open(self, octets: bytes) -> tuple[bytes, ...]:
        self._fresh = self._device.opening(self._offer)
        self._drop()
        try:
            aarq = decode(octets)
        except RemoteProtocolError:
            return self._reject(Rejected(NO_REASON))
        assert isinstance(aarq, Aarq)
        if "open-again-refused" in self._faults and self._offer.state.opened:
            return self._reject(Rejected(NO_REASON))
        try:
            agreed = self._fresh.agree(aarq)
        except Rejected as rejected:
            return self._reject(rejected)
        self._offer.state.opened = True
        self._begin(agreed)
        return (agreed.answer,) if agreed.answer else ()

    def _reject(self, rejected: Rejected) -> tuple[bytes, ...]:
        if "served-after-rejection" in self._faults:
            self._serve_plainly()
        return (rejection(self._offer, rejected, self._faults),)

    def _begin(self, agreed: Agreed) -> None:
        self._agreed, self._guard = agreed, agreed.guard
        self._blocks = GeneralBlocks(agreed.max_send)
        names = frozenset(conformance_names(agreed.conformance))
        if "service-not-negotiated-served" in self._faults:
            names = frozenset(self._offer.settings.conformance)
        if "logical-name-service-served" in self._faults:
            names |= {"get"}
        self._names = names
        view, changed = self._offer.view, self._device.changed
        self._services = Services(view, names, changed, self._faults)
        self._short = ShortServices(view, names, changed, self._faults)
        self._phase = Phase.OPEN if agreed.challenges is None else Phase.PENDING
        state = self._offer.state
        state.status = ASSOCIATED if self._phase is Phase.OPEN else PENDING
        state.conformance = f"{agreed.conformance:024b}"
        state.max_receive, state.max_send = self._offer.settings.max_pdu, agreed.max_send
        state.user = (agreed.user, self._offer.users().get(agreed.user, ""))
        state.reply = self._authenticate
        if agreed.challenges is not None:
            self._former, state.challenge = state.challenge, agreed.challenges[1]
        if self._offer.setup is not None:
            self._offer.setup.know_client(agreed.guard.security.keys.peer_title)

    def _serve_plainly(self) -> None:
        """Behave as if an association without protection were open: what some defects do."""
        guard = Guard(self._fresh.guard.security.keys, Counters(), None,
                      random=self._device.random, faults=self._faults)
        self._begin(Agreed(guard, conformance(MANAGING), 0xFFFF, None, 0,
                           b"", b""))

    def _drop(self) -> None:
        self._phase = Phase.IDLE
        self._names = frozenset[str]()
        self._guard = self._fresh.guard
        self._agreed = Agreed(self._guard, Conformance(0), 0, None, 0, b"", b"")
        self._offer.state.status = NON_ASSOCIATED

    def _release(self, octets: bytes) -> tuple[bytes, ...]:
        if self._phase is Phase.IDLE or "release-unanswered" in self._faults:
            return ()
        try:
            rlrq = decode(octets)
        except RemoteProtocolError:
            return ()
        assert isinstance(rlrq, Rlrq)
        information: bytes | None = None
        if "release-unprotected-accepted" not in self._faults:
            try:
                opened = self._guard.open(rlrq.user_information or b"")
            except SecurityError as wrong:
                return (self._not_taken(wrong),)
            if not self._guard.is_enough(opened.protection):
                return (NOT_ALLOWED.encode(),)
            if opened.protection.applied:
                information = self._guard.close(
                    self._agreed.initiate, self._guard.answer(opened.protection))
        if "release-without-effect" not in self._faults:
            self._drop()
        return (Rlre(reason=0, user_information=information).encode(),)

    # -- services ------------------------------------------------------------------------------

    def _serve(self, octets: bytes, most_sent: int) -> bytes | None:
        if self._phase is Phase.IDLE:
            return NOT_ALLOWED.encode()
        most = self._offer.settings.max_pdu
        if "own-max-pdu-refused" in self._faults:
            most //= 2
        if len(octets) > most and most_sent != general_blocks.LONGEST:
            return TOO_LONG.encode()
        try:
            opened = self._guard.open(octets)
        except SecurityError as wrong:
            return self._not_taken(wrong)
        envelope = opened.protection.envelope
        if envelope is not Envelope.SERVICE and "general-protection" not in self._names:
            return NOT_NEGOTIATED.encode()
        if not self._guard.is_enough(opened.protection):
            if "refused-request-executed" in self._faults:
                self._carry_out(opened, most_sent)
            return NOT_ALLOWED.encode()
        return self._carry_out(opened, most_sent)

    def _not_taken(self, wrong: SecurityError) -> bytes:
        if wrong.flaw is Flaw.COUNTER:
            seen = self._guard.security.counters.seen.get(Key.UNICAST, -1)
            return ExceptionResponse(1, 6, min(seen + 1, 0xFFFFFFFF)).encode()
        return NOT_DECIPHERED.encode()

    def _carry_out(self, opened: Opened, most_sent: int) -> bytes | None:
        try:
            request = decode(opened.apdu)
        except RemoteProtocolError:
            return self._odd(opened)
        wanted = _SERVICES.get(type(request))
        if wanted is None:
            return self._unknown()
        if refusal := self._refusal(request, wanted):
            return refusal.encode()
        guard = self._guard  # an answer to the challenge may end the association
        protection = guard.answer(opened.protection)
        room = most_sent - guard.overhead(protection)
        if "max-pdu-exceeded" in self._faults:
            room += room // 4
        response = self._response(request, room)
        if response is None:
            return None
        if isinstance(response, ExceptionResponse):
            return response.encode()
        octets = response.encode()
        if "invoke-id-wrong" in self._faults and octets[0] in (0xC4, 0xC5, 0xC7):
            octets = octets[:2] + bytes((octets[2] & 0xF0,)) + octets[3:]
        return guard.close(octets, protection)

    def _refusal(self, request: Apdu,
                 wanted: tuple[str, str | None]) -> ExceptionResponse | None:
        if isinstance(request, GeneralBlock) \
                or any(name is not None and name not in self._names for name in wanted):
            return NOT_NEGOTIATED
        if self._phase is Phase.PENDING and not self._answers_challenge(request) \
                and "served-before-authentication" not in self._faults:
            return NOT_ALLOWED
        return None

    def _response(self, request: Apdu, room: int) -> Apdu | None:
        if isinstance(request, AccessRequest):
            response: Apdu = access_service.answer(self._offer.view, request)
            self._device.changed()
            fits = self._takes_blocks or len(response.encode()) <= room
            return response if fits else TOO_LONG
        if type(request) in SHORT_OF:
            return self._short.answer(request, room)
        answer = self._services.answer(request, room)
        confirmed = getattr(request, "invoke", CONFIRMED) & CONFIRMED
        return answer if confirmed or SERVICE_OF[type(request)][0] == "get" else None

    def _odd(self, opened: Opened) -> bytes | None:
        """Return the answer to an APDU that cannot be read."""
        tag = opened.apdu[0] if opened.apdu else 0
        if tag not in _REQUESTS:
            return self._unknown()
        if "odd-apdu-answered-as-success" in self._faults and tag == 0xC0:
            octets = GetResponseNormal(0xC1, Data(Tag.NULL_DATA, None)).encode()
            return self._guard.close(octets, self._guard.answer(opened.protection))
        return UNREADABLE.encode()

    def _unknown(self) -> bytes | None:
        if "silent-after-unknown-service" in self._faults:
            self._mute = True
        if "unknown-service-unanswered" in self._faults or self._mute:
            return None
        return UNKNOWN.encode()

    # -- passes 3 and 4 ------------------------------------------------------------------------

    def _answers_challenge(self, request: Apdu) -> bool:
        if isinstance(request, ActionRequestNormal):
            return request.method == (15, CURRENT_INSTANCE, 1)
        return self._short.answers_challenge(request)

    def _authenticate(self, answer: bytes) -> bytes:
        """Return f(CtoS) if ``answer`` is f(StoC); else the association ends."""
        if self._agreed.challenges is None or self._phase is not Phase.PENDING:
            raise Refused(OTHER_REASON)
        theirs, ours = self._agreed.challenges
        mechanism = Mechanism(self._offer.facts.mechanism)
        keys, counters = self._guard.security.keys, self._guard.security.counters
        passes = Passes(keys, theirs, ours, self._former) if mechanism is Mechanism.ECDSA else None
        try:
            # its counter may be that of the APDU around it: the challenge is what makes it fresh
            hls.check_answer(mechanism, keys, answer, theirs=theirs, ours=ours, counters=counters,
                             replay=LENIENT)
        except SecurityError:
            if "wrong-answer-accepted" not in self._faults and not (
                    passes and signatures.taken(self._faults, passes, answer)):
                self._refuse_answer()
        self._phase = Phase.OPEN
        self._offer.state.status = ASSOCIATED
        right = hls.answer(mechanism, keys, theirs=self._misread(theirs), ours=ours,
                           counters=counters)
        return signatures.made(self._faults, passes, right) if passes else right

    def _refuse_answer(self) -> None:
        if "associated-after-wrong-answer" in self._faults:
            self._phase = Phase.OPEN
        else:
            self._drop()
        raise Refused(OTHER_REASON)

    def _misread(self, challenge: bytes) -> bytes:
        """Return the challenge as the meter sees it, with a defect."""
        faults = self._faults
        wrong = ("challenge-answer-wrong-for-long" in faults and len(challenge) > 32) \
            or ("challenge-answer-wrong-for-short" in faults and len(challenge) <= 16) \
            or ("challenge-answer-wrong-for-odd" in faults and len(challenge) % 2)
        if wrong:
            return challenge[:-1] + bytes((challenge[-1] ^ 1,))
        return challenge[:16] if "challenge-cut" in faults else challenge

