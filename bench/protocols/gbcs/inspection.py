"""One message as a plain record: what it is, what it holds, whether its protection holds.

Nothing of a record is an error that stops: an unknown message or alert code is shown as its
number, an ASN.1 payload of an unknown message code as its octets.
"""

from __future__ import annotations

from typing import Any

from bench.errors import RemoteProtocolError
from bench.protocols.gbcs import payloads, use_cases
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message, parse
from bench.protocols.gbcs.payloads import payload_kind
from bench.protocols.gbcs.protection import Protection, check

__all__ = ["BROKEN", "KEPT", "PRE_COMMAND", "describe", "payload_kind"]

KEPT, BROKEN, PRE_COMMAND = "kept", "broken", "pre-command"

_CRITICAL = "SME.C.C"


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
        record |= _decoded(message, keys)
    except RemoteProtocolError as wrong:
        problem = "; ".join(filter(None, (problem, f"payload: {wrong}")))
    return record | {"note": note, "problem": problem}


def _decoded(message: Message, keys: KeyStore) -> dict[str, Any]:
    record: dict[str, Any] = {}
    if message.payload:
        record["payload"] = payloads.plain(message)
    reading = payloads.read(message, keys)
    if reading.alert_code is not None:
        record |= {"alert_code": f"{reading.alert_code:04X}", "alert": reading.alert}
    if reading.decrypted:
        record["decrypted"] = reading.plain_values()
    return record


def _rule(message: Message, protection: Protection) -> str:
    if message.pre_command and protection.category == _CRITICAL:
        return PRE_COMMAND
    return KEPT if protection.rule_kept else BROKEN
