"""Hypothesis strategies: any record of an APDU, with any value that its fields can hold."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from bench.protocols.cosem.access import (
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessSpecification,
    Choice,
    DataNotification,
)
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method, Selection
from bench.protocols.dlms import apdu

OCTET = st.integers(0, 0xFF)
U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)
OCTETS = st.one_of(st.binary(max_size=20), st.binary(min_size=120, max_size=140))
INSTANCE = st.binary(min_size=6, max_size=6)
LEAF = st.one_of(
    OCTET.map(lambda value: Data(Tag.UNSIGNED, value)),
    st.integers(-(1 << 31), (1 << 31) - 1).map(lambda value: Data(Tag.DOUBLE_LONG, value)),
    OCTETS.map(lambda value: Data(Tag.OCTET_STRING, value)),
    st.booleans().map(lambda value: Data(Tag.BOOLEAN, value)),
    st.text("01", max_size=20).map(lambda value: Data(Tag.BIT_STRING, value)),
    st.just(Data(Tag.NULL_DATA, None)))
DATA = st.recursive(
    LEAF, lambda inner: st.tuples(
        st.sampled_from([Tag.ARRAY, Tag.STRUCTURE]), st.lists(inner, max_size=4).map(tuple)).map(
            lambda pair: Data(*pair)), max_leaves=8)
ATTRIBUTE = st.builds(Attribute, U16, INSTANCE, OCTET)
METHOD = st.builds(Method, U16, INSTANCE, OCTET)
SELECTION = st.none() | st.builds(Selection, OCTET, DATA)
REFUSED = st.builds(apdu.Refused, OCTET)
RESULT = DATA | REFUSED
TIME = st.none() | st.sampled_from([b"", bytes(12), bytes.fromhex("07E40B1D070F1E2D00FFC400")])


def several(one: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(one, max_size=4).map(tuple)


SELECTED = several(st.builds(apdu.Selected, ATTRIBUTE, SELECTION))
BLOCK = (st.booleans(), U32, OCTETS)
OUTCOME = st.builds(apdu.ActionOutcome, OCTET, st.none() | RESULT)
SPECIFICATION = st.one_of(
    st.builds(apdu.Variable, U16), st.builds(apdu.ParameterizedAccess, U16, OCTET, DATA),
    st.builds(apdu.BlockNumberAccess, U16),
    st.builds(apdu.ReadDataBlockAccess, st.booleans(), U16, OCTETS),
    st.builds(apdu.WriteDataBlockAccess, st.booleans(), U16))
BLOCK_NUMBER = st.builds(apdu.BlockNumber, U16)
READ_RESULT = st.one_of(
    DATA, REFUSED, st.builds(apdu.DataBlockResult, st.booleans(), U16, OCTETS), BLOCK_NUMBER)
WRITE_RESULT = st.none() | REFUSED | BLOCK_NUMBER
CONFORMANCE = st.integers(0, 0xFFFFFF).map(apdu.Conformance)
QUALITY = st.none() | st.integers(-128, 127)

SERVICES: dict[type, st.SearchStrategy[Any]] = {
    record: st.builds(record, *fields) for record, fields in {
        apdu.InitiateRequest: (st.none() | OCTETS, st.booleans(), QUALITY, OCTET, CONFORMANCE,
                               U16),
        apdu.InitiateResponse: (QUALITY, OCTET, CONFORMANCE, U16, U16),
        apdu.GetRequestNormal: (OCTET, ATTRIBUTE, SELECTION),
        apdu.GetRequestNext: (OCTET, U32),
        apdu.GetRequestWithList: (OCTET, SELECTED),
        apdu.GetResponseNormal: (OCTET, RESULT),
        apdu.GetResponseWithDatablock: (OCTET, st.booleans(), U32, OCTETS | REFUSED),
        apdu.GetResponseWithList: (OCTET, several(RESULT)),
        apdu.SetRequestNormal: (OCTET, ATTRIBUTE, SELECTION, DATA),
        apdu.SetRequestWithFirstDatablock: (OCTET, ATTRIBUTE, SELECTION, *BLOCK),
        apdu.SetRequestWithDatablock: (OCTET, *BLOCK),
        apdu.SetRequestWithList: (OCTET, SELECTED, several(DATA)),
        apdu.SetRequestWithListAndFirstDatablock: (OCTET, SELECTED, *BLOCK),
        apdu.SetResponseNormal: (OCTET, OCTET),
        apdu.SetResponseDatablock: (OCTET, U32),
        apdu.SetResponseLastDatablock: (OCTET, OCTET, U32),
        apdu.SetResponseLastDatablockWithList: (OCTET, several(OCTET), U32),
        apdu.SetResponseWithList: (OCTET, several(OCTET)),
        apdu.ActionRequestNormal: (OCTET, METHOD, st.none() | DATA),
        apdu.ActionRequestNextPblock: (OCTET, U32),
        apdu.ActionRequestWithList: (OCTET, several(METHOD), several(DATA)),
        apdu.ActionRequestWithFirstPblock: (OCTET, METHOD, *BLOCK),
        apdu.ActionRequestWithListAndFirstPblock: (OCTET, several(METHOD), *BLOCK),
        apdu.ActionRequestWithPblock: (OCTET, *BLOCK),
        apdu.ActionResponseNormal: (OCTET, OCTET, st.none() | RESULT),
        apdu.ActionResponseWithPblock: (OCTET, *BLOCK),
        apdu.ActionResponseWithList: (OCTET, several(OUTCOME)),
        apdu.ActionResponseNextPblock: (OCTET, U32),
        apdu.ReadRequest: (several(SPECIFICATION),),
        apdu.ReadResponse: (several(READ_RESULT),),
        apdu.WriteRequest: (several(SPECIFICATION), several(DATA)),
        apdu.WriteResponse: (several(WRITE_RESULT),),
        apdu.UnconfirmedWriteRequest: (several(SPECIFICATION), several(DATA)),
        apdu.InformationReportRequest: (st.none() | OCTETS, several(SPECIFICATION),
                                        several(DATA)),
        apdu.EventNotificationRequest: (TIME, ATTRIBUTE, DATA),
        apdu.ConfirmedServiceError: (OCTET, OCTET, OCTET),
    }.items()}
"""The records that declare a form."""

_STRING = st.none() | OCTETS
_NUMBER = st.none() | st.integers(-(1 << 40), 1 << 40)
_BITS = st.none() | st.text("01", max_size=20)
_NAME = st.lists(st.integers(0, 1 << 40), max_size=6).map(
    lambda rest: ".".join(map(str, (2, 16, *rest))))
_COMMON = {
    "context": _NAME, "protocol_version": _BITS, "acse_requirements": _BITS,
    "mechanism": st.none() | _NAME, "authentication_value": _STRING,
    "implementation_information": _STRING, "user_information": _STRING}
_QUALIFIED = {"ap_title": _STRING, "ae_qualifier": _STRING, "ap_invocation_id": _NUMBER,
              "ae_invocation_id": _NUMBER}


def _parties(*names: str) -> dict[str, st.SearchStrategy[Any]]:
    return {f"{name}_{field}": values for name in names for field, values in _QUALIFIED.items()}


ACSE: dict[type, st.SearchStrategy[Any]] = {
    apdu.Aarq: st.builds(apdu.Aarq, **_COMMON, **_parties("called", "calling")),
    apdu.Aare: st.builds(
        apdu.Aare, **_COMMON, **_parties("responding"), result=st.integers(-1, 300),
        diagnostic=st.builds(apdu.Diagnostic, st.sampled_from([1, 2]), st.integers(-1, 300))),
    apdu.Rlrq: st.builds(apdu.Rlrq, reason=_NUMBER, user_information=_STRING),
    apdu.Rlre: st.builds(apdu.Rlre, reason=_NUMBER, user_information=_STRING),
}
_PLACE = (U16, INSTANCE, OCTET)
_ACCESS = st.one_of(
    st.tuples(st.sampled_from([Choice.GET, Choice.SET, Choice.ACTION]), *_PLACE),
    st.tuples(st.sampled_from([Choice.GET_WITH_SELECTION, Choice.SET_WITH_SELECTION]),
              *_PLACE, OCTET, DATA)).map(lambda fields: AccessSpecification(*fields))
_HEAD = (U32, st.sampled_from([b"", bytes(12)]))
_PAIRS = st.lists(st.tuples(_ACCESS, DATA), max_size=4)
_RESULTS = st.lists(st.tuples(
    DATA, st.builds(AccessResult, st.sampled_from(Choice), OCTET)), max_size=4)
OTHERS: dict[type, st.SearchStrategy[Any]] = {
    apdu.ExceptionResponse: st.one_of(
        st.builds(apdu.ExceptionResponse, OCTET, OCTET.filter(lambda code: code != 6)),
        st.builds(apdu.ExceptionResponse, OCTET, st.just(6), U32)),
    apdu.GeneralBlock: st.builds(
        apdu.GeneralBlock, U16, U16, OCTETS, st.booleans(), st.booleans(), st.integers(0, 63)),
    AccessRequest: st.builds(
        lambda head, pairs: AccessRequest(*head, tuple(pair[0] for pair in pairs),
                                          tuple(pair[1] for pair in pairs)),
        st.tuples(*_HEAD), _PAIRS),
    AccessResponse: st.builds(
        lambda head, repeated, pairs: AccessResponse(
            *head, repeated, tuple(pair[0] for pair in pairs),
            tuple(pair[1] for pair in pairs)),
        st.tuples(*_HEAD), several(_ACCESS), _RESULTS),
    DataNotification: st.builds(DataNotification, *_HEAD, DATA),
}
EACH: dict[type, st.SearchStrategy[Any]] = SERVICES | ACSE | OTHERS
ANY = st.one_of(*EACH.values())
