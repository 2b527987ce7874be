"""APDUs against ``gurux-dlms`` (GPL), which is asked in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from bench.protocols.cosem.access import (
    AccessRequest,
    AccessSpecification,
    Choice,
    DataNotification,
)
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method
from bench.protocols.cosem.selective_access import CLOCK, Column, by_entry, by_range
from bench.protocols.dlms import apdu
from bench.protocols.dlms.apdu import Context, decode

pytestmark = pytest.mark.skipif(find_spec("gurux_dlms") is None, reason="no gurux-dlms here")

PEER = Path(__file__).with_name("gurux_apdu_peer.py")
SERIAL = Attribute(1, bytes.fromhex("0000600100FF"), 2)
PROFILE = Attribute(7, bytes.fromhex("0100630100FF"), 2)
METHOD = Method(8, CLOCK.instance, 1)
VALUE = Data(Tag.OCTET_STRING, bytes(range(200)))
SHORT = Data(Tag.OCTET_STRING, bytes(range(12)))
NULL = Data(Tag.NULL_DATA, None)

# What its translator reads and writes again; of other kinds it has faults of its own.
OURS: list[apdu.Apdu] = [
    apdu.GetRequestNormal(0xC1, CLOCK), apdu.GetRequestNormal(0xC1, PROFILE, by_entry(1, 2)),
    apdu.GetRequestNext(0xC1, 5), apdu.GetResponseNormal(0xC1, SHORT),
    apdu.GetResponseNormal(0xC1, apdu.Refused(3)),
    apdu.GetResponseWithDatablock(0xC1, False, 1, b"\x09\x0c"),
    apdu.SetRequestNormal(0xC1, CLOCK, None, SHORT),
    apdu.SetRequestWithFirstDatablock(0xC1, CLOCK, None, False, 1, b"\x09\x0c"),
    apdu.SetRequestWithDatablock(0xC1, True, 2, b"\0\1"), apdu.SetResponseNormal(0xC1, 3),
    apdu.SetResponseDatablock(0xC1, 1), apdu.ActionRequestNormal(0xC1, METHOD),
    apdu.ActionRequestNormal(0xC1, METHOD, SHORT), apdu.ActionResponseNormal(0xC1, 0, SHORT),
    apdu.ActionResponseNormal(0xC1, 0, apdu.Refused(3)),
    apdu.ReadRequest((apdu.Variable(0xFA08),)), apdu.ReadRequest((apdu.BlockNumberAccess(1),)),
    apdu.ReadResponse((SHORT, apdu.Refused(3))),
    apdu.InformationReportRequest(None, (apdu.Variable(0x100),), (SHORT,)),
    apdu.EventNotificationRequest(None, CLOCK, SHORT), apdu.ExceptionResponse(1, 1),
    DataNotification(1, b"", SHORT),
    AccessRequest(0x40000001, b"", (
        AccessSpecification(Choice.GET, *CLOCK), AccessSpecification(Choice.SET, *CLOCK),
        AccessSpecification(Choice.ACTION, *METHOD)), (NULL, SHORT, SHORT)),
]


@pytest.fixture(scope="module")
def answers() -> dict[str, Any]:
    asked = {"translate": [each.encode().hex().upper() for each in OURS]}
    found = subprocess.run([sys.executable, str(PEER)], input=json.dumps(asked),
                           capture_output=True, text=True, timeout=60, check=True)
    answer: dict[str, Any] = json.loads(found.stdout)
    return answer


def test_what_we_write_is_read_by_the_peer(answers: dict[str, Any]) -> None:
    assert answers["translated"] == [each.encode().hex().upper() for each in OURS]


def test_what_the_peer_writes_is_read_by_us(answers: dict[str, Any]) -> None:
    made = {name: [decode(bytes.fromhex(each)) for each in octets]
            for name, octets in answers["made"].items()}
    assert {name: [each.encode().hex() for each in records]
            for name, records in made.items()} == answers["made"]
    assert made["get"] == [apdu.GetRequestNormal(0xC1, CLOCK)]
    [several] = made["get list"]
    assert several.attributes == (  # type: ignore[attr-defined]
        apdu.Selected(CLOCK), apdu.Selected(SERIAL))
    assert made["set"][0].value == VALUE  # type: ignore[attr-defined]
    assert made["action"][0].method == METHOD  # type: ignore[attr-defined]
    assert made["read"] == [apdu.ReadRequest((apdu.Variable(0x108),))]
    assert made["write"] == [apdu.WriteRequest((apdu.Variable(0x208),), (VALUE,))]
    for name, first in (("set blocks", apdu.SetRequestWithFirstDatablock),
                        ("action blocks", apdu.ActionRequestWithFirstPblock)):
        blocks: list[Any] = made[name]
        assert isinstance(blocks[0], first)
        assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
        assert [block.last for block in blocks] == [False] * (len(blocks) - 1) + [True]
        octets = b"".join(block.raw for block in blocks)
        assert octets[3:] == bytes(range(len(octets) - 3))


def test_associations_of_the_peer_are_read(answers: dict[str, Any]) -> None:
    found: dict[str, Any] = {name: decode(bytes.fromhex(answers["made"][name][0]))
                             for name in answers["made"] if name.startswith("associate")}
    assert {name: (each.context, each.mechanism) for name, each in found.items()} == {
        "associate": (Context.LN, None),
        "associate low": (Context.LN, apdu.mechanism_name(1)),
        "associate high": (Context.LN, apdu.mechanism_name(4)),
        "associate short": (Context.SN, None)}
    assert found["associate low"].authentication_value == b"12345678"
    proposal = decode(found["associate"].user_information)
    assert isinstance(proposal, apdu.InitiateRequest)
    assert {"get", "set", "action", "selective-access"} <= set(
        apdu.conformance_names(proposal.conformance))
    short = decode(found["associate short"].user_information)
    assert isinstance(short, apdu.InitiateRequest)
    assert {"read", "write", "parameterized-access"} <= set(
        apdu.conformance_names(short.conformance))


def test_selections_are_written_as_the_peer_does(answers: dict[str, Any]) -> None:
    ours = apdu.GetRequestNormal(0xC1, PROFILE, by_entry(1, 2))
    assert ours.encode().hex() == answers["made"]["entry"][0]
    found = decode(bytes.fromhex(answers["made"]["range"][0]))
    assert isinstance(found, apdu.GetRequestNormal)
    assert found.selection is not None
    _, first, last, _ = found.selection.parameters.value
    assert found.selection == by_range(first, last, Column(CLOCK))
