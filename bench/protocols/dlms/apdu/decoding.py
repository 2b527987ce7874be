"""From octets to the record of an APDU: by its tag, then by the choice within its service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import error as struct_error
from typing import Any

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.access import (
    ACCESS_REQUEST,
    ACCESS_RESPONSE,
    DATA_NOTIFICATION,
    decode_payload,
)
from bench.protocols.dlms.apdu import acse, action, get, initiate, notices, short_names
from bench.protocols.dlms.apdu import set as setting
from bench.protocols.dlms.apdu.form import Apdu, Service
from bench.protocols.dlms.apdu.general_block import TAG as GENERAL_BLOCK
from bench.protocols.dlms.apdu.general_block import GeneralBlock

_Read = Callable[[bytes], tuple[Any, int]]


def decode(octets: bytes) -> Apdu:
    """Return the APDU that ``octets`` are, all of them, or raise RemoteProtocolError."""
    try:
        tag = octets[0]
        reader = _READERS.get(tag)
        if reader is None:
            choices = _CHOICES.get(tag)
            if choices is None:
                raise RemoteProtocolError(0, "the tag of an APDU that is not ciphered",
                                          f"{tag:02X}")
            reader = choices.get(octets[1])
            if reader is None:
                raise RemoteProtocolError(
                    1, "one of " + ", ".join(f"{choice:02X}" for choice in choices),
                    f"{octets[1]:02X}")
        record, end = reader(octets)
    except (IndexError, struct_error):
        raise RemoteProtocolError(len(octets), "more octets", "the end") from None
    if end != len(octets):
        raise RemoteProtocolError(end, "the end of the APDU", f"{len(octets) - end} octets more")
    found: Apdu = record
    return found


def _read_payload(octets: bytes) -> tuple[Apdu, int]:
    return decode_payload(octets), len(octets)


SERVICES: tuple[type[Service], ...] = (
    initiate.InitiateRequest, initiate.InitiateResponse,
    get.GetRequestNormal, get.GetRequestNext, get.GetRequestWithList,
    get.GetResponseNormal, get.GetResponseWithDatablock, get.GetResponseWithList,
    setting.SetRequestNormal, setting.SetRequestWithFirstDatablock,
    setting.SetRequestWithDatablock, setting.SetRequestWithList,
    setting.SetRequestWithListAndFirstDatablock,
    setting.SetResponseNormal, setting.SetResponseDatablock, setting.SetResponseLastDatablock,
    setting.SetResponseLastDatablockWithList, setting.SetResponseWithList,
    action.ActionRequestNormal, action.ActionRequestNextPblock, action.ActionRequestWithList,
    action.ActionRequestWithFirstPblock, action.ActionRequestWithListAndFirstPblock,
    action.ActionRequestWithPblock,
    action.ActionResponseNormal, action.ActionResponseWithPblock, action.ActionResponseWithList,
    action.ActionResponseNextPblock,
    short_names.ReadRequest, short_names.ReadResponse, short_names.WriteRequest,
    short_names.WriteResponse, short_names.UnconfirmedWriteRequest,
    short_names.InformationReportRequest,
    notices.EventNotificationRequest, notices.ConfirmedServiceError,
)
"""The records that declare a form."""

_READERS: Mapping[int, _Read] = {
    **{each.tag: each.read for each in (acse.Aarq, acse.Aare, acse.Rlrq, acse.Rlre)},
    **{each.form.head[0]: each.read for each in SERVICES if len(each.form.head) == 1},
    0xD8: notices.ExceptionResponse.read,
    GENERAL_BLOCK: GeneralBlock.read,
    **dict.fromkeys((ACCESS_REQUEST, ACCESS_RESPONSE, DATA_NOTIFICATION), _read_payload),
}
_CHOICES: Mapping[int, dict[int, _Read]] = {
    tag: {each.form.head[1]: each.read for each in SERVICES
          if len(each.form.head) == 2 and each.form.head[0] == tag}
    for tag in {each.form.head[0] for each in SERVICES if len(each.form.head) == 2}}
