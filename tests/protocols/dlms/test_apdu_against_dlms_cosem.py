"""APDUs against a library that others wrote (dlms-cosem 21.3.2, MIT), and its samples."""

from __future__ import annotations

import ast
import importlib.metadata
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from apdu_strategies import LEAF
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import BenchError
from bench.protocols.cosem.data import encode
from bench.protocols.cosem.reference import Attribute, Method, Selection
from bench.protocols.cosem.selective_access import CLOCK, Column, by_range
from bench.protocols.dlms import apdu
from bench.protocols.dlms.apdu import Conformance, decode

acse = pytest.importorskip("dlms_cosem.protocol.acse", reason="dlms-cosem is not installed")
xdlms = pytest.importorskip("dlms_cosem.protocol.xdlms")
get = pytest.importorskip("dlms_cosem.protocol.xdlms.get")
action = pytest.importorskip("dlms_cosem.protocol.xdlms.action")
enumerations = pytest.importorskip("dlms_cosem.enumerations")

INVOKE = st.sampled_from([0x01, 0x41, 0x81, 0xC1, 0xC7, 0xCF])
CLASSES = st.sampled_from([1, 3, 7, 8, 15, 18, 70])
ATTRIBUTES = st.builds(Attribute, CLASSES, st.binary(min_size=6, max_size=6), st.integers(1, 20))
METHODS = st.builds(Method, CLASSES, st.binary(min_size=6, max_size=6), st.integers(1, 20))
KNOWN_BITS = sum(bit for bit in Conformance if bit not in (
    Conformance.RESERVED_0, Conformance.RESERVED_7, Conformance.READ, Conformance.WRITE,
    Conformance.UNCONFIRMED_WRITE, Conformance.INFORMATION_REPORT,
    Conformance.PARAMETERIZED_ACCESS))  # the library is for logical names only
BLOCKS = st.integers(0, KNOWN_BITS).map(lambda bits: Conformance(bits & KNOWN_BITS))
KEY = st.none() | st.binary(min_size=16, max_size=16)
PROPOSALS = BLOCKS.map(lambda block: Conformance(block & 0xFFFF))  # its reader drops the rest
PDU = st.integers(0, 0xFFFF)
NAME = st.none() | st.binary(min_size=8, max_size=8)


def same(reader: Any, sent: apdu.Apdu, *, writes: bool = True) -> Any:
    """Return what the library reads; it must write it back octet for octet, and so must we."""
    octets = sent.encode()
    read = reader.from_bytes(octets)
    assert not writes or bytes(read.to_bytes()) == octets
    assert decode(octets) == sent
    return read


def samples() -> Iterator[bytes]:
    """Yield every octet string in the library's own tests, where they are installed."""
    for file in importlib.metadata.files("dlms-cosem") or ():
        if file.parts[0] == "tests" and file.suffix == ".py":
            for node in ast.walk(ast.parse(Path(str(file.locate())).read_text())):
                value = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
                if isinstance(value, str):
                    try:
                        value = bytes.fromhex(value)
                    except ValueError:
                        continue
                if isinstance(value, bytes) and value:
                    yield value


def test_the_octets_of_its_tests_are_read_and_written_back() -> None:
    found: Counter[str] = Counter()
    for octets in samples():
        try:
            read = decode(octets)
        except BenchError:
            continue  # keys, frames, ciphered APDUs, and what its readers must refuse
        assert read.encode() == octets
        found[type(read).__name__] += 1
    if not found:
        pytest.skip("the tests of dlms-cosem are not installed")
    assert found["Aare"] >= 9
    assert found["Aarq"] >= 10
    assert found["GetResponseWithDatablock"] >= 12
    assert sum(found.values()) >= 85
    assert len(found) >= 16


@settings(deadline=None)
@given(PROPOSALS, PDU, KEY, st.booleans())
def test_a_proposal_is_read_alike(block: Conformance, pdu: int, key: bytes | None,
                                  response: bool) -> None:
    sent = apdu.InitiateRequest(key, response, None, 6, block, pdu)
    read = xdlms.InitiateRequest.from_bytes(sent.encode())
    assert (read.client_max_receive_pdu_size, read.dedicated_key) == (pdu, key)
    for name in ("get", "set", "action", "selective_access", "access"):
        bit = Conformance[name.upper()]
        assert getattr(read.proposed_conformance, name) == bool(block & bit)
    assert int.from_bytes(read.proposed_conformance.to_bytes(), "big") == block


@settings(deadline=None)
@given(BLOCKS, PDU)
def test_a_grant_is_read_alike(block: Conformance, pdu: int) -> None:
    same(xdlms.InitiateResponse, apdu.InitiateResponse(None, 6, block, pdu, 7))


@settings(deadline=None)
@given(st.sampled_from([apdu.Context.LN, apdu.Context.LN_CIPHERED]), NAME,
       st.sampled_from([None, 1, 2, 3, 4, 5, 6, 7]), st.binary(min_size=8, max_size=64), PROPOSALS)
def test_a_request_for_association_is_read_alike(
    context: str, title: bytes | None, mechanism: int | None, value: bytes, block: Conformance,
) -> None:
    sent = apdu.Aarq(
        context=context, calling_ap_title=title,
        acse_requirements=None if mechanism is None else "1",
        mechanism=None if mechanism is None else apdu.mechanism_name(mechanism),
        authentication_value=None if mechanism is None else value,
        user_information=apdu.InitiateRequest(None, True, None, 6, block, 0xFFFF).encode())
    read = same(acse.ApplicationAssociationRequest, sent)
    assert (read.system_title, read.ciphered) == (title, context == apdu.Context.LN_CIPHERED)
    assert read.authentication_value == sent.authentication_value
    assert read.authentication == (
        None if mechanism is None else enumerations.AuthenticationMechanism(mechanism))


@settings(deadline=None)
@given(st.sampled_from([(0, 0), (0, 14), (1, 1), (1, 2), (1, 13), (2, 1)]), NAME, NAME, BLOCKS)
def test_an_answer_to_it_is_read_alike(outcome: tuple[int, int], title: bytes | None,
                                       challenge: bytes | None, block: Conformance) -> None:
    result, code = outcome
    sent = apdu.Aare(
        context=apdu.Context.LN_CIPHERED, result=result, diagnostic=apdu.Diagnostic(1, code),
        responding_ap_title=title, acse_requirements=None if challenge is None else "1",
        mechanism=None if challenge is None else apdu.mechanism_name(5),
        authentication_value=challenge,
        user_information=apdu.InitiateResponse(None, 6, block, 500, 7).encode())
    read = same(acse.ApplicationAssociationResponse, sent)
    assert (read.result, read.result_source_diagnostics) == outcome
    assert (read.system_title, read.authentication_value) == (title, challenge)


@pytest.mark.parametrize(("theirs", "ours"), [
    ("ReleaseRequest", apdu.Rlrq), ("ReleaseResponse", apdu.Rlre)])
@pytest.mark.parametrize("reason", [0, 1, 30])
def test_a_release_is_read_alike(theirs: str, ours: Any, reason: int) -> None:
    read = same(getattr(acse, theirs), ours(reason=reason))
    assert read.reason == reason


@settings(deadline=None)
@given(INVOKE, ATTRIBUTES, METHODS, LEAF, st.integers(0, 0xFFFFFFFF))
def test_requests_are_read_alike(invoke: int, attribute: Attribute, method: Method, value: Any,
                                 number: int) -> None:
    read = same(xdlms.GetRequestNormal, apdu.GetRequestNormal(invoke, attribute))
    assert read.cosem_attribute.attribute == attribute.index
    assert read.cosem_attribute.instance.to_bytes() == attribute.instance
    assert read.invoke_id_and_priority.to_bytes() == bytes((invoke,))
    assert same(xdlms.GetRequestNext, apdu.GetRequestNext(invoke, number)).block_number == number
    octets = encode(value)
    written = same(xdlms.SetRequestNormal, apdu.SetRequestNormal(invoke, attribute, None, value))
    assert written.data == octets
    acted = same(action.ActionRequestNormal, apdu.ActionRequestNormal(invoke, method, value))
    assert acted.data == octets


@settings(deadline=None)
@given(INVOKE, LEAF, st.booleans(), st.integers(0, 0xFFFFFFFF))
def test_responses_are_read_alike(invoke: int, value: Any, last: bool, number: int) -> None:
    octets = encode(value)
    normal = same(get.GetResponseNormal, apdu.GetResponseNormal(invoke, value), writes=False)
    assert normal.data == octets
    kind = get.GetResponseLastBlock if last else get.GetResponseWithBlock
    block = same(kind, apdu.GetResponseWithDatablock(invoke, last, number, octets))
    assert (block.data, block.block_number) == (octets, number)
    acted = same(action.ActionResponseNormalWithData,
                 apdu.ActionResponseNormal(invoke, 0, value))
    assert acted.data == octets
    for code in (1, 3, 4, 250):
        refused = apdu.Refused(code)
        same(get.GetResponseNormalWithError, apdu.GetResponseNormal(invoke, refused))
        same(xdlms.SetResponseNormal, apdu.SetResponseNormal(invoke, code))
        same(action.ActionResponseNormal, apdu.ActionResponseNormal(invoke, code))
        same(action.ActionResponseNormalWithError,
             apdu.ActionResponseNormal(invoke, code, refused))


@pytest.mark.parametrize("sent", [
    apdu.ExceptionResponse(1, 1), apdu.ExceptionResponse(2, 2), apdu.ExceptionResponse(1, 6, 77)])
def test_exceptions_are_read_alike(sent: apdu.ExceptionResponse) -> None:
    read = same(xdlms.ExceptionResponse, sent, writes=sent.expected_counter is None)
    assert (read.state_error, read.service_error) == (sent.state_error, sent.service_error)
    assert read.invocation_counter_data == sent.expected_counter


def test_rows_of_a_profile_are_selected_alike() -> None:
    datetime = pytest.importorskip("datetime").datetime
    zone = pytest.importorskip("datetime").timezone.utc
    cosem = pytest.importorskip("dlms_cosem.cosem")
    selective = pytest.importorskip("dlms_cosem.protocol.xdlms.selective_access")
    clock = cosem.CosemAttribute(enumerations.CosemInterface.CLOCK,
                                 cosem.Obis(0, 0, 1, 0, 0, 255), 2)
    theirs = selective.RangeDescriptor(
        selective.CaptureObject(clock), datetime(2020, 1, 1, tzinfo=zone),
        datetime(2020, 1, 2, tzinfo=zone))
    first, last = theirs_between(theirs.to_bytes())
    ours = by_range(first, last, Column(CLOCK))
    octets = apdu.GetRequestNormal(0xC1, CLOCK, ours).encode()
    assert octets.endswith(b"\x01" + theirs.to_bytes())


def theirs_between(octets: bytes) -> tuple[Any, Any]:
    """Return the two ends of a range that the library wrote."""
    sent = apdu.GetRequestNormal(1, CLOCK).encode()[:-1] + b"\x01" + octets
    selection = decode(sent).selection  # type: ignore[attr-defined]
    assert isinstance(selection, Selection)
    return selection.parameters.value[1], selection.parameters.value[2]
