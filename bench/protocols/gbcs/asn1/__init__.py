"""ASN.1 DER payloads of the security, HAN and firmware use cases of GBCS, by message code.

Covers CS02a to CS02g, CS03A1, A2, B and C, CS04AC and B, CS06 to CS09, CCS08, GCS28, GCS59, GCS62
and the alerts that tell the outcome of a future dated command. Message codes that the lists of
public decoders do not name, and what the file names of the reference test data set (RTDS 4.5.0)
call them:

* 011B  CS02f: laid out as CS02a; seen reading the credentials of suppliers and load controllers
* 0124  alert to CS02g, laid out as 00CB
* 0125  CS02g LoadControllerByLoadController, laid out as CS02b, replacement mode 10
* 0126  CS02g LoadControllerBySupplier, laid out as CS02b, replacement mode 11
* 012B  CS09, an alert (code 8F8B) laid out as gbcs-parser reads an alert 0129, which RTDS lacks

Messages that others made break two rules of DER: some responses and alerts of RTDS write lengths of
128 to 255 in three octets, and a device in the field writes a default value (a CS02a response in
the tests of gbcs-parser). ``decode`` reads both, and refuses them if asked to be ``strict``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.asn1 import definitions as d
from bench.protocols.gbcs.asn1 import types
from bench.protocols.gbcs.message import Cra

__all__ = ["PAYLOADS", "decode", "encode", "fields", "has_wide_lengths"]

_CS02A = (0x0008, 0x011B)
_CS02B = (*range(0x0100, 0x010A), 0x0125, 0x0126)
_CS03 = (0x000D, 0x000E, 0x00AB, 0x00AF)
_CS04 = (0x000F, 0x0010)

_COMMANDS: dict[int, types.Type] = {
    **dict.fromkeys(_CS02A, d.PROVIDE_CREDENTIALS_COMMAND),
    **dict.fromkeys(_CS02B, d.UPDATE_CREDENTIALS_COMMAND),
    **dict.fromkeys(_CS03, d.JOIN_COMMAND),
    **dict.fromkeys(_CS04, d.ENTITY_IDENTIFIER),
    0x000A: d.ISSUE_CREDENTIALS_COMMAND,
    0x000B: d.CERTIFICATE,
    0x000C: d.PROVIDE_CERTIFICATE_COMMAND,
    0x0012: d.ACTIVATE_FIRMWARE_COMMAND,
    0x0013: d.NULL,
    0x007F: d.SET_TIME_COMMAND,
    0x008C: d.RESTORE_LOG_COMMAND,
    0x0129: d.NULL,
}
_RESPONSES: dict[int, types.Type] = {
    **dict.fromkeys(_CS02A, d.PROVIDE_CREDENTIALS_RESPONSE),
    **dict.fromkeys(_CS02B, d.UPDATE_CREDENTIALS_RESPONSE),
    **dict.fromkeys(_CS03, d.JOIN_RESPONSE_CODE),
    **dict.fromkeys(_CS04, d.UNJOIN_RESPONSE_CODE),
    0x000A: d.ISSUE_CREDENTIALS_RESPONSE,
    0x000B: d.UPDATE_DEVICE_CERTIFICATE_RESPONSE_CODE,
    0x000C: d.PROVIDE_CERTIFICATE_RESPONSE,
    0x0012: d.ACTIVATE_FIRMWARE_RESPONSE,
    0x0013: d.READ_LOG_RESPONSE,
    0x007F: d.SET_TIME_RESPONSE,
    0x008C: d.RESTORE_LOG_RESPONSE,
    0x0129: d.READ_FIRMWARE_RESPONSE,
}
_ALERTS: dict[int, types.Type] = {
    0x00B2: d.BACKUP_LOG_ALERT,
    0x00CA: d.ACTIVATE_FIRMWARE_ALERT,
    0x00CB: d.UPDATE_CREDENTIALS_ALERT,
    0x0124: d.UPDATE_CREDENTIALS_ALERT,
    0x0128: d.TRANSFER_ALERT,
    0x0129: d.ACTIVATION_ALERT,
    0x012B: d.ACTIVATION_ALERT,
}

PAYLOADS: Mapping[tuple[int, Cra], types.Type] = {
    (code, cra): kind
    for cra, table in ((Cra.COMMAND, _COMMANDS), (Cra.RESPONSE, _RESPONSES),
                       (Cra.ALERT, _ALERTS))
    for code, kind in table.items()}


def decode(message_code: int, cra: Cra, payload: bytes, *, strict: bool = False) -> Any:
    """Return the plain value of a payload: see ``types`` for what is plain.

    RemoteProtocolError, with the offset in the payload, if it is not DER or not of the type;
    ``strict`` refuses the two deviations named above as well. LocalProtocolError if the message
    code has no ASN.1 payload.
    """
    kind = _type(message_code, cra)
    value, end = types.read(kind, payload, 0, len(payload))
    if end != len(payload):
        raise RemoteProtocolError(end, "the end of the payload", f"{len(payload) - end} octets")
    if strict and (written := types.write(kind, value)) != payload:
        offset = next(at for at, octet in enumerate(written) if octet != payload[at])
        raise RemoteProtocolError(offset, f"{written[offset]:02X}, as DER has it",
                                  f"{payload[offset]:02X}")
    return value


def encode(message_code: int, cra: Cra, value: Any, *, wide_lengths: bool = False) -> bytes:
    """Return the payload of a plain value, as ``decode`` gives it.

    Members with a default value may be left out; times may have another offset than UTC, and
    octets may be ``bytes``. ``wide_lengths`` writes lengths of 128 to 255 in three octets, as
    some devices do, instead of DER. LocalProtocolError for a value that the type cannot hold.
    """
    return types.write(_type(message_code, cra), value, wide=wide_lengths)


def has_wide_lengths(message_code: int, cra: Cra, payload: bytes) -> bool:
    """Return whether a payload is what ``encode`` writes with ``wide_lengths``, and not DER."""
    value = decode(message_code, cra, payload)
    return (encode(message_code, cra, value) != payload
            == encode(message_code, cra, value, wide_lengths=True))


def fields(message_code: int, cra: Cra) -> dict[str, Any]:
    """Return what a payload is made of, as plain values.

    ``type``, ``name``, and by type ``members`` (each with ``member``, its name, and ``optional``
    or ``default`` where that holds), ``of``, ``names`` (name to number), ``limits`` (inclusive),
    ``octets`` (how many there usually are). LocalProtocolError as for ``decode``.
    """
    return _type(message_code, cra).describe()


def _type(message_code: int, cra: Cra) -> types.Type:
    kind = PAYLOADS.get((message_code, cra))
    if kind is None:
        raise LocalProtocolError(
            f"message code {message_code:04X} has no ASN.1 {cra.name.lower()} payload")
    return kind
