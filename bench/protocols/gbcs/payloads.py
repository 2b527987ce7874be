"""One door over all payload kinds: commands built from named values, messages read into them.

DLMS by the mapping rows of the use case (:mod:`.commands`), ZigBee by its templates
(:mod:`.gbz_commands`), ASN.1 by its types (:mod:`.asn1`). Which kind a message has is told by its
octets and its message code. Unknown message and alert codes are read as far as their form goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import access
from bench.protocols.gbcs import (
    asn1,
    asn1_reading,
    commands,
    dlms_reading,
    gbz,
    gbz_commands,
    gbz_reading,
    use_cases,
)
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.readings import Reading, Value
from bench.protocols.gbcs.use_cases import UseCase

__all__ = ["ANSWERS", "Reading", "Value", "build", "command_values", "payload_kind", "plain",
           "read"]

DLMS, GBZ, ASN_1 = "DLMS", "GBZ", "ASN.1"
_EMPTY = "empty"
_DLMS_KINDS: Mapping[int, str] = {
    access.ACCESS_REQUEST: "AccessRequest", access.ACCESS_RESPONSE: "AccessResponse",
    access.DATA_NOTIFICATION: "DataNotification"}
ANSWERS: Mapping[str, str] = {"AccessRequest": "AccessResponse", GBZ: GBZ, ASN_1: ASN_1}
"""Kind of a command's payload -> kind of its response's."""
_NO_KEYS = KeyStore()


def payload_kind(payload: bytes) -> str:
    """Return AccessRequest, AccessResponse, DataNotification, GBZ, ASN.1 or empty."""
    if not payload:
        return _EMPTY
    if payload.startswith(gbz.PROFILE):
        return GBZ
    return _DLMS_KINDS.get(payload[0], ASN_1)


def build(
    use_case_id: str, values: Mapping[str, Any] | None = None, *, counter: int = 0,
    originator: bytes = bytes(8), recipient: bytes = bytes(8), issued: datetime | None = None,
    beyond_limits: bool = False,
) -> bytes:
    """Return the payload of a command; without ``values`` one with lawful defaults.

    ``values`` are named as :func:`.explain.parameters` lists them. ``counter`` (the originator
    counter), ``originator`` (who reads the answer) and ``recipient`` (the device) go into payloads
    that repeat them; ``issued`` is when the command is made, for the ids that ZigBee commands take
    from it. Checked against the use case's table: names, types, ranges, lengths, numbers
    of elements, constants; and, unless ``beyond_limits``, the limits of a service request (DUIS).
    LocalProtocolError names the row, what is allowed and what was found.
    """
    use_case = use_cases.use_case(use_case_id)
    if not use_case.is_command:
        title = f" ({use_case.title})" if use_case.title else ""
        raise LocalProtocolError(f"{use_case.id}{title} is not a command")
    given = _nested(use_case, values or {})
    if use_case.protocol == DLMS:
        return commands.build_command(
            use_case.id, given, counter=counter, originator=originator, recipient=recipient,
            beyond_limits=beyond_limits).encode()
    if use_case.protocol == ASN_1:
        return asn1_reading.build_command(use_case, given, counter)
    return gbz_commands.build(use_case.id, given, issued=issued or 0).encode()


def read(
    message: Message, keys: KeyStore | None = None, request: Message | None = None, *,
    use_case_id: str = "",
) -> Reading:
    """Return what the payload of ``message`` says.

    ``keys`` open what is encrypted. ``request``, the command that a response answers, tells what
    was asked for. ``use_case_id`` reads it by another use case than that of its message code.
    RemoteProtocolError if the payload is not of its kind.
    """
    use_case = use_cases.USE_CASES.get(use_case_id) or _known(message.message_code)
    kind = payload_kind(message.payload)
    if kind == _EMPTY:
        return Reading(_EMPTY, use_cases.name_of(message.message_code))
    if (message.message_code, message.cra) in asn1.PAYLOADS or kind == ASN_1:
        return asn1_reading.read(message, use_case)
    reader = gbz_reading.read if kind == GBZ else dlms_reading.read
    return reader(message, use_case, keys or _NO_KEYS, request)


def plain(message: Message, keys: KeyStore | None = None) -> Any:
    """Return the payload as plain JSON values in the form of its kind; ``None`` if it is empty.

    Octets as text where no type of the message code is known. RemoteProtocolError as
    :func:`read`.
    """
    kind = payload_kind(message.payload)
    if kind == _EMPTY:
        return None
    if kind == GBZ:
        return gbz.plain(gbz.decode(message.payload), message, keys)
    if (message.message_code, message.cra) in asn1.PAYLOADS:
        return asn1.decode(message.message_code, message.cra, message.payload)
    if kind == ASN_1:
        return message.payload.hex().upper()
    return access.plain(access.decode_payload(message.payload))


def command_values(message: Message) -> dict[str, Any]:
    """Return the values with which :func:`build` makes the payload of a command again.

    RemoteProtocolError if it is not the command of its message code, LocalProtocolError if no
    table has the code.
    """
    use_case = use_cases.use_case(message.message_code)
    if message.cra is not Cra.COMMAND:
        raise LocalProtocolError(f"a {message.cra.name.lower()} of {use_case.id} is not a command")
    if use_case.protocol == DLMS:
        return dlms_reading.command_values(message, use_case.id)
    if use_case.protocol == ASN_1:
        return asn1_reading.command_values(message)
    try:
        return gbz_commands.values_of(use_case.id, gbz.decode(message.payload))
    except LocalProtocolError as wrong:
        raise RemoteProtocolError(0, f"a command of {use_case.id}", str(wrong)) from None


def _nested(use_case: UseCase, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``values`` with ``Command.field`` put into its GBZ command, times made text."""
    if use_case.protocol == DLMS:
        return dict(values)
    if use_case.protocol == ASN_1:
        return {name: _as_text(value) for name, value in values.items()}
    nested = dict(values)
    known = gbz_commands.keys_of(use_case.id)
    for name in values:
        command, dot, field = name.rpartition(".")
        if dot and name not in known and command in known:
            value = nested.pop(name)
            whole = nested.get(command, {})
            nested[command] = {**whole, field: value} if isinstance(whole, Mapping) else whole
    return nested


def _as_text(value: Any) -> Any:
    if type(value) is str:
        return value
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
    if isinstance(value, Mapping):
        return {name: _as_text(item) for name, item in value.items()}
    return [_as_text(item) for item in value] if isinstance(value, list) else value


def _known(code: int) -> UseCase | None:
    return use_cases.by_code(code) or use_cases.other_code(code)
