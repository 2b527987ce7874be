"""A client of DLMS: an application association and its services, without any link (IEC 62056-5-3).

Every service is an exchange (:mod:`.exchange`): a generator of APDUs that a driver carries. The
client has no states in which it refuses to work: any service can be asked for at any time, before
an association and after it too, and an exchange may be left unfinished. What the server does wrong
is a RemoteProtocolError, what it refuses a result.

Anything wrong can be sent: ``associate`` and ``release`` take the record to send, altered with
``dataclasses.replace``, or octets; ``raw`` sends any octets. General block transfer is used where
it was granted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from secrets import token_bytes

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import obis
from bench.protocols.cosem.access import AccessResponse, AccessSpecification
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method, Selection
from bench.protocols.dlms import access_service, logical_names, methods, short_name_services
from bench.protocols.dlms.answers import expect
from bench.protocols.dlms.apdu import (
    Aare,
    Aarq,
    Apdu,
    AssociationResult,
    ConfirmedServiceError,
    InitiateRequest,
    InitiateResponse,
    ParameterizedAccess,
    Rlre,
    Rlrq,
    Selected,
    decode,
    mechanism_name,
)
from bench.protocols.dlms.apdu.initiate import VAA_NAME_SN
from bench.protocols.dlms.apdu.short_names import Specification
from bench.protocols.dlms.association import (
    HIGH_LEVEL,
    SHORT_NAMES,
    Association,
    Parameters,
    Released,
)
from bench.protocols.dlms.channel import Channel, check_protection, moved
from bench.protocols.dlms.exchange import Exchange, Streamed
from bench.protocols.dlms.result import Refusal, Result
from bench.protocols.dlms.security import hls
from bench.protocols.dlms.security.counters import Counters
from bench.protocols.dlms.security.general_securing import Random
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.protection import NONE, Opened, Protection
from bench.protocols.dlms.security.securing import Security
from bench.protocols.dlms.security.suites import TITLE_OCTETS

CURRENT_ASSOCIATION = obis.parse("0-0:40.0.0.255")
REPLY_TO_HLS = Method(15, CURRENT_ASSOCIATION, 1)
REPLY_TO_HLS_SN = 0x58
"""Of the association's base name: the method reply_to_HLS_authentication (class 12)."""


class Client:
    """One association of one client; ``random`` draws challenges.

    ``security`` is needed for secrets and keys. ``channel`` is the state: the protection in use,
    lengths, what the server sent on its own; ``association`` the last answer to ``associate``.
    """

    def __init__(self, parameters: Parameters, security: Security | None = None, *,
                 random: Random = token_bytes) -> None:
        self.parameters = parameters
        self.random = random
        self.channel = Channel(security, parameters.caps)
        self.association: Association | None = None
        self.base_name = VAA_NAME_SN
        """Of the association object, in short name referencing."""
        self.reset()

    @property
    def associated(self) -> bool:
        """True from an accepted association to its release."""
        return self.association is not None and self.association.accepted

    def reset(self) -> None:
        """Forget the association, as a broken connection does; keys and counters are kept."""
        self.association = None
        self.channel.reset(self.parameters.confirmed, self.parameters.high_priority)

    def initiate(self) -> InitiateRequest:
        """Return the xDLMS initiate request that the parameters ask for."""
        wanted = self.parameters
        return InitiateRequest(wanted.dedicated_key, wanted.response_allowed,
                               wanted.quality_of_service, wanted.dlms_version,
                               wanted.conformance, wanted.max_pdu)

    def association_request(self, initiate: InitiateRequest | None = None) -> Aarq:
        """Return the AARQ that the parameters ask for, with ``initiate`` in place of theirs."""
        wanted = self.parameters
        named = wanted.mechanism != Mechanism.NONE
        return Aarq(
            context=wanted.context,
            calling_ap_title=(self.channel.secured().keys.own_title
                              if wanted.names_its_title else None),
            calling_ae_qualifier=(self.channel.secured().keys.certificate
                                  if wanted.mechanism is Mechanism.ECDSA else None),
            calling_ae_invocation_id=wanted.user_id,
            acse_requirements="1" if named else None,
            mechanism=mechanism_name(wanted.mechanism) if named else None,
            authentication_value=self._authentication_value(),
            user_information=self._user_information(initiate))

    def associate(self, request: Aarq | bytes | None = None, *, authenticate: bool = True
                  ) -> Exchange[Association]:
        """Ask for an association; with HLS, go through passes 3 and 4 unless told not to.

        ``request`` is sent in place of what the parameters ask for; lengths and protection of what
        follows are still those of the parameters.
        """
        self.reset()
        if request is None:
            request = self.association_request()
        answer = yield request if isinstance(request, bytes) else request.encode()
        found = expect(decode(answer), Aare)
        if not isinstance(found, Aare):
            self.association = Association(refusal=found)
            return self.association
        association = self._taken(found, answer)
        if found.result == AssociationResult.ACCEPTED and authenticate \
                and self.parameters.mechanism in HIGH_LEVEL:
            ours = challenge_in(request)
            if found.authentication_value is None:
                raise RemoteProtocolError(0, "a challenge in the AARE", "none")
            result = yield from self.authenticate(found.authentication_value, ours)
            association = replace(association, authentication=result)
        self.association = association
        return association

    def authenticate(self, theirs: bytes, ours: bytes, answer: bytes | None = None
                     ) -> Exchange[Result]:
        """Send the answer to the server's challenge (pass 3) and check its own (pass 4).

        ``answer`` goes in place of the right one. SecurityError if the server's answer is wrong.
        """
        mechanism, security = self.parameters.mechanism, self.channel.secured()
        hls.check_challenge(theirs, mechanism)
        if answer is None:
            answer = hls.answer(mechanism, security.keys, theirs=theirs, ours=ours,
                                counters=security.counters)
        # the counter in pass 4 was drawn before the one of the APDU that carries it
        before = Counters(seen=security.counters.seen)
        result = yield from self._reply_to_hls(Data(Tag.OCTET_STRING, answer))
        if result.succeeded:
            if result.data is None or result.data.tag is not Tag.OCTET_STRING:
                raise RemoteProtocolError(0, "the server's answer to the challenge",
                                          result.data.tag.name if result.data else "none")
            hls.check_answer(mechanism, security.keys, result.data.value, theirs=theirs,
                             ours=ours, counters=before, replay=security.replay)
        return result

    def release(self, request: Rlrq | bytes | None = None) -> Exchange[Released]:
        """Ask for the release; in a ciphered context with a protected initiate request in it."""
        if request is None:
            request = self.release_request()
        answer = yield request if isinstance(request, bytes) else request.encode()
        found = expect(decode(answer), Rlre)
        if not isinstance(found, Rlre):
            return Released(refusal=found)
        initiate = self._granted(found.user_information, answer)
        self.reset()
        return Released(found.reason, initiate)

    def release_request(self, reason: int | None = 0) -> Rlrq:
        """Return the RLRQ that goes with the parameters."""
        ciphered = self.parameters.ciphered
        return Rlrq(reason=reason,
                    user_information=self._user_information(None) if ciphered else None)

    def get(self, attribute: Attribute, selection: Selection | None = None) -> Exchange[Result]:
        """Read one attribute, or the part of it that is selected."""
        return logical_names.get(self.channel, attribute, selection)

    def get_list(self, attributes: Sequence[Attribute | Selected]
                 ) -> Exchange[tuple[Result, ...]]:
        """Read several attributes; one result for each."""
        return logical_names.get_list(self.channel, _selected(attributes))

    def set(self, attribute: Attribute, value: Data, selection: Selection | None = None, *,
            block_octets: int | None = None) -> Exchange[Result]:
        """Write one attribute; in blocks of ``block_octets``, or as the server's length asks."""
        return logical_names.set_value(self.channel, attribute, value, selection, block_octets)

    def set_list(self, attributes: Sequence[Attribute | Selected], values: Sequence[Data], *,
                 block_octets: int | None = None) -> Exchange[tuple[Result, ...]]:
        """Write several attributes, to as many values; one result for each."""
        return logical_names.set_list(self.channel, _selected(attributes), values, block_octets)

    def action(self, method: Method, parameter: Data | None = None, *,
               block_octets: int | None = None) -> Exchange[Result]:
        """Invoke one method; its parameter in blocks if asked, or as the server's length asks."""
        return methods.action(self.channel, method, parameter, block_octets)

    def action_list(self, invoked: Sequence[Method], parameters: Sequence[Data], *,
                    block_octets: int | None = None) -> Exchange[tuple[Result, ...]]:
        """Invoke several methods, with as many parameters (null for none); one result for each."""
        return methods.action_list(self.channel, invoked, parameters, block_octets)

    def access(self, specifications: Sequence[AccessSpecification], data: Sequence[Data]
               ) -> Exchange[AccessResponse | Refusal]:
        """Ask for several things of any kind at once; null data where one takes none."""
        return access_service.access(self.channel, specifications, data)

    def read(self, specifications: Sequence[Specification], *, block_octets: int | None = None
             ) -> Exchange[tuple[Result, ...]]:
        """Read by short names; one result for each."""
        return short_name_services.read(self.channel, specifications, block_octets)

    def write(self, specifications: Sequence[Specification], data: Sequence[Data], *,
              block_octets: int | None = None) -> Exchange[tuple[Result, ...]]:
        """Write by short names; one result for each."""
        return short_name_services.write(self.channel, specifications, data, block_octets)

    def ask(self, request: Apdu) -> Exchange[Apdu]:
        """Send ``request`` under the protection of the association, return what answers it."""
        return self.channel.ask(request.encode())

    def tell(self, request: Apdu) -> Exchange[None]:
        """Send ``request`` under the protection of the association; nothing answers it."""
        yield Streamed(self.channel.protect(request.encode()))

    def raw(self, octets: bytes, protection: Protection = NONE) -> Exchange[Opened]:
        """Send any octets, return what came: opened, but neither read nor checked."""
        sent = self.channel.secured().protect(octets, protection) if protection.applied else octets
        answer = yield sent
        security = self.channel.security
        return Opened(answer) if security is None else security.unprotect(answer)

    def _authentication_value(self) -> bytes | None:
        mechanism = self.parameters.mechanism
        if mechanism == Mechanism.NONE:
            return None
        if mechanism in HIGH_LEVEL:
            return hls.challenge(self.random,
                                 self.parameters.challenge_octets or hls.usual(mechanism))
        secret = self.channel.secured().keys.secret
        if secret is None:
            raise LocalProtocolError("low-level security needs a secret, and none is given")
        return secret

    def _user_information(self, initiate: InitiateRequest | None) -> bytes:
        octets = (initiate or self.initiate()).encode()
        protection = self.parameters.for_initiate
        if not protection.applied:
            return octets
        return self.channel.secured().protect(octets, protection)

    def _taken(self, aare: Aare, octets: bytes) -> Association:
        """Return what the AARE says, and act on it where it accepts."""
        wanted, channel = self.parameters, self.channel
        title = aare.responding_ap_title
        if title is not None and channel.security is not None:
            if len(title) != TITLE_OCTETS:
                raise RemoteProtocolError(0, f"a system title of {TITLE_OCTETS} octets",
                                          f"{len(title)} octets")
            channel.security.learn(peer_title=title)
        initiate = self._granted(aare.user_information, octets)
        if aare.result == AssociationResult.ACCEPTED:
            if not isinstance(initiate, InitiateResponse):
                raise RemoteProtocolError(len(octets), "an initiate response in the AARE",
                                          type(initiate).__name__)
            channel.max_pdu, channel.answers = wanted.max_pdu, wanted.answers
            channel.grant(initiate.conformance, initiate.max_pdu)
            if wanted.ciphered and wanted.protection.applied:
                channel.protection = wanted.protection
            self.base_name = initiate.vaa_name
            if wanted.dedicated_key is not None and channel.security is not None:
                channel.security.learn(dedicated=wanted.dedicated_key)
        return Association(aare, initiate)

    def _granted(self, information: bytes | None, octets: bytes
                 ) -> InitiateResponse | ConfirmedServiceError | None:
        """Return what stands in the user-information, which ends ``octets``."""
        if information is None:
            return None
        security = self.channel.security
        try:
            opened = Opened(information) if security is None else security.unprotect(information)
            found = decode(opened.apdu)
            if not isinstance(found, (InitiateResponse, ConfirmedServiceError)):
                raise RemoteProtocolError(0, "an initiate response or a confirmed service error",
                                          type(found).__name__)
            if isinstance(found, InitiateResponse):
                check_protection(opened, self.parameters.for_initiate)
        except RemoteProtocolError as wrong:
            raise moved(wrong, len(octets) - len(information)) from None
        return found

    def _reply_to_hls(self, answer: Data) -> Exchange[Result]:
        if self.parameters.context not in SHORT_NAMES:
            return (yield from self.action(REPLY_TO_HLS, answer))
        name = ParameterizedAccess(self.base_name + REPLY_TO_HLS_SN, 0, answer)
        return (yield from self.read((name,)))[0]


def challenge_in(request: Aarq | bytes) -> bytes:
    """Return the challenge of a request as it was sent, nothing where it cannot be read."""
    if isinstance(request, bytes):
        try:
            read = decode(request)
        except RemoteProtocolError:
            return b""
        return challenge_in(read) if isinstance(read, Aarq) else b""
    return request.authentication_value or b""


def _selected(attributes: Sequence[Attribute | Selected]) -> tuple[Selected, ...]:
    return tuple(each if isinstance(each, Selected) else Selected(each) for each in attributes)
