"""The client of DLMS: every service with a right server, and no harm from a wrong one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from apdu_server import Server, run
from dlms_parties import random, sides

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.access import AccessResponse, AccessSpecification, Choice
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method
from bench.protocols.cosem.selective_access import by_entry
from bench.protocols.dlms import apdu
from bench.protocols.dlms.apdu import Conformance, Context, Variable, decode
from bench.protocols.dlms.association import LN_CONFORMANCE, SN_CONFORMANCE, Parameters
from bench.protocols.dlms.channel import Caps
from bench.protocols.dlms.client import Client
from bench.protocols.dlms.exchange import Exchange, carry
from bench.protocols.dlms.general_block_transfer import Limits, Side, State
from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.protection import (
    AUTHENTICATED,
    BOTH,
    ENCRYPTED,
    Envelope,
    Protection,
    SecurityError,
)
from bench.protocols.dlms.security.securing import Security

CLOCK = Attribute(8, bytes.fromhex("0000010000FF"), 2)
SERIAL = Attribute(1, bytes.fromhex("0000600100FF"), 2)
ABSENT = Attribute(1, bytes.fromhex("0000600101FF"), 2)
METHOD = Method(8, CLOCK.instance, 1)
TIME = Data(Tag.OCTET_STRING, bytes.fromhex("07E40B1D070F1E2D00FFC400"))
LONG = Data(Tag.OCTET_STRING, bytes(range(256)) * 4)
NULL = Data(Tag.NULL_DATA, None)


def values() -> dict[Any, Data]:
    return {CLOCK: TIME, SERIAL: LONG, 0x0100: TIME, 0x0108: LONG}


def associated(server: Server, parameters: Parameters | None = None,
               security: Security | None = None) -> Client:
    """A client that the server has accepted."""
    client = Client(parameters or Parameters(), security, random=random())
    assert run(client.associate(), server.take).accepted
    return client


@pytest.mark.parametrize("max_pdu", [0, 1_032])
def test_a_client_without_a_maximum_takes_an_answer_of_any_length(max_pdu: int) -> None:
    server = Server(values(), max_pdu=0, conformance=~Conformance.GENERAL_BLOCK_TRANSFER)
    client = associated(server, Parameters(max_pdu=max_pdu))
    assert run(client.get(SERIAL), server.take).data == LONG


def test_values_are_read() -> None:
    server = Server(values())
    client = associated(server)
    assert run(client.get(CLOCK), server.take) == (0, TIME, None, False, None)
    absent = run(client.get(ABSENT), server.take)
    assert (absent.succeeded, absent.code, absent.name) == (False, 4, "object-undefined")
    found = run(client.get_list([CLOCK, ABSENT, apdu.Selected(SERIAL)]), server.take)
    assert [(each.name, each.data) for each in found] == [
        ("success", TIME), ("object-undefined", None), ("success", LONG)]


def test_a_selection_goes_along() -> None:
    server = Server(values())
    client = associated(server)
    run(client.get(CLOCK, by_entry(1, 10)), server.take)
    run(client.get_list([apdu.Selected(CLOCK, by_entry(2, 3))]), server.take)
    assert [getattr(each, "selection", None) or each.attributes[0].selection  # type: ignore[attr-defined]
            for each in server.requests[1:]] == [by_entry(1, 10), by_entry(2, 3)]


@pytest.mark.parametrize("block", [1, 7, 100, 5_000])
def test_values_come_in_blocks(block: int) -> None:
    server = Server(values(), block=block)
    client = associated(server)
    assert run(client.get(SERIAL), server.take).data == LONG
    assert [each.data for each in run(client.get_list([SERIAL, ABSENT, CLOCK]), server.take)] == [
        LONG, None, TIME]
    assert run(client.action(METHOD, LONG), server.take).data == LONG
    assert [each.data for each in run(
        client.action_list([METHOD, METHOD], [LONG, NULL]), server.take)] == [LONG, NULL]


@pytest.mark.parametrize("form", ["outcome", "result", "data"])
def test_what_a_method_returns_is_read_in_each_form_that_is_in_use(form: str) -> None:
    server = Server(values(), block=50)
    server.outcome = form
    client = associated(server)
    assert run(client.action(METHOD, LONG), server.take) == (0, LONG, None, True, None)


@pytest.mark.parametrize("max_pdu", [0, 40, 300, 0xFFFF])
@pytest.mark.parametrize("block_octets", [None, 1, 100])
def test_values_and_parameters_go_in_blocks(max_pdu: int, block_octets: int | None) -> None:
    server = Server(values(), max_pdu=max_pdu, conformance=~Conformance.GENERAL_BLOCK_TRANSFER)
    client = associated(server)
    server.longest = 0
    other = Data(Tag.OCTET_STRING, bytes(700))
    assert run(client.set(CLOCK, other, block_octets=block_octets), server.take).succeeded
    assert server.values[CLOCK] == other
    found = run(client.set_list([CLOCK, SERIAL], [LONG, TIME], block_octets=block_octets),
                server.take)
    assert [each.name for each in found] == ["success", "success"]
    assert (server.values[CLOCK], server.values[SERIAL]) == (LONG, TIME)
    assert run(client.action(METHOD, LONG, block_octets=block_octets), server.take).data == LONG
    assert [each.data for each in run(client.action_list(
        [METHOD, METHOD], [LONG, TIME], block_octets=block_octets), server.take)] == [LONG, TIME]
    assert max_pdu == 0 or block_octets == 100 or server.longest <= max_pdu


def test_results_of_writing_and_invoking_are_returned() -> None:
    server = Server(values())
    client = associated(server)
    server.code = 3
    assert run(client.set(CLOCK, TIME), server.take).name == "read-write-denied"
    assert run(client.set(CLOCK, LONG, block_octets=9), server.take).name == "read-write-denied"
    acted = run(client.action(METHOD), server.take)
    assert (acted.code, acted.data, acted.acted) == (3, None, True)
    server.code = 15
    assert run(client.set(CLOCK, TIME), server.take).name == "long-get-aborted"
    assert run(client.action(METHOD), server.take).name == "long-action-aborted"


def test_several_accesses_go_in_one_request() -> None:
    server = Server(values())
    client = associated(server)
    asked = [AccessSpecification(Choice.GET, *CLOCK), AccessSpecification(Choice.GET, *ABSENT),
             AccessSpecification(Choice.ACTION, *METHOD)]
    found = run(client.access(asked, [NULL, NULL, TIME]), server.take)
    assert isinstance(found, AccessResponse)
    assert found.data == (TIME, NULL, TIME)
    assert [result.name for result in found.results] == ["success", "object-undefined", "success"]
    with pytest.raises(LocalProtocolError, match="3 specifications and 1 data"):
        next(client.access(asked, [NULL]))


SHORT = Parameters(context=Context.SN, conformance=SN_CONFORMANCE)


@pytest.mark.parametrize("block", [None, 1, 100])
@pytest.mark.parametrize("block_octets", [None, 3])
def test_short_names_are_read_and_written(block: int | None, block_octets: int | None) -> None:
    server = Server(values(), block=block, vaa_name=0xFA00)
    client = associated(server, SHORT)
    names = [Variable(0x0100), Variable(0x0999), apdu.ParameterizedAccess(0x0108, 1, LONG)]
    found = run(client.read(names, block_octets=block_octets), server.take)
    assert [(each.name, each.data) for each in found] == [
        ("success", TIME), ("object-undefined", None), ("success", LONG)]
    written = run(client.write(names[:2], [LONG, LONG], block_octets=block_octets), server.take)
    assert [each.name for each in written] == ["success", "object-undefined"]
    assert server.values[0x0100] == LONG


def secured(number: int, **changes: Any) -> tuple[Security, Security]:
    ours, theirs = sides(number)
    return (Security(replace(ours, peer_title=b"", dedicated=None, **changes), random=random()),
            Security(replace(theirs, peer_title=b"", dedicated=None), random=random("server")))


@pytest.mark.parametrize("context", [Context.LN, Context.SN])
@pytest.mark.parametrize(("number", "mechanism"), [
    (0, Mechanism.LOW), (0, Mechanism.MD5), (0, Mechanism.SHA1), (0, Mechanism.GMAC),
    (0, Mechanism.SHA256), (1, Mechanism.GMAC), (1, Mechanism.ECDSA), (2, Mechanism.GMAC),
    (2, Mechanism.ECDSA)])
def test_both_sides_prove_themselves(context: str, number: int, mechanism: Mechanism) -> None:
    ours, theirs = secured(number)
    server = Server(values(), theirs, vaa_name=0xFA00 if context == Context.SN else 7)
    server.challenge = bytes(range(64))[:33]
    parameters = Parameters(context=context, mechanism=mechanism, challenge_octets=32)
    client = associated(server, parameters, ours)
    assert client.association is not None
    high = mechanism >= Mechanism.HIGH
    assert (client.association.authentication is not None) == high
    sent = server.requests[0]
    assert isinstance(sent, apdu.Aarq)
    assert sent.acse_requirements == "1"
    assert sent.mechanism == f"2.16.756.5.8.2.{mechanism:d}"
    assert sent.authentication_value == (
        sent.authentication_value if high else b"a secret of both")


def test_a_certificate_goes_with_a_challenge_that_is_to_be_signed_and_with_no_other() -> None:
    for mechanism, sent in ((Mechanism.ECDSA, bytes(300)), (Mechanism.GMAC, None)):
        ours, theirs = secured(1, certificate=bytes(300))
        server = Server(values(), theirs)
        server.challenge = bytes(range(32))
        associated(server, Parameters(mechanism=mechanism), ours)
        assert isinstance(server.requests[0], apdu.Aarq)
        assert server.requests[0].calling_ae_qualifier == sent


@pytest.mark.parametrize("length", [8, 16, 63, 64])
def test_challenges_of_every_length_are_answered(length: int) -> None:
    ours, theirs = secured(0)
    server = Server(values(), theirs)
    server.challenge = bytes(range(length))
    associated(server, Parameters(mechanism=Mechanism.GMAC, challenge_octets=length), ours)


def test_a_wrong_answer_to_our_challenge_is_found() -> None:
    ours, theirs = secured(0)
    server = Server(values(), theirs)
    client = Client(Parameters(mechanism=Mechanism.SHA256), ours, random=random())
    right = server.answer
    server.answer = lambda parameter: right(parameter)._replace(value=bytes(32))  # type: ignore[method-assign]
    with pytest.raises(SecurityError, match="answer to the challenge"):
        run(client.associate(), server.take)
    assert not client.associated


def test_a_refused_answer_to_the_challenge_is_no_association() -> None:
    ours, theirs = secured(0)
    server = Server(values(), theirs)
    client = Client(Parameters(mechanism=Mechanism.GMAC), ours, random=random())
    server.invoke = lambda *_: apdu.ActionOutcome(3)  # type: ignore[method-assign]
    association = run(client.associate(), server.take)
    assert not association.accepted
    assert not client.associated
    assert association.authentication is not None
    assert association.authentication.name == "read-write-denied"


PROTECTIONS = [
    AUTHENTICATED, ENCRYPTED, BOTH, BOTH._replace(key=Key.DEDICATED),
    BOTH._replace(envelope=Envelope.GENERAL), BOTH._replace(envelope=Envelope.CIPHERING)]


@pytest.mark.parametrize("protection", PROTECTIONS, ids=lambda protection: protection.text)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_services_go_under_protection(number: int, protection: Protection) -> None:
    ours, theirs = secured(number)
    server = Server(values(), theirs, max_pdu=400, conformance=~Conformance.GENERAL_BLOCK_TRANSFER)
    client = associated(server, Parameters(
        context=Context.LN_CIPHERED, mechanism=Mechanism.GMAC, protection=protection,
        dedicated_key=bytes(range(len(sides(number)[0].global_unicast or b"")))), ours)
    server.longest = 0
    assert run(client.get(CLOCK), server.take).data == TIME
    assert client.channel.opened.protection == protection
    assert run(client.set(CLOCK, LONG), server.take).succeeded
    assert run(client.action(METHOD, LONG), server.take).data == LONG
    assert 120 < server.longest <= 400
    found = run(client.access([AccessSpecification(Choice.GET, *CLOCK)], [NULL]), server.take)
    assert isinstance(found, AccessResponse)
    assert found.data == (LONG,)
    released = run(client.release(), server.take)
    assert (released.reason, released.refusal) == (0, None)
    assert isinstance(released.initiate, apdu.InitiateResponse)
    assert not client.associated


def test_an_answer_with_less_protection_is_found() -> None:
    ours, theirs = secured(0)
    server = Server(values(), theirs)
    parameters = Parameters(context=Context.LN_CIPHERED, protection=BOTH)
    client = associated(server, parameters, ours)

    def weak(protection: Protection) -> Callable[[bytes], bytes]:
        def take(octets: bytes) -> bytes:
            request = decode(theirs.unprotect(octets).apdu)
            reply = server.get(request).encode()  # type: ignore[arg-type]
            return theirs.protect(reply, protection) if protection.applied else reply
        return take

    for protection in (Protection(), AUTHENTICATED, ENCRYPTED):
        with pytest.raises(RemoteProtocolError, match="an answer under authentication and enc"):
            run(client.get(CLOCK), weak(protection))
    client.channel.answers = AUTHENTICATED
    assert run(client.get(CLOCK), weak(AUTHENTICATED)).data == TIME
    with pytest.raises(RemoteProtocolError, match="an answer under authentication"):
        run(client.get(CLOCK), weak(ENCRYPTED))


def test_a_refusal_need_not_be_protected() -> None:
    ours, theirs = secured(0)
    server = Server(values(), theirs)
    client = associated(server, Parameters(context=Context.LN_CIPHERED, protection=BOTH), ours)
    found = run(client.get(CLOCK), lambda _: apdu.ExceptionResponse(1, 5).encode())
    assert (found.code, found.name) == (None, "service-not-allowed, deciphering-error")


def scripted(*answers: bytes) -> Callable[[bytes], bytes]:
    left: Iterator[bytes] = iter(answers)
    return lambda _: next(left)


def test_a_rejected_association_is_returned() -> None:
    client = Client(Parameters(), random=random())
    for information in (None, apdu.ConfirmedServiceError(1, 6, 1).encode()):
        aare = apdu.Aare(result=1, diagnostic=apdu.Diagnostic(1, 2), user_information=information)
        found = run(client.associate(), scripted(aare.encode()))
        assert not found.accepted
        assert not client.associated
        assert found.diagnostic is not None
        assert found.diagnostic.text == "application-context-name-not-supported"
        assert found.granted is None
    found = run(client.associate(), scripted(apdu.ExceptionResponse(1, 1).encode()))
    assert (found.accepted, found.diagnostic) == (False, None)


@pytest.mark.parametrize(("answer", "expected"), [
    (apdu.Aare(), "initiate response"),
    (apdu.Aare(user_information=b"\xC4\x01\xC1\x01\x04"), "initiate response"),
    (apdu.Aare(user_information=apdu.ConfirmedServiceError(1, 6, 1).encode()),
     "initiate response"),
    (apdu.Rlre(), "Aare"),
    (apdu.GetResponseNormal(1, TIME), "Aare"),
])
def test_a_senseless_answer_to_an_association_is_found(answer: apdu.Apdu, expected: str) -> None:
    client = Client(Parameters(), random=random())
    with pytest.raises(RemoteProtocolError, match=expected):
        run(client.associate(), scripted(answer.encode()))
    assert not client.associated


def test_an_error_in_the_user_information_is_told_where_it_stands() -> None:
    grant = apdu.InitiateResponse(None, 6, Conformance.GET, 500, 7).encode()
    aare = apdu.Aare(user_information=grant[:4] + b"\x1e" + grant[5:]).encode()
    with pytest.raises(RemoteProtocolError, match="5F 1F 04 00") as refusal:
        run(Client(Parameters(), random=random()).associate(), scripted(aare))
    assert aare[refusal.value.offset] == 0x1E


@pytest.mark.parametrize("wanted", [
    Parameters(context=Context.LN_CIPHERED, protection=BOTH), Parameters(mechanism=Mechanism.LOW),
    Parameters(mechanism=Mechanism.GMAC)])
def test_keys_that_are_needed_are_asked_for(wanted: Parameters) -> None:
    with pytest.raises(LocalProtocolError, match="none are given"):
        next(Client(wanted, random=random()).associate())


def test_anything_can_be_sent_for_an_association() -> None:
    server = Server(values())
    client = Client(Parameters(user_id=9), random=random())
    request = replace(client.association_request(
        replace(client.initiate(), dlms_version=5, quality_of_service=3)),
        called_ap_title=b"\x01\x02", protocol_version="01")
    assert run(client.associate(request), server.take).accepted
    sent = server.requests[0]
    assert isinstance(sent, apdu.Aarq)
    assert sent == request
    assert sent.calling_ae_invocation_id == 9
    assert decode(sent.user_information or b"").dlms_version == 5  # type: ignore[attr-defined]
    exchange = client.associate(b"\x60\x00")
    assert next(exchange) == b"\x60\x00"
    assert run(client.raw(b"\xFF\xFF"), lambda octets: octets[::-1]).apdu == b"\xFF\xFF"


# What a server may do wrong: what is asked, the answers to it, and what is said about them.
GET, GET_LIST, SET, ACT, ACCESS, READ, RELEASE = (
    lambda client: client.get(CLOCK), lambda client: client.get_list([CLOCK, CLOCK]),
    lambda client: client.set(CLOCK, LONG, block_octets=600), lambda client: client.action(METHOD),
    lambda client: client.access([AccessSpecification(Choice.GET, *CLOCK)], [NULL]),
    lambda client: client.read([Variable(1), Variable(2)]), lambda client: client.release())
BLOCK = apdu.GetResponseWithDatablock
WRONG: list[tuple[Any, list[apdu.Apdu | bytes], str]] = [
    (GET, [b""], "octet 0: expected more octets"),
    (GET, [b"\xC4"], "octet 1: expected more octets"),
    (GET, [b"\xC4\x01\xC1\x00\x09\x05\x00"], "more octets"),
    (GET, [apdu.GetResponseNormal(0xC1, TIME).encode() + b"\0"], "octet 18: expected the end"),
    (GET, [apdu.GetResponseNormal(0xC2, TIME)], "octet 2: expected invoke id 1, found 2"),
    (GET, [apdu.SetResponseNormal(0xC1, 0)], "GetResponseNormal or .*, found SetResponseNormal"),
    (GET, [apdu.GetResponseWithList(0xC1, (TIME,))], "found GetResponseWithList"),
    (GET, [apdu.GetRequestNormal(0xC1, CLOCK)], "found GetRequestNormal"),
    (GET, [apdu.Aare()], "found Aare"),
    (GET, [BLOCK(0xC1, False, 0, b"")], "octet 4: expected block 1, found block 0"),
    (GET, [BLOCK(0xC1, False, 1, b"\x09"), BLOCK(0xC1, True, 3, b"\x00")],
     "expected block 2, found block 3"),
    (GET, [BLOCK(0xC1, False, 1, b"\x09"), BLOCK(0xC1, True, 1, b"\x00")],
     "expected block 2, found block 1"),
    (GET, [BLOCK(0xC1, False, 1, b"\x09"), BLOCK(0xC2, True, 2, b"\x00")], "invoke id 1"),
    (GET, [BLOCK(0xC1, False, 1, b"\x09"), apdu.GetResponseNormal(0xC1, TIME)],
     "expected GetResponseWithDatablock"),
    (GET, [BLOCK(0xC1, True, 1, b"\x09\x05\x00")], "octet 3: expected more octets"),
    (GET, [BLOCK(0xC1, True, 1, b"\x11\x05\x00")], "octet 2: expected the end of data"),
    (GET, [BLOCK(0xC1, False, number, b"") for number in range(1, 99)],
     "the last of at most 20 blocks"),
    (GET, [BLOCK(0xC1, False, number, bytes(300)) for number in range(1, 99)],
     "at most 4000 octets in blocks"),
    (GET, [apdu.EventNotificationRequest(None, CLOCK, TIME)] * 9, "after 5 notifications"),
    (GET_LIST, [apdu.GetResponseWithList(0xC1, (TIME,))], "octet 3: expected 2 results, found 1"),
    (GET_LIST, [apdu.GetResponseNormal(0xC1, TIME)], "found GetResponseNormal"),
    (SET, [apdu.SetResponseDatablock(0xC1, 2)], "octet 3: expected block 1, found block 2"),
    (SET, [apdu.SetResponseDatablock(0xC9, 1)], "invoke id 1"),
    (SET, [apdu.SetResponseDatablock(0xC1, 1), apdu.SetResponseDatablock(0xC1, 2)],
     "found SetResponseDatablock"),
    (SET, [apdu.GetResponseNormal(0xC1, TIME)], "found GetResponseNormal"),
    (ACT, [apdu.ActionResponseNextPblock(0xC1, 1)], "found ActionResponseNextPblock"),
    (ACT, [apdu.ActionResponseNormal(0xC5, 0)], "invoke id 1, found 5"),
    (ACT, [apdu.ActionResponseWithPblock(0xC1, True, 1, b"")], "more octets"),
    (ACCESS, [AccessResponse(0x40000002, b"", (), (), ())], "long invoke id 1, found 2"),
    (ACCESS, [AccessResponse(0xC0000001, b"", (), (), ())], "results of GET, found nothing"),
    (READ, [apdu.ReadResponse((TIME,))], "2 results, found 1"),
    (READ, [apdu.ReadResponse((apdu.BlockNumber(1), TIME))], "found BlockNumber"),
    (READ, [apdu.ReadResponse((apdu.DataBlockResult(False, 2, b""),))], "block 1, found block 2"),
    (RELEASE, [apdu.Aare()], "expected Rlre, found Aare"),
]


@pytest.mark.parametrize(("asks", "answers", "expected"), WRONG)
def test_a_wrong_answer_is_told_and_leaves_the_client_usable(
    asks: Callable[[Client], Exchange[Any]], answers: list[apdu.Apdu | bytes], expected: str,
) -> None:
    server = Server(values(), max_pdu=0)
    client = associated(server, Parameters(max_pdu=500, caps=Caps(4_000, 20, 5)))
    octets = [each if isinstance(each, bytes) else each.encode() for each in answers]
    with pytest.raises(RemoteProtocolError, match=expected):
        run(asks(client), scripted(*octets))
    assert run(client.get(CLOCK), server.take).data == TIME
    assert run(client.release(), server.take).reason == 0
    assert run(client.associate(), server.take).accepted


@pytest.mark.parametrize("refusal", [
    apdu.ExceptionResponse(1, 2), apdu.ConfirmedServiceError(5, 0, 1)])
@pytest.mark.parametrize("asks", [
    GET, GET_LIST, SET, ACT, READ, lambda client: client.set_list([CLOCK], [TIME]),
    lambda client: client.action_list([METHOD], [NULL]),
    lambda client: client.write([Variable(1)], [TIME])])
def test_a_refusal_of_the_service_is_a_result(asks: Callable[[Client], Exchange[Any]],
                                              refusal: apdu.ExceptionResponse) -> None:
    client = associated(Server(values()))
    found = run(asks(client), scripted(refusal.encode()))
    for result in found if isinstance(found[0], tuple) else (found,):
        assert (result.code, result.refusal, result.name) == (None, refusal, refusal.text)


def test_a_refusal_between_blocks_is_a_result() -> None:
    client = associated(Server(values()))
    refusal = apdu.ExceptionResponse(1, 3)
    first = BLOCK(0xC1, False, 1, b"\x09")
    assert run(client.get(CLOCK), scripted(first.encode(), refusal.encode())).refusal == refusal
    aborted = BLOCK(0xC2, True, 1, apdu.Refused(15))
    assert run(client.get(CLOCK), scripted(aborted.encode())).name == "long-get-aborted"
    acknowledged = apdu.SetResponseDatablock(0xC3, 1).encode()
    assert run(client.set(CLOCK, LONG, block_octets=9), scripted(
        acknowledged, apdu.SetResponseLastDatablock(0xC3, 17, 2).encode())
    ).name == "long-set-aborted"


def test_an_answer_longer_than_the_client_takes_is_found() -> None:
    server = Server(values())
    client = associated(server, Parameters(max_pdu=64))
    assert run(client.get(CLOCK), server.take).data == TIME
    with pytest.raises(RemoteProtocolError, match="octet 64: expected an APDU of at most 64"):
        run(client.get(SERIAL), server.take)


def test_what_the_server_sends_on_its_own_is_kept() -> None:
    server = Server(values())
    client = associated(server)
    event = apdu.EventNotificationRequest(None, CLOCK, TIME)
    asked: list[bytes] = []

    def take(octets: bytes) -> bytes:
        asked.append(octets)
        return event.encode() if len(asked) == 1 else server.take(asked[0])

    assert run(client.get(CLOCK), take).data == TIME
    assert asked[1] == b""
    assert client.channel.notices == [event]


def test_an_exchange_can_be_left_at_any_point() -> None:
    server = Server(values(), block=100)
    client = associated(server)
    exchange = client.get(SERIAL)
    exchange.send(server.take(next(exchange)))
    exchange.close()
    assert run(client.get(SERIAL), server.take).data == LONG
    assert next(client.associate()) is not None
    assert run(client.associate(), server.take).accepted


def test_an_exchange_is_carried_over_a_link() -> None:
    server = Server(values(), block=100)
    line: list[bytes] = []
    client = Client(Parameters(), random=random())
    link = lambda octets: line.append(server.take(octets))  # noqa: E731
    assert carry(client.associate(), link, line.pop).accepted
    assert carry(client.get(SERIAL), link, line.pop).data == LONG


def test_what_is_not_answered_is_told() -> None:
    sent: list[bytes] = []
    request = apdu.UnconfirmedWriteRequest((Variable(0x100),), (TIME,))
    client = Client(SHORT, random=random())
    assert carry(client.tell(request), sent.append, lambda: pytest.fail("awaited")) is None
    assert sent == [request.encode()]


def test_records_can_be_asked() -> None:
    server = Server(values())
    client = associated(server)
    answer = run(client.ask(apdu.GetRequestNormal(0x05, CLOCK)), server.take)
    assert answer == apdu.GetResponseNormal(0x05, TIME)


def test_invoke_ids_go_around() -> None:
    server = Server(values())
    client = associated(server, Parameters(high_priority=False))
    for _ in range(17):
        run(client.get(CLOCK), server.take)
    sent = [each.invoke for each in server.requests[1:]]  # type: ignore[attr-defined]
    assert sent == [0x40 | number for number in [*range(1, 16), 1, 2]]


class GeneralLink:
    """A link to a server that answers all but associations in general blocks."""

    def __init__(self, server: Server, limits: Limits) -> None:
        self.server = server
        self.limits = limits
        self.line: list[bytes] = []
        self.side: Side | None = None

    def send(self, octets: bytes) -> None:
        """Take one APDU of the client."""
        block = decode(octets) if octets[0] == 0xE0 else None
        if isinstance(block, apdu.GeneralBlock):
            if self.side is None or (block.number, block.acknowledged) == (1, 0):
                self.side = Side(self.limits, begins=False)
            blocks = self.side.receive(block)
            if self.side.state is State.TURN and self.side.message is not None:
                blocks += self.side.send(self.server.take(self.side.message))
        elif octets[0] in (0x60, 0x62):
            self.line.append(self.server.take(octets))
            return
        else:
            self.side = Side(self.limits, begins=False)
            blocks = self.side.send(self.server.take(octets))
        self.line += [each.encode() for each in blocks]

    def receive(self) -> bytes:
        """Return the next APDU for the client."""
        return self.line.pop(0)


@pytest.mark.parametrize("window", [1, 2, 8])
@pytest.mark.parametrize("protected", [False, True])
def test_answers_come_by_general_block_transfer(window: int, protected: bool) -> None:
    ours, theirs = secured(0) if protected else (None, None)
    link = GeneralLink(Server(values(), theirs, max_pdu=110), Limits(90, window))
    client = Client(Parameters(
        max_pdu=100, context=Context.LN_CIPHERED if protected else Context.LN,
        conformance=LN_CONFORMANCE & ~Conformance.BLOCK_TRANSFER_WITH_SET_OR_WRITE,
        protection=BOTH if protected else Protection(),
        caps=Caps(general_blocks=Limits(80, window))), ours, random=random())
    assert carry(client.associate(), link.send, link.receive).accepted
    for _ in range(3):
        assert carry(client.get(SERIAL), link.send, link.receive).data == LONG
        assert carry(client.get(CLOCK), link.send, link.receive).data == TIME
    assert carry(client.set(CLOCK, LONG), link.send, link.receive).succeeded
    assert link.server.values[CLOCK] == LONG
    assert carry(client.release(), link.send, link.receive).refusal is None


def test_a_general_block_transfer_that_fails_is_told() -> None:
    server = Server(values())
    client = associated(server)
    twice = apdu.GeneralBlock(70, 0, b"x").encode()
    with pytest.raises(RemoteProtocolError, match="a block number from 1 to 63, found 70"):
        run(client.get(CLOCK), scripted(twice, twice))
    assert run(client.get(CLOCK), server.take).data == TIME
