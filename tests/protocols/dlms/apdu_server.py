"""A server of APDUs for the tests of the client: right by itself, wrong by what a test does to it.

It has attributes with values, methods that return their parameter, and answers in blocks of
``block`` octets where that is set. It is no meter: it checks nothing of access.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bench.protocols.cosem.access import AccessRequest, AccessResponse, AccessResult, Choice
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method
from bench.protocols.dlms import apdu
from bench.protocols.dlms.apdu import Conformance, decode
from bench.protocols.dlms.apdu.action import OUTCOME, OUTCOMES, PARAMETERS
from bench.protocols.dlms.apdu.fields import DATA, whole
from bench.protocols.dlms.apdu.get import RESULTS
from bench.protocols.dlms.apdu.set import VALUES
from bench.protocols.dlms.apdu.short_names import READ_RESULTS
from bench.protocols.dlms.client import REPLY_TO_HLS, REPLY_TO_HLS_SN
from bench.protocols.dlms.exchange import Exchange, Streamed, T
from bench.protocols.dlms.security import hls
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.protection import NONE
from bench.protocols.dlms.security.securing import Security

OUTCOME_FORMS: dict[str, Callable[[Data], bytes]] = {
    "outcome": lambda value: OUTCOME.write(apdu.ActionOutcome(0, value)),
    "result": lambda value: b"\0" + DATA.write(value),
    "data": DATA.write,
}

ALL = Conformance(0xFFFFFF)


class Server:
    """``values`` by attribute or short name; ``written`` and ``invoked`` are what came."""

    def __init__(self, values: dict[Any, Data], security: Security | None = None, *,
                 block: int | None = None, max_pdu: int = 0, vaa_name: int = 7,
                 conformance: Conformance = ALL) -> None:
        self.values = values
        self.security = security
        self.block = block
        self.max_pdu = max_pdu
        self.vaa_name = vaa_name
        self.conformance = conformance
        self.challenge = bytes(range(0x30, 0x40))
        self.code = 0
        self.outcome = "outcome"
        self.requests: list[apdu.Apdu] = []
        self.longest = 0
        self._protection = NONE
        self._theirs = b""
        self._mechanism = Mechanism.NONE
        self._out: list[bytes] = []
        self._in = b""
        self._gathered = 0
        self._first: Any = None

    def take(self, octets: bytes) -> bytes:
        """Return the answer to one APDU."""
        self.longest = max(self.longest, len(octets))
        protection = NONE
        if self.security is not None:
            opened = self.security.unprotect(octets)
            octets, protection = opened.apdu, opened.protection
        request = decode(octets)
        self.requests.append(request)
        answer = _HANDLERS[type(request)](self, request)
        if protection.applied and self.security is not None:
            return self.security.protect(answer.encode(), protection)
        return bytes(answer.encode())

    def associate(self, request: apdu.Aarq) -> apdu.Aare:
        self._mechanism = Mechanism(int((request.mechanism or "0").rsplit(".", 1)[-1]))
        high = self._mechanism >= Mechanism.HIGH
        self._theirs = request.authentication_value or b""
        if self.security is not None and request.calling_ap_title:
            self.security.learn(peer_title=request.calling_ap_title)
        information = request.user_information or b""
        ciphered = information[:1] != b"\x01"
        if self.security is not None:
            opened = self.security.unprotect(information)
            information, self._protection = opened.apdu, opened.protection
        proposal = decode(information)
        assert isinstance(proposal, apdu.InitiateRequest)
        if self.security is not None and proposal.dedicated_key:
            self.security.learn(dedicated=proposal.dedicated_key)
        grant = apdu.InitiateResponse(None, 6, proposal.conformance & self.conformance,
                                      self.max_pdu, self.vaa_name).encode()
        if ciphered and self.security is not None:
            grant = self.security.protect(grant, self._protection)
        return apdu.Aare(
            context=request.context, diagnostic=apdu.Diagnostic(1, 14 if high else 0),
            responding_ap_title=self.security.keys.own_title if self.security else None,
            authentication_value=self.challenge if high else None, user_information=grant)

    def release(self, request: apdu.Rlrq) -> apdu.Rlre:
        if request.user_information is None or self.security is None:
            return apdu.Rlre(reason=0)
        opened = self.security.unprotect(request.user_information)
        grant = apdu.InitiateResponse(None, 6, self.conformance, self.max_pdu, self.vaa_name)
        return apdu.Rlre(reason=0, user_information=self.security.protect(
            grant.encode(), opened.protection))

    def value(self, name: Any) -> Data | apdu.Refused:
        return self.values.get(name, apdu.Refused(4))

    def invoke(self, method: Method, parameter: Data | None) -> apdu.ActionOutcome:
        if method == REPLY_TO_HLS and parameter is not None:
            return apdu.ActionOutcome(0, self.answer(parameter))
        return apdu.ActionOutcome(self.code, parameter)

    def answer(self, parameter: Data) -> Data:
        assert self.security is not None
        hls.check_answer(self._mechanism, self.security.keys, parameter.value,
                         theirs=self._theirs, ours=self.challenge)
        return Data(Tag.OCTET_STRING, hls.answer(
            self._mechanism, self.security.keys, theirs=self._theirs, ours=self.challenge,
            counters=self.security.counters))

    def pieces(self, content: bytes) -> None:
        size = self.block or len(content)
        self._out = [content[at : at + size] for at in range(0, len(content), size)] or [b""]

    def get_block(self, request: Any, number: int) -> apdu.GetResponseWithDatablock:
        return apdu.GetResponseWithDatablock(
            request.invoke, number == len(self._out), number, self._out[number - 1])

    def get(self, request: apdu.GetRequestNormal) -> apdu.Apdu:
        value = self.value(request.attribute)
        if self.block is None or isinstance(value, apdu.Refused):
            return apdu.GetResponseNormal(request.invoke, value)
        self.pieces(DATA.write(value))
        return self.get_block(request, 1)

    def get_list(self, request: apdu.GetRequestWithList) -> apdu.Apdu:
        results = tuple(self.value(each.attribute) for each in request.attributes)
        if self.block is None:
            return apdu.GetResponseWithList(request.invoke, results)
        self.pieces(RESULTS.write(results))
        return self.get_block(request, 1)

    def get_next(self, request: apdu.GetRequestNext) -> apdu.Apdu:
        return self.get_block(request, request.number + 1)

    def store(self, attribute: Attribute, value: Data) -> int:
        self.values[attribute] = value
        return self.code

    def set(self, request: apdu.SetRequestNormal) -> apdu.Apdu:
        return apdu.SetResponseNormal(request.invoke,
                                      self.store(request.attribute, request.value))

    def set_list(self, request: apdu.SetRequestWithList) -> apdu.Apdu:
        return apdu.SetResponseWithList(request.invoke, tuple(
            self.store(each.attribute, value)
            for each, value in zip(request.attributes, request.values, strict=True)))

    def set_block(self, request: Any) -> apdu.Apdu:
        self.gather(request)
        if not request.last:
            return apdu.SetResponseDatablock(request.invoke, request.number)
        if isinstance(self._first, apdu.SetRequestWithFirstDatablock):
            return apdu.SetResponseLastDatablock(
                request.invoke, self.store(self._first.attribute, whole(DATA, self._in)),
                request.number)
        return apdu.SetResponseLastDatablockWithList(request.invoke, tuple(
            self.store(each.attribute, value) for each, value in zip(
                self._first.attributes, whole(VALUES, self._in), strict=True)), request.number)

    def gather(self, request: Any) -> None:
        if request.number == 1:
            self._first, self._in, self._gathered = request, b"", 0
        self._gathered += 1
        assert request.number == self._gathered
        self._in += request.raw

    def outcome_of(self, request: Any, outcome: apdu.ActionOutcome) -> apdu.Apdu:
        if self.block is None or not isinstance(outcome.returned, Data):
            return apdu.ActionResponseNormal(request.invoke, *outcome)
        self.pieces(OUTCOME_FORMS[self.outcome](outcome.returned))
        return self.action_block(request, 1)

    def outcomes_of(self, request: Any, outcomes: tuple[apdu.ActionOutcome, ...]) -> apdu.Apdu:
        if self.block is None:
            return apdu.ActionResponseWithList(request.invoke, outcomes)
        self.pieces(OUTCOMES.write(outcomes))
        return self.action_block(request, 1)

    def action_block(self, request: Any, number: int) -> apdu.Apdu:
        return apdu.ActionResponseWithPblock(
            request.invoke, number == len(self._out), number, self._out[number - 1])

    def action(self, request: apdu.ActionRequestNormal) -> apdu.Apdu:
        return self.outcome_of(request, self.invoke(request.method, request.parameter))

    def action_list(self, request: apdu.ActionRequestWithList) -> apdu.Apdu:
        return self.outcomes_of(request, tuple(map(
            self.invoke, request.methods, request.parameters)))

    def action_next(self, request: apdu.ActionRequestNextPblock) -> apdu.Apdu:
        return self.action_block(request, request.number + 1)

    def action_piece(self, request: Any) -> apdu.Apdu:
        self.gather(request)
        if not request.last:
            return apdu.ActionResponseNextPblock(request.invoke, request.number)
        if isinstance(self._first, apdu.ActionRequestWithFirstPblock):
            return self.outcome_of(
                request, self.invoke(self._first.method, whole(DATA, self._in)))
        return self.outcomes_of(request, tuple(map(
            self.invoke, self._first.methods, whole(PARAMETERS, self._in))))

    def read_one(self, name: Any) -> Any:
        if isinstance(name, apdu.ParameterizedAccess):
            if name.address == self.vaa_name + REPLY_TO_HLS_SN:
                return self.answer(name.parameters)
            return name.parameters
        return self.value(name.address)

    def read(self, request: apdu.ReadRequest) -> apdu.Apdu:
        first = request.specifications[0] if request.specifications else None
        if isinstance(first, apdu.BlockNumberAccess):
            return self.read_block(first.number + 1)
        if isinstance(first, apdu.ReadDataBlockAccess):
            self.gather(first)
            if not first.last:
                return apdu.ReadResponse((apdu.BlockNumber(first.number),))
            return self.read(decode(b"\x05" + self._in))  # type: ignore[arg-type]
        results = tuple(map(self.read_one, request.specifications))
        if self.block is None:
            return apdu.ReadResponse(results)
        self.pieces(READ_RESULTS.write(results))
        return self.read_block(1)

    def read_block(self, number: int) -> apdu.Apdu:
        return apdu.ReadResponse((apdu.DataBlockResult(
            number == len(self._out), number, self._out[number - 1]),))

    def write(self, request: apdu.WriteRequest) -> apdu.Apdu:
        first = request.specifications[0] if request.specifications else None
        if isinstance(first, apdu.WriteDataBlockAccess):
            self.gather(apdu.ReadDataBlockAccess(*first, request.data[0].value))
            if not first.last:
                return apdu.WriteResponse((apdu.BlockNumber(first.number),))
            return self.write(decode(b"\x06" + self._in))  # type: ignore[arg-type]
        results: list[Any] = []
        for name, value in zip(request.specifications, request.data, strict=True):
            known = isinstance(name, apdu.Variable) and name.address in self.values
            if known:
                self.values[name.address] = value  # type: ignore[union-attr]
            results.append(None if known else apdu.Refused(4))
        return apdu.WriteResponse(tuple(results))

    def access(self, request: AccessRequest) -> apdu.Apdu:
        data, results = [], []
        for each, given in zip(request.specifications, request.data, strict=True):
            found = self.value(Attribute(*each[1:4])) if each.choice == Choice.GET else given
            refused = isinstance(found, apdu.Refused)
            data.append(Data(Tag.NULL_DATA, None) if isinstance(found, apdu.Refused) else found)
            results.append(AccessResult(each.choice, 4 if refused else 0))
        return AccessResponse(request.long_invoke_id, b"", (), tuple(data), tuple(results))


_HANDLERS: dict[type, Callable[[Server, Any], apdu.Apdu]] = {
    apdu.Aarq: Server.associate, apdu.Rlrq: Server.release,
    apdu.GetRequestNormal: Server.get, apdu.GetRequestWithList: Server.get_list,
    apdu.GetRequestNext: Server.get_next,
    apdu.SetRequestNormal: Server.set, apdu.SetRequestWithList: Server.set_list,
    apdu.SetRequestWithFirstDatablock: Server.set_block,
    apdu.SetRequestWithListAndFirstDatablock: Server.set_block,
    apdu.SetRequestWithDatablock: Server.set_block,
    apdu.ActionRequestNormal: Server.action, apdu.ActionRequestWithList: Server.action_list,
    apdu.ActionRequestNextPblock: Server.action_next,
    apdu.ActionRequestWithFirstPblock: Server.action_piece,
    apdu.ActionRequestWithListAndFirstPblock: Server.action_piece,
    apdu.ActionRequestWithPblock: Server.action_piece,
    apdu.ReadRequest: Server.read, apdu.WriteRequest: Server.write,
    AccessRequest: Server.access,
}


def run(exchange: Exchange[T], server: Callable[[bytes], bytes]) -> T:
    """Return what an exchange gives with ``server`` on the other side."""
    try:
        octets = next(exchange)
        while True:
            octets = exchange.send(b"" if isinstance(octets, Streamed) else server(octets))
    except StopIteration as end:
        result: T = end.value
        return result
