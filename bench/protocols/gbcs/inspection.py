"""One message as a plain record: what it is, what it holds, whether its protection holds.

Nothing of a record is an error that stops: an unknown message or alert code is shown as its
number, payloads that are not DLMS (ZigBee, ASN.1) as their octets.
"""

from __future__ import annotations

from typing import Any

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.access import (
    ACCESS_REQUEST,
    ACCESS_RESPONSE,
    DATA_NOTIFICATION,
    AccessResponse,
    DataNotification,
    Payload,
    decode_payload,
)
from bench.protocols.cosem.access import plain as plain_payload
from bench.protocols.cosem.data import Data, Tag, plain
from bench.protocols.gbcs import events, sensitive, use_cases
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message, parse
from bench.protocols.gbcs.protection import Protection, check

KEPT, BROKEN, PRE_COMMAND = "kept", "broken", "pre-command"

_DLMS = {ACCESS_REQUEST: "AccessRequest", ACCESS_RESPONSE: "AccessResponse",
         DATA_NOTIFICATION: "DataNotification"}
_ZIGBEE_PROFILE = bytes.fromhex("0109")
_CRITICAL = "SME.C.C"


def payload_kind(payload: bytes) -> str:
    """Return AccessRequest, AccessResponse, DataNotification, GBZ, ASN.1 or empty."""
    if not payload:
        return "empty"
    if payload.startswith(_ZIGBEE_PROFILE):
        return "GBZ"
    return _DLMS.get(payload[0], "ASN.1")


def describe(octets: bytes, keys: KeyStore) -> dict[str, Any]:
    """Return the record of one message, plain JSON values.

    ``problem`` is empty, or says what makes the message invalid; a message that cannot be read
    has only ``problem`` and its ``octets``.
    """
    try:
        message = parse(octets)
    except RemoteProtocolError as wrong:
        return {"problem": str(wrong), "octets": octets.hex().upper()}
    protection = check(message, keys)
    kind = payload_kind(message.payload)
    record: dict[str, Any] = {
        "message_code": f"{message.message_code:04X}",
        "use_case": use_cases.name_of(message.message_code),
        "cra": message.cra.name.lower(),
        "originator": message.originator.hex().upper(),
        "recipient": message.recipient.hex().upper(),
        "counter": message.originator_counter,
        "date_time": message.date_time.hex().upper(),
        "payload_kind": kind,
        "payload": message.payload.hex().upper(),
        "signature": str(protection.signature),
        "mac": str(protection.mac),
        "category": protection.category,
        "protection": protection.rule,
        "rule": _rule(message, protection),
    }
    if message.supplementary_remote_party is not None:
        record["supplementary_remote_party"] = message.supplementary_remote_party.hex().upper()
    problem = protection.reason if protection.invalid and record["rule"] != PRE_COMMAND else ""
    note = "" if problem else protection.reason
    try:
        if kind in _DLMS.values():
            record |= _decoded(message, keys)
    except RemoteProtocolError as wrong:
        problem = "; ".join(filter(None, (problem, f"payload: {wrong}")))
    return record | {"note": note, "problem": problem}


def alert_code(payload: Payload) -> int | None:
    """Return the alert code that a notification opens with, or ``None``."""
    if isinstance(payload, DataNotification) and payload.body.tag == Tag.STRUCTURE:
        first = next(iter(payload.body.value), None)
        if first is not None and first.tag == Tag.LONG_UNSIGNED:
            return int(first.value)
    return None


def opened(payload: Payload, message: Message, keys: KeyStore) -> list[Any]:
    """Return the sensitive attributes in ``payload``, decrypted and plain, as far as keys allow.

    One list for each protected structure; RemoteProtocolError if one is not authentic.
    """
    found = (sensitive.unseal(data, message, keys) for data in _sealed(payload))
    return [[plain(value) for value in values] for values in found if values is not None]


def _decoded(message: Message, keys: KeyStore) -> dict[str, Any]:
    payload = decode_payload(message.payload)
    record: dict[str, Any] = {"payload": plain_payload(payload)}
    code = alert_code(payload)
    if code is not None:
        record |= {"alert_code": f"{code:04X}", "alert": events.name_of(code)}
    decrypted = opened(payload, message, keys)
    return record | {"decrypted": decrypted} if decrypted else record


def _sealed(payload: Payload) -> list[Data]:
    if isinstance(payload, AccessResponse):
        return [data for data in payload.data if sensitive.is_sealed(data)]
    if isinstance(payload, DataNotification) and payload.body.tag == Tag.STRUCTURE:
        body = payload.body.value
        inner = [data for data in body if sensitive.is_sealed(data)]
        # an alert puts the two parts behind its code and time, without a structure of their own
        loose = Data(Tag.STRUCTURE, tuple(body[-2:]))
        return inner or ([loose] if sensitive.is_sealed(loose) else [])
    return []


def _rule(message: Message, protection: Protection) -> str:
    if message.pre_command and protection.category == _CRITICAL:
        return PRE_COMMAND
    return KEPT if protection.rule_kept else BROKEN
