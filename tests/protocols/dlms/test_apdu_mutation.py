"""Wrong APDUs by name: each does what it says, and none leaves the APDU as it was."""

from __future__ import annotations

import pytest
from apdu_strategies import ANY
from hypothesis import given, settings

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.access import AccessRequest
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method, Selection
from bench.protocols.dlms import apdu
from bench.protocols.dlms.apdu import decode
from bench.protocols.dlms.apdu_mutation import (
    MUTATIONS,
    applicable,
    applicable_to,
    mutate,
    spans,
)

CLOCK = Attribute(8, bytes.fromhex("0000010000FF"), 2)
VALUE = Data(Tag.OCTET_STRING, bytes(12))
SELECTED = Selection(1, VALUE)
INITIATE = apdu.InitiateRequest(bytes(16), True, None, 6, apdu.Conformance.GET, 500)
REQUESTS: list[apdu.Apdu] = [
    INITIATE,
    apdu.Aarq(calling_ap_title=bytes(8), acse_requirements="1",
              mechanism=apdu.mechanism_name(5), authentication_value=bytes(16),
              user_information=INITIATE.encode()),
    apdu.Rlrq(reason=0, user_information=INITIATE.encode()),
    apdu.GetRequestNormal(0xC1, CLOCK, SELECTED), apdu.GetRequestNormal(0xC1, CLOCK),
    apdu.GetRequestNext(0xC1, 1),
    apdu.GetRequestWithList(0xC1, (apdu.Selected(CLOCK), apdu.Selected(CLOCK, SELECTED))),
    apdu.SetRequestNormal(0xC1, CLOCK, None, VALUE),
    apdu.SetRequestWithFirstDatablock(0xC1, CLOCK, None, False, 1, bytes(200)),
    apdu.SetRequestWithDatablock(0xC1, True, 2, b"\x01\x02"),
    apdu.SetRequestWithList(0xC1, (apdu.Selected(CLOCK),), (VALUE,)),
    apdu.ActionRequestNormal(0xC1, Method(*CLOCK), VALUE),
    apdu.ActionRequestWithList(0xC1, (Method(*CLOCK),), (VALUE,)),
    apdu.ReadRequest((apdu.Variable(1),)),
    AccessRequest(1, b"", (), ()),
    apdu.ExceptionResponse(1, 1),
]


@pytest.mark.parametrize("request_apdu", REQUESTS, ids=lambda each: type(each).__name__)
def test_a_mutation_does_what_it_says(request_apdu: apdu.Apdu) -> None:
    octets = request_apdu.encode()
    names = applicable_to(octets)
    assert {"empty", "tag-unknown", "truncated-by-one", "trailing-octet"} <= set(names)
    for name in names:
        check(octets, request_apdu, name)


def check(octets: bytes, right: apdu.Apdu, name: str) -> None:
    """What is not sound is refused, what is sound says something else."""
    wrong = mutate(octets, name)
    assert wrong != octets, name
    sound = MUTATIONS[name].sound
    if sound is False:
        with pytest.raises(RemoteProtocolError):
            decode(wrong)
    elif sound:
        assert decode(wrong) != right, name


def test_every_mutation_spoils_some_request() -> None:
    tried = {name for request in REQUESTS for name in applicable_to(request.encode())}
    assert tried == set(MUTATIONS)
    assert len(MUTATIONS) > 90


@settings(deadline=None, max_examples=150)
@given(ANY)
def test_any_apdu_can_be_spoilt(right: apdu.Apdu) -> None:
    octets = right.encode()
    for name in applicable_to(octets):
        check(octets, right, name)


def test_parts_are_found_where_they_are() -> None:
    octets = apdu.GetRequestNormal(0xC1, CLOCK).encode()
    assert {name: octets[span].hex() for name, span in spans(octets).items()} == {
        "apdu": octets.hex(), "tag": "c0", "choice": "01", "invoke": "c1",
        "attribute": "00080000010000ff02", "class_id": "0008", "instance": "0000010000ff",
        "index": "02", "selection": "00"}


def test_what_cannot_be_spoilt_is_our_fault() -> None:
    octets = apdu.GetRequestNext(0xC1, 1).encode()
    with pytest.raises(LocalProtocolError, match="no mutation 'none'"):
        mutate(octets, "none")
    assert not applicable(octets, "index-zero")
    with pytest.raises(LocalProtocolError, match="index-zero changes nothing in GetRequestNext"):
        mutate(octets, "index-zero")
    with pytest.raises(RemoteProtocolError):
        mutate(b"\xC0\x01", "tag-zero")


def test_an_initiate_request_is_spoilt_within_its_aarq() -> None:
    wrong = decode(mutate(REQUESTS[1].encode(), "version-lower"))
    assert isinstance(wrong, apdu.Aarq)
    inner = decode(wrong.user_information or b"")
    assert isinstance(inner, apdu.InitiateRequest)
    assert inner.dlms_version == 5
