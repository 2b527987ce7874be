"""An emulated DLMS meter with short names: Read and Write (IEC 62056-5-3)."""

from __future__ import annotations

from typing import Any

import pytest
from dlms_conversation import Client, fresh

from bench.protocols.cosem.classes import interface_class, read_short_name_list
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.dlms.apdu import (
    BlockNumber,
    BlockNumberAccess,
    DataBlockResult,
    ExceptionResponse,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    Refused,
    UnconfirmedWriteRequest,
    Variable,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
    decode,
)
from bench.protocols.dlms.apdu.short_names import READ_RESULTS
from devices.emulators.dlms.interface import parse
from devices.emulators.dlms.profile import BY_SHORT_NAME, MANAGEMENT, PUBLIC, Association, Rights

ASSOCIATION = 0xFA00
HIGH = Association(name="management", client=48, mechanism="gmac", ciphered=True,
                   rights=Rights.MANAGEMENT, conformance=BY_SHORT_NAME, policy=3)
LOW = PUBLIC.model_copy(update={"conformance": BY_SHORT_NAME, "rights": Rights.READER})
ZERO = Data(Tag.INTEGER, 0)


def _open(client: int = 48, max_pdu: int = 1024) -> Client:
    talking = Client(fresh(short_names=True, associations=(HIGH, LOW)), client)
    aare = talking.associate(initiate=talking.request(max_pdu=max_pdu))
    assert aare.result == 0
    if talking.theirs:
        answer = talking.ask(ReadRequest((ParameterizedAccess(
            ASSOCIATION + 0x58, 0, Data(Tag.OCTET_STRING, talking.right_answer())),)))
        assert answer.results[0].tag == Tag.OCTET_STRING
    return talking


def _read(talking: Client, *addresses: int) -> Any:
    return talking.ask(ReadRequest(tuple(map(Variable, addresses)))).results


def _whole(talking: Client, address: int) -> Any:
    """Return what is at an address, put together from blocks."""
    [result] = _read(talking, address)
    whole = b""
    while isinstance(result, DataBlockResult):
        whole += result.raw
        if result.last:
            [result] = READ_RESULTS.read(whole, 0)[0]
            break
        [result] = talking.ask(ReadRequest((BlockNumberAccess(result.number),))).results
    return result


def _base(talking: Client, class_id: int) -> int:
    listed = read_short_name_list(_whole(talking, ASSOCIATION + 8))
    return next(one.base_name for one in listed.objects  # type: ignore[return-value]
                if one.class_id == class_id)


@pytest.mark.parametrize("client", [48, 16])
def test_the_list_names_objects_that_can_be_read(client: int) -> None:
    talking = _open(client)
    assert talking.initiate is not None
    assert talking.initiate.vaa_name == ASSOCIATION
    listed = read_short_name_list(_whole(talking, ASSOCIATION + 8))
    assert listed.misfits == ()
    bases = [one.base_name for one in listed.objects]
    assert len(set(bases)) == len(bases) >= 50
    for one in listed.objects:
        assert one.base_name is not None
        assert _read(talking, one.base_name) == (Data(Tag.OCTET_STRING, one.instance),)


def test_methods_lie_behind_the_attributes_of_each_class() -> None:
    talking = _open()
    for found in read_short_name_list(_whole(talking, ASSOCIATION + 8)).objects:
        declared = interface_class(found.class_id, found.version)
        assert declared is not None
        if declared.first_method_offset is not None and declared.methods:
            assert declared.first_method_offset >= 8 * len(declared.attributes)


def test_it_reads_several_and_tells_which_there_is_not() -> None:
    talking = _open()
    clock = _base(talking, 8)
    time, nothing, odd, zone = _read(talking, clock + 8, 0x0008, clock + 9, clock + 16)
    assert (len(time.value), zone) == (12, Data(Tag.LONG, 0))
    assert (nothing, odd) == (Refused(4), Refused(4))


def test_it_writes_and_acts() -> None:
    talking = _open()
    clock, switch = _base(talking, 8), _base(talking, 70)
    response = talking.ask(WriteRequest(
        (Variable(clock + 16), Variable(switch + 0x20), Variable(clock + 16)),
        (Data(Tag.LONG, 60), ZERO, ZERO)))
    assert response == WriteResponse((None, None, Refused(12)))
    assert _read(talking, clock + 16, switch + 8) == (Data(Tag.LONG, 60),
                                                      Data(Tag.BOOLEAN, False))


def test_an_unconfirmed_write_is_not_answered() -> None:
    talking = _open()
    clock = _base(talking, 8)
    offer = talking.ask(UnconfirmedWriteRequest((Variable(clock + 16),), (Data(Tag.LONG, 30),)))
    assert offer is None
    assert _read(talking, clock + 16) == (Data(Tag.LONG, 30),)


def test_a_profile_is_read_with_parameters() -> None:
    talking = _open()
    profile = _base(talking, 7)
    entries = parse("{u32,u32,u16,u16}").build((1, 2, 1, 1))
    [found] = talking.ask(ReadRequest((ParameterizedAccess(profile + 8, 2, entries),))).results
    assert len(found.value) == 2


@pytest.mark.parametrize("max_pdu", [64, 128, 512])
def test_what_is_long_comes_in_blocks_within_the_maximum(max_pdu: int) -> None:
    talking = _open(16, max_pdu)
    answer = talking.raw(ReadRequest((Variable(ASSOCIATION + 8),)).encode())
    assert answer is not None
    assert len(answer) <= max_pdu
    [block] = decode(answer).results  # type: ignore[attr-defined]
    assert (block.last, block.number) == (False, 1)
    assert _whole(talking, ASSOCIATION + 8).tag == Tag.ARRAY
    assert talking.ask(ReadRequest((BlockNumberAccess(1),))) == ReadResponse((Refused(16),))


def test_a_request_may_come_in_blocks() -> None:
    talking = _open()
    clock = _base(talking, 8)
    body = ReadRequest((Variable(clock + 16), Variable(clock + 8))).encode()[1:]
    first = talking.ask(ReadRequest((ReadDataBlockAccess(False, 1, body[:3]),)))
    assert first == ReadResponse((BlockNumber(1),))
    second = talking.ask(ReadRequest((ReadDataBlockAccess(True, 2, body[3:]),)))
    assert second.results[0] == Data(Tag.LONG, 0)
    body = WriteRequest((Variable(clock + 16),), (Data(Tag.LONG, 45),)).encode()[1:]
    for last, number, raw in ((False, 1, body[:4]), (True, 2, body[4:])):
        response = talking.ask(WriteRequest((WriteDataBlockAccess(last, number),),
                                            (Data(Tag.OCTET_STRING, raw),)))
        assert response == WriteResponse((None if last else BlockNumber(1),))
    assert _read(talking, clock + 16) == (Data(Tag.LONG, 45),)


def test_a_get_is_no_service_of_short_names() -> None:
    talking = _open(16)
    answer = talking.raw(bytes.fromhex("C001C100080000010000FF0200"))
    assert answer is not None
    assert decode(answer) == ExceptionResponse(1, 2)


def test_the_default_management_is_the_same_but_for_names() -> None:
    assert HIGH.model_copy(update={"conformance": MANAGEMENT.conformance}) == MANAGEMENT
