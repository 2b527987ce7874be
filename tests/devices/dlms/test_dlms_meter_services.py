"""How an emulated DLMS meter carries out services: errors, blocks, lists, ACCESS, push."""

from __future__ import annotations

from typing import Any

import pytest
from dlms_conversation import MANAGER, PUBLIC, READER, Client, attribute, fresh, method

from bench.protocols.cosem.access import (
    AccessRequest,
    AccessResponse,
    AccessSpecification,
    Choice,
    DataNotification,
)
from bench.protocols.cosem.classes import check, interface_class, read_object_list
from bench.protocols.cosem.data import Data, Tag, encode
from bench.protocols.cosem.reference import Selection
from bench.protocols.dlms.apdu import (
    ActionOutcome,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    Conformance,
    ExceptionResponse,
    GeneralBlock,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
    Refused,
    Selected,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
    SetResponseWithList,
    decode,
)
from bench.protocols.dlms.apdu.get import RESULTS
from bench.protocols.dlms.apdu.set import VALUES
from bench.protocols.dlms.general_block_transfer import Limits, Side
from bench.protocols.dlms.security.protection import Envelope, Protection
from devices.emulators.dlms.interface import parse
from devices.emulators.dlms.keys import derived
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.profile import Settings

CLOCK, OBJECTS, NAME = "8/0-0:1.0.0.255/a2", "15/0-0:40.0.0.255/a2", "1/0-0:42.0.0.255/a2"
PROFILE, SWITCH, MESSAGE = "7/1-0:99.1.0.255", "70/0-0:96.3.10.255", "1/0-0:96.13.0.255/a2"
ZONE = "8/0-0:1.0.0.255/a3"
ZERO = Data(Tag.INTEGER, 0)
GENERAL = Protection(True, True, envelope=Envelope.GENERAL)
LONG = Data(Tag.OCTET_STRING, bytes(range(200)))


def _open(client: int = MANAGER, max_pdu: int = 1024, **settings: Any) -> Client:
    talking = Client(fresh(**settings), client)
    return talking.open(initiate=talking.request(max_pdu=max_pdu))


# -- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("place", "code"), [
    ("8/0-0:1.0.1.255/a2", 4), ("3/0-0:1.0.0.255/a2", 9), ("9999/0-0:1.0.0.255/a2", 9),
    ("8/0-0:1.0.0.255/a10", 4), ("8/0-0:1.0.0.255/a0", 4), ("15/0-0:40.0.0.255/a7", 3),
    ("15/0-0:40.0.2.255/a7", 3), ("19/0-0:20.0.0.255/a7", 3)])
def test_a_get_of_what_there_is_not_tells_why(place: str, code: int) -> None:
    assert _open().get(place) == GetResponseNormal(0xC1, Refused(code))


@pytest.mark.parametrize(("place", "value", "code"), [
    ("8/0-0:1.0.1.255/a2", ZERO, 4), ("8/0-0:1.0.0.255/a99", ZERO, 4),
    ("8/0-0:1.0.0.255/a1", ZERO, 3), ("8/0-0:1.0.0.255/a4", ZERO, 3), (ZONE, ZERO, 12),
    (ZONE, Data(Tag.LONG, 2_000), 250), (f"{SWITCH}/a4", Data(Tag.ENUM, 7), 250)])
def test_a_set_that_is_wrong_changes_nothing(place: str, value: Data, code: int) -> None:
    talking = _open()
    before = talking.read(place)
    assert talking.set(place, value) == code
    assert talking.read(place) == before


@pytest.mark.parametrize(("place", "parameter", "code"), [
    (f"{SWITCH}/m3", ZERO, 4), ("70/0-0:96.3.11.255/m1", ZERO, 4),
    (f"{SWITCH}/m1", None, 12), (f"{SWITCH}/m1", Data(Tag.OCTET_STRING, b""), 12),
    ("17/0-0:41.0.0.255/m1", parse("{u16,os(0..16)}").build((1, b"")), 3)])
def test_an_action_that_is_wrong_does_nothing(
    place: str, parameter: Data | None, code: int,
) -> None:
    talking = _open()
    assert talking.code(place, parameter) == code
    assert talking.value(f"{SWITCH}/a2") is True


@pytest.mark.parametrize("octets", ["C0", "C001", "C001C1", "C001C100080000010000FF02",
                                    "C001C100080000010000FF020000", "C004C1", "C1", "C109C1",
                                    "C3", "C001C100080000010000FF0201"])
def test_what_cannot_be_read_is_answered_by_an_exception(octets: str) -> None:
    talking = _open()
    assert talking.ask(bytes.fromhex(octets)) == ExceptionResponse(1, 3)
    assert len(talking.value(CLOCK)) == 12


@pytest.mark.parametrize("octets", ["99", "0100", "C401C10000", "7F00", "0E010600", "00"])
def test_a_service_that_does_not_exist_is_unknown(octets: str) -> None:
    talking = _open(READER)
    assert talking.ask(bytes.fromhex(octets)) == ExceptionResponse(2, 2)
    assert len(talking.value(CLOCK)) == 12


@pytest.mark.parametrize(("octets", "missing"), [
    ("C101C100080000010000FF03001000 00", Conformance.SET),
    ("C301C100460000600A0AFF010100", Conformance.ACTION),
    ("C003C10100080000010000FF0200", Conformance.MULTIPLE_REFERENCES),
    ("0501021000", Conformance.READ)])
def test_what_was_not_negotiated_is_not_supported(octets: str, missing: Conformance) -> None:
    talking = Client(fresh(), READER)
    talking.open(initiate=talking.request(conformance=Conformance(0xFFFFFF) & ~missing))
    answer = talking.raw(bytes.fromhex(octets))
    assert answer is not None
    assert decode(answer) in (ExceptionResponse(1, 2), ExceptionResponse(1, 3))


def test_a_selection_that_was_not_negotiated_is_refused() -> None:
    talking = Client(fresh(), READER)
    talking.open(initiate=talking.request(conformance=Conformance.GET))
    entries = parse("{u32,u32,u16,u16}").build((1, 1, 1, 0))
    assert talking.read(f"{PROFILE}/a2", Selection(2, entries)) == Refused(13)


@pytest.mark.parametrize("selection", [
    Selection(9, ZERO), Selection(1, ZERO), Selection(2, ZERO), Selection(1, LONG),
    Selection(2, parse("{u32,u32,u16,u16}").build((0, 1, 1, 0)))])
def test_a_selection_that_is_wrong_is_refused(selection: Selection) -> None:
    assert isinstance(_open().read(f"{PROFILE}/a2", selection), Refused)
    assert isinstance(_open().read(CLOCK, selection), Refused)


def test_a_request_longer_than_the_own_maximum_is_too_long() -> None:
    talking = _open(READER)
    assert talking.ask(GetRequestWithList(0xC1, (Selected(attribute(CLOCK)),) * 110)) \
        == ExceptionResponse(1, 4)


# -- Get in blocks -------------------------------------------------------------------------------


@pytest.mark.parametrize("client", [PUBLIC, READER, MANAGER])
@pytest.mark.parametrize("max_pdu", [48, 127, 128, 160, 512, 0])
def test_no_response_is_longer_than_the_clients_maximum(client: int, max_pdu: int) -> None:
    talking = _open(client, max_pdu)
    lengths: list[int] = []
    send = talking.raw

    def measured(octets: bytes) -> bytes | None:
        answer = send(octets)
        lengths.append(len(answer or b""))
        return answer

    talking.raw = measured  # type: ignore[method-assign]
    assert talking.read(OBJECTS).tag == Tag.ARRAY
    assert max(lengths) <= (max_pdu or 0xFFFF)


def test_the_smallest_maximum_is_kept() -> None:
    talking = _open(PUBLIC, 12)
    response = talking.get(NAME)
    assert isinstance(response, GetResponseWithDatablock)
    assert len(response.encode()) == 12
    assert talking.value(NAME) == b"SMB0000000000001"


def test_blocks_are_numbered_without_gap() -> None:
    talking, numbers = _open(PUBLIC, 128), []
    response = talking.get(OBJECTS)
    while not response.last:
        numbers.append(response.number)
        response = talking.ask(GetRequestNext(0xC1, response.number))
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_block_that_is_not_the_next_ends_the_transfer() -> None:
    talking = _open(PUBLIC, 128)
    talking.get(OBJECTS)
    assert talking.ask(GetRequestNext(0xC1, 2)).result == Refused(19)
    assert talking.ask(GetRequestNext(0xC1, 1)).result == Refused(16)


def test_without_a_transfer_there_is_no_next_block() -> None:
    talking = _open(PUBLIC, 128)
    assert talking.ask(GetRequestNext(0xC1, 1)).result == Refused(16)


def test_another_get_takes_the_place_of_a_transfer() -> None:
    talking = _open(PUBLIC, 128)
    talking.get(OBJECTS)
    assert talking.get(OBJECTS).number == 1
    assert talking.ask(GetRequestNext(0xC1, 1)).number == 2


def test_without_blocks_a_long_attribute_is_refused() -> None:
    talking = Client(fresh(), PUBLIC)
    talking.open(initiate=talking.request(conformance=Conformance.GET, max_pdu=128))
    assert talking.get(OBJECTS).result == Refused(250)


def test_a_list_is_answered_in_its_order_each_with_its_own_result() -> None:
    talking = _open(READER)
    places = (CLOCK, "8/0-0:9.9.9.255/a2", NAME)
    response = talking.ask(GetRequestWithList(0x81, tuple(
        Selected(attribute(place)) for place in places)))
    assert isinstance(response, GetResponseWithList)
    assert (response.invoke, response.results[1]) == (0x81, Refused(4))
    assert [response.results[0], response.results[2]] == [
        talking.read(CLOCK), talking.read(NAME)]


def test_a_long_list_comes_in_blocks() -> None:
    talking = _open(READER, 128)
    response = talking.ask(GetRequestWithList(0xC1, (Selected(attribute(CLOCK)),) * 20))
    whole = b""
    while True:
        whole += response.result
        if response.last:
            break
        response = talking.ask(GetRequestNext(0xC1, response.number))
    results, end = RESULTS.read(whole, 0)
    assert end == len(whole)
    assert results == (talking.read(CLOCK),) * 20


# -- Set and Action in blocks ----------------------------------------------------------------------


def test_a_value_is_set_in_blocks() -> None:
    talking, raw, place = _open(), encode(LONG), attribute(MESSAGE)
    first = SetRequestWithFirstDatablock(0xC1, place, None, False, 1, raw[:80])
    assert talking.ask(first) == SetResponseDatablock(0xC1, 1)
    assert talking.ask(SetRequestWithDatablock(0xC1, False, 2, raw[80:160])) \
        == SetResponseDatablock(0xC1, 2)
    assert talking.value(MESSAGE) == b"NONE"
    assert talking.ask(SetRequestWithDatablock(0xC1, True, 3, raw[160:])) \
        == SetResponseLastDatablock(0xC1, 0, 3)
    assert talking.read(MESSAGE) == LONG


@pytest.mark.parametrize(("number", "raw", "code"), [(3, encode(LONG)[80:], 19),
                                                     (1, encode(LONG)[80:], 19),
                                                     (2, encode(LONG)[80:-1], 12),
                                                     (2, encode(LONG)[80:] + b"\0", 12)])
def test_a_gap_or_a_broken_value_sets_nothing(number: int, raw: bytes, code: int) -> None:
    talking = _open()
    talking.ask(SetRequestWithFirstDatablock(0xC1, attribute(MESSAGE), None, False, 1,
                                             encode(LONG)[:80]))
    assert talking.ask(SetRequestWithDatablock(0xC1, True, number, raw)) \
        == SetResponseLastDatablock(0xC1, code, number)
    assert talking.value(MESSAGE) == b"NONE"
    assert talking.ask(SetRequestWithDatablock(0xC1, True, 2, b"")).result == 18


def test_a_list_is_set_each_with_its_own_result() -> None:
    talking = _open()
    places = tuple(Selected(attribute(place)) for place in (MESSAGE, CLOCK, ZONE))
    values = (Data(Tag.OCTET_STRING, b"a"), ZERO, Data(Tag.LONG, 60))
    assert talking.ask(SetRequestWithList(0xC1, places, values)) \
        == SetResponseWithList(0xC1, (0, 12, 0))
    raw = VALUES.write((Data(Tag.OCTET_STRING, b"b"), ZERO, Data(Tag.LONG, 30)))
    talking.ask(SetRequestWithListAndFirstDatablock(0xC1, places, False, 1, raw[:4]))
    assert talking.ask(SetRequestWithDatablock(0xC1, True, 2, raw[4:])) \
        == SetResponseLastDatablockWithList(0xC1, (0, 12, 0), 2)
    assert (talking.value(MESSAGE), talking.value(ZONE)) == (b"b", 30)


def test_an_action_is_given_in_blocks() -> None:
    talking, raw = _open(), encode(Data(Tag.LONG, -100))
    first = ActionRequestWithFirstPblock(0xC1, method("8/0-0:1.0.0.255/m6"), False, 1, raw[:1])
    assert talking.ask(first) == ActionResponseNextPblock(0xC1, 1)
    assert talking.ask(ActionRequestWithPblock(0xC1, True, 2, raw[1:])) \
        == ActionResponseNormal(0xC1, 0)
    assert talking.value(CLOCK)[5:8] == bytes((8, 58, 20))
    talking.ask(first)
    assert talking.ask(ActionRequestWithPblock(0xC1, True, 3, raw[1:])).code == 15


def test_actions_in_a_list_are_carried_out_in_order() -> None:
    talking = _open()
    methods = (method(f"{SWITCH}/m1"), method(f"{SWITCH}/m9"),
               method("112/0-0:19.10.0.255/m2"))
    amount = Data(Tag.DOUBLE_LONG, 5)
    outcomes = (ActionOutcome(0), ActionOutcome(4),
                ActionOutcome(0, Data(Tag.DOUBLE_LONG, 1_000)))
    assert talking.ask(ActionRequestWithList(0xC1, methods, (ZERO, ZERO, amount))) \
        == ActionResponseWithList(0xC1, outcomes)
    raw = VALUES.write((ZERO, ZERO, amount))
    response = talking.ask(ActionRequestWithListAndFirstPblock(0xC1, methods, True, 1, raw))
    assert response.outcomes[2] == ActionOutcome(0, Data(Tag.DOUBLE_LONG, 5))


# -- the list of objects -------------------------------------------------------------------------


@pytest.mark.parametrize("client", [PUBLIC, READER, MANAGER])
@pytest.mark.parametrize(("version", "suite"), [(0, 0), (1, 0), (2, 0), (3, 0), (2, 1), (2, 2)])
def test_what_is_listed_is_served_as_its_class_is_declared(
    client: int, version: int, suite: int,
) -> None:
    talking = _open(client, association_version=version, suite=suite)
    listed = read_object_list(talking.read(OBJECTS), version)
    assert listed.misfits == ()
    assert len(listed.objects) >= {PUBLIC: 7, READER: 50, MANAGER: 70}[client]
    for found in listed.objects:
        declared = interface_class(found.class_id, found.version)
        assert declared is not None, found.text
        for index, access in found.attribute_access.items():
            described = declared.attribute(index)
            assert described is not None, (found.text, index)
            value = talking.read(f"{found.text.split(' ')[0]}/a{index}")
            if access.mode & 1:
                assert check(described.type, value) == (), (found.text, index)
            else:
                assert value == Refused(3), (found.text, index)
        for index in found.method_access:
            assert declared.method(index) is not None, (found.text, index)


def test_the_list_is_selected_by_class_or_name() -> None:
    talking = _open()
    clocks = talking.read(OBJECTS, Selection(2, parse("[1..9]u16").build((8, 70))))
    assert sorted(row.value[0].value for row in clocks.value) == [8, 70]
    names = parse("[1..9]{u16,os(6)}").build(((8, bytes((0, 0, 1, 0, 0, 255))),))
    [row] = talking.read(OBJECTS, Selection(3, names)).value
    assert row.value[0].value == 8
    assert len(talking.read(OBJECTS, Selection(1, Data(Tag.NULL_DATA, None))).value[0].value) == 3


def test_more_registers_make_a_longer_list() -> None:
    talking = _open(further_registers=300)
    rows = talking.read(OBJECTS).value
    assert len({(row.value[0].value, row.value[2].value) for row in rows}) == len(rows) > 370


# -- ACCESS and push -------------------------------------------------------------------------------


def test_an_access_request_reads_writes_and_acts() -> None:
    talking = _open()
    talking.protection = GENERAL

    def specified(choice: Choice, text: str) -> AccessSpecification:
        return AccessSpecification(choice, *attribute(text.replace("/m", "/a")))

    nothing = Data(Tag.NULL_DATA, None)
    response = talking.ask(AccessRequest(0x40000007, b"", (
        specified(Choice.GET, NAME), specified(Choice.SET, MESSAGE),
        specified(Choice.ACTION, f"{SWITCH}/m1"), specified(Choice.GET, "8/0-0:1.0.0.255/a99"),
        specified(Choice.GET, f"{SWITCH}/a2"),
    ), (nothing, Data(Tag.OCTET_STRING, b"hi"), ZERO, nothing, nothing)))
    assert isinstance(response, AccessResponse)
    assert response.long_invoke_id == 0x40000007
    assert [tuple(result) for result in response.results] == [(1, 0), (2, 0), (3, 0), (1, 4),
                                                              (1, 0)]
    assert [data.value for data in response.data] == [b"SMB0000000000001", None, None, None, False]
    assert talking.value(MESSAGE) == b"hi"


def test_a_push_goes_to_who_has_negotiated_notifications() -> None:
    talking = _open()
    Client(talking.meter, PUBLIC).open()
    assert talking.code("40/0-0:25.9.0.255/m1") == 0
    [push] = talking.meter.drain()
    assert (push.client, push.server) == (MANAGER, 1)
    opened = talking.security.unprotect(push.apdu)
    assert opened.protection[:2] == (True, True)
    notification = decode(opened.apdu)
    assert isinstance(notification, DataNotification)
    assert [part.value for part in notification.body.value] == [
        b"SMB0000000000001", talking.value(CLOCK), 12_345_678]
    assert talking.meter.drain() == ()


def test_time_may_pass_by_itself() -> None:
    now = [100.0]
    talking = Client(Meter(Settings(profile_rows=4), derived(0), clock=lambda: now[0]), PUBLIC)
    talking.open()
    now[0] += 90
    assert talking.value(CLOCK)[5:8] == bytes((9, 1, 30))


def test_the_same_seed_makes_the_same_octets() -> None:
    first, second = (_open().read(f"{PROFILE}/a2") for _ in range(2))
    assert first == second
    assert GetRequestNormal(0xC1, attribute(CLOCK)).encode()[:2] == b"\xc0\x01"


# -- general block transfer ------------------------------------------------------------------------


def _in_blocks(talking: Client, octets: bytes, size: int = 40) -> bytes | None:
    """Send a request in general blocks and return the answer, put together from blocks."""
    side = Side(Limits(block_octets=size), begins=True)
    waiting = [block.encode() for block in side.send(octets)]
    while waiting:
        for answer in talking.meter.take(talking.client, 1, waiting.pop(0)):
            assert len(answer) <= 128
            block = decode(answer)
            assert isinstance(block, GeneralBlock)
            waiting += [one.encode() for one in side.receive(block)]
    return side.message


def test_a_request_and_its_answer_go_in_general_blocks() -> None:
    talking = _open(MANAGER, 128)
    request = GetRequestWithList(0xC1, (Selected(attribute(CLOCK)),) * 60)
    answer = _in_blocks(talking, talking.security.protect(request.encode(), talking.protection))
    assert answer is not None
    response = decode(talking.security.unprotect(answer).apdu)
    assert response == GetResponseWithList(0xC1, (talking.read(CLOCK),) * 60)


def test_a_long_answer_to_an_access_request_goes_in_general_blocks() -> None:
    talking = _open(MANAGER, 128)
    request = AccessRequest(1, b"", (AccessSpecification(Choice.GET, *attribute(OBJECTS)),),
                            (Data(Tag.NULL_DATA, None),))
    octets = talking.security.protect(request.encode(), GENERAL)
    side, waiting = Side(begins=True), [octets]
    side.send(octets)
    while waiting:
        for answer in talking.meter.take(MANAGER, 1, waiting.pop(0)):
            assert len(answer) <= 128
            block = decode(answer)
            assert isinstance(block, GeneralBlock)
            waiting += [one.encode() for one in side.receive(block)]
    assert side.message is not None
    response = decode(talking.security.unprotect(side.message).apdu)
    assert isinstance(response, AccessResponse)
    assert len(response.data[0].value) > 70


def test_general_blocks_have_to_be_negotiated() -> None:
    talking = _open(READER)
    answer = talking.raw(GeneralBlock(1, 0, b"\xc0", last=True).encode())
    assert answer is not None
    assert decode(answer) == ExceptionResponse(1, 2)
