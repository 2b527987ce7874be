"""The ZigBee cluster library frame and its general commands (ZCL 075123).

A frame is frame control, the manufacturer code where its bit is set, sequence number, command id
and payload. :func:`fields_of` gives the payload as plain values by name, :func:`payload_of` makes
it from them. A cluster, command or attribute that no table has is no error: its number stands as
``0x1234``, the payload of such a command as hex text under ``octets``. Left out: the structured
reads and writes 0E to 10, whose payload is given in that way too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.zigbee import data_types, general
from bench.protocols.zigbee.clusters import Command, cluster_of, read_fields, write_fields
from bench.protocols.zigbee.general import GENERAL_COMMANDS

GENERAL, CLUSTER_SPECIFIC = 0, 1
OCTETS = "octets"  # the payload of a command whose fields are not known

_MANUFACTURER_SPECIFIC, _TO_CLIENT, _DISABLE_DEFAULT_RESPONSE = 0x04, 0x08, 0x10


class Frame(NamedTuple):
    """One frame; ``payload`` is what stands behind the command id."""

    frame_control: int
    sequence: int
    command: int
    payload: bytes = b""
    manufacturer_code: int | None = None

    @property
    def frame_type(self) -> int:
        """0 general, 1 specific to the cluster; 2 and 3 are reserved."""
        return self.frame_control & 3

    @property
    def to_client(self) -> bool:
        """True where the server side of the cluster sends."""
        return bool(self.frame_control & _TO_CLIENT)

    @property
    def disable_default_response(self) -> bool:
        """True where a default response is wanted only for an error."""
        return bool(self.frame_control & _DISABLE_DEFAULT_RESPONSE)

    def encode(self) -> bytes:
        """Return the octets; LocalProtocolError if a number does not fit or does not agree."""
        control, sequence, command, payload, manufacturer_code = self
        octets = [data_types.write("uint8", number) for number in (control, sequence, command)]
        specific = bool(control & _MANUFACTURER_SPECIFIC)
        if specific != (manufacturer_code is not None):
            raise LocalProtocolError("frame control and manufacturer code do not agree")
        if specific:
            octets.insert(1, data_types.write("uint16", manufacturer_code))
        return b"".join((*octets, payload))


def frame_control(
    frame_type: int, *, to_client: bool, disable_default_response: bool = False,
    manufacturer_specific: bool = False,
) -> int:
    """Return the frame control octet."""
    return (frame_type | _TO_CLIENT * to_client
            | _DISABLE_DEFAULT_RESPONSE * disable_default_response
            | _MANUFACTURER_SPECIFIC * manufacturer_specific)


def parse(octets: bytes) -> Frame:
    """Return the frame that ``octets`` are; RemoteProtocolError where they end too early."""
    try:
        control = octets[0]
        if control & _MANUFACTURER_SPECIFIC:
            manufacturer = octets[1] | octets[2] << 8
            return Frame(control, octets[3], octets[4], octets[5:], manufacturer)
        return Frame(control, octets[1], octets[2], octets[3:])
    except IndexError:
        raise RemoteProtocolError(len(octets), "more octets", "the end") from None


def declaration(cluster: int, frame: Frame) -> Command | None:
    """Return the declaration of a cluster specific command, where there is one."""
    control, _, command, _, manufacturer_code = frame
    if control & 3 != CLUSTER_SPECIFIC or manufacturer_code is not None:
        return None
    known = cluster_of(cluster)
    return known.commands.get((bool(control & _TO_CLIENT), command)) if known else None


def command_name(cluster: int, frame: Frame) -> str:
    """Return the name of the frame's command, or its number as ``0x12``."""
    if frame.frame_type == GENERAL:
        return GENERAL_COMMANDS.get(frame.command, f"0x{frame.command:02X}")
    found = declaration(cluster, frame)
    return found.name if found else f"0x{frame.command:02X}"


def fields_of(cluster: int, frame: Frame, base: int = 0) -> dict[str, Any]:
    """Return the payload as plain values by field name.

    RemoteProtocolError, with an offset ``base`` more than in the payload, if it is not what the
    declaration says.
    """
    if _is_known_general(frame):
        try:
            return general.read(cluster, frame.command, frame.to_client, frame.payload)
        except RemoteProtocolError as wrong:
            raise RemoteProtocolError(wrong.offset + base, wrong.expected, wrong.found) from None
    found = declaration(cluster, frame)
    if found is None:
        return {OCTETS: frame.payload.hex().upper()}
    return read_fields(found.fields, frame.payload, base)


def payload_of(cluster: int, frame: Frame, fields: Mapping[str, Any]) -> bytes:
    """Return the payload of ``frame``'s command from plain ``fields``.

    LocalProtocolError naming the field for a name or a value that does not fit.
    """
    if not isinstance(fields, Mapping):
        raise LocalProtocolError(f"named fields are wanted, not {fields!r}")
    if _is_known_general(frame):
        return general.write(cluster, frame.command, frame.to_client, fields)
    found = declaration(cluster, frame)
    if found is not None:
        return write_fields(found.fields, fields)
    if set(fields) != {OCTETS}:
        raise LocalProtocolError(f"a command without a declaration has {OCTETS} only")
    try:
        return data_types.as_octets(fields[OCTETS])
    except (TypeError, ValueError):
        raise LocalProtocolError(f"{OCTETS}: octets or hex text are wanted") from None


def _is_known_general(frame: Frame) -> bool:
    control, _, command, _, manufacturer_code = frame
    return (control & 3 == GENERAL and manufacturer_code is None
            and command in general.LAYOUTS)
