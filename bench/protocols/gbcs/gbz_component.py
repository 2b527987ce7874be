"""The components of a GBZ payload: one ZigBee frame each, in the clear or sealed.

Layout, lengths in octets, numbers big-endian except inside the ZigBee frame::

    control(1) cluster(2) length(2) [from-date-time(4)] frame                      or, encrypted,
    control(1) cluster(2) length(2) additional-header(2) frame-header
        length(2) 31 00000000 ciphertext tag(12)
    control = 01 last, 02 encrypted, 10 with a from-date-time

The length counts what stands behind it. Sources: GBCS 4.0, DCC reference test data set 4.5.0,
where no component is both encrypted and has a from-date-time.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.message import MAC_LENGTH
from bench.protocols.gbcs.protection import ENCRYPTION_HEADER
from bench.protocols.zigbee import zcl
from bench.protocols.zigbee.clusters import cluster_of

_LAST, _ENCRYPTED, _FROM_DATE_TIME = 0x01, 0x02, 0x10
_CONTROLS = frozenset({0x00, 0x01, 0x02, 0x03, 0x10, 0x11})
_HEADER = struct.Struct(">BHH")  # control cluster length


class Component(NamedTuple):
    """One ZigBee command of a payload.

    ``additional_header`` (control and frame counter, two octets) makes it an encrypted one; then
    ``sealed`` says whether the frame's payload is header, ciphertext and tag, or their plaintext.
    """

    cluster: int
    frame: zcl.Frame
    from_date_time: int | None = None
    additional_header: bytes | None = None
    sealed: bool = False

    @property
    def encrypted(self) -> bool:
        """True where the payload goes encrypted, whether or not it has been opened."""
        return self.additional_header is not None

    @property
    def cluster_name(self) -> str:
        """The name of the cluster, or its id as ``0x1234``."""
        known = cluster_of(self.cluster)
        return known.name if known else f"0x{self.cluster:04X}"

    @property
    def command_name(self) -> str:
        """The name of the command, or its id as ``0x12``."""
        return zcl.command_name(self.cluster, self.frame)

    def fields(self, base: int = 0) -> dict[str, Any]:
        """Return the command's plain values by field name.

        RemoteProtocolError, with an offset ``base`` more than in the payload, if they are not
        what the command has; LocalProtocolError while the component is sealed.
        """
        if self.sealed:
            raise LocalProtocolError(f"{self.cluster_name} {self.command_name} is sealed")
        return zcl.fields_of(self.cluster, self.frame, base)

    def encode(self, *, last: bool) -> bytes:
        """Return the octets; LocalProtocolError if a number does not fit, or if it is open."""
        control = (_LAST * last | _ENCRYPTED * self.encrypted
                   | _FROM_DATE_TIME * (self.from_date_time is not None))
        body = self._body()
        if not 0 <= self.cluster <= 0xFFFF or len(body) > 0xFFFF:
            raise LocalProtocolError(f"{self.cluster_name} {self.command_name}: cluster id or "
                                     "length does not fit two octets")
        return _HEADER.pack(control, self.cluster, len(body)) + body

    def _body(self) -> bytes:
        if self.additional_header is None:
            if self.from_date_time is None:
                return self.frame.encode()
            if not 0 <= self.from_date_time < 1 << 32:
                raise LocalProtocolError(f"from_date_time: {self.from_date_time} does not fit "
                                         "4 octets")
            return self.from_date_time.to_bytes(4, "big") + self.frame.encode()
        if not self.sealed or self.from_date_time is not None:
            raise LocalProtocolError(f"{self.cluster_name} {self.command_name}: an encrypted "
                                     "component must be sealed, and has no from-date-time")
        if len(self.additional_header) != 2:
            raise LocalProtocolError("additional_header: two octets are wanted")
        content = self.frame.payload
        return b"".join((self.additional_header, self.frame._replace(payload=b"").encode(),
                         len(content).to_bytes(2, "big"), content))


def decode_components(payload: bytes, offset: int, count: int) -> tuple[Component, ...]:
    """Return the ``count`` components from ``offset`` to the end, or raise RemoteProtocolError."""
    components = []
    for number in range(1, count + 1):
        try:
            control, cluster, length = _HEADER.unpack_from(payload, offset)
        except struct.error:
            raise too_short(payload) from None
        if control not in _CONTROLS:
            raise RemoteProtocolError(offset, "a control octet 00 to 03, 10 or 11",
                                      f"{control:02X}")
        if bool(control & _LAST) != (number == count):
            raise RemoteProtocolError(offset, f"the last of {count} components, and no other, "
                                      "to have 01 in its control", f"{control:02X}")
        start = offset + _HEADER.size
        offset = start + length
        body = payload[start:offset]
        if offset > len(payload):
            raise too_short(payload)
        try:
            components.append(_decode_body(control, cluster, body))
        except RemoteProtocolError as wrong:
            raise RemoteProtocolError(wrong.offset + start, wrong.expected, wrong.found) from None
    if offset != len(payload):
        raise RemoteProtocolError(offset, "the end of the payload",
                                  f"{len(payload) - offset} octets more")
    return tuple(components)


def _decode_body(control: int, cluster: int, body: bytes) -> Component:
    if control & _ENCRYPTED:
        return _decode_sealed(cluster, body)
    from_date_time, frame_octets = None, body
    if control & _FROM_DATE_TIME:
        from_date_time, frame_octets = int.from_bytes(body[:4], "big"), body[4:]
        if len(body) < 4:
            raise too_short(body)
    try:
        frame = zcl.parse(frame_octets)
    except RemoteProtocolError:
        raise too_short(body) from None
    zcl.fields_of(cluster, frame, len(body) - len(frame.payload))
    return Component(cluster, frame, from_date_time)


def _decode_sealed(cluster: int, body: bytes) -> Component:
    try:
        frame = zcl.parse(body[2:])
    except RemoteProtocolError:
        raise too_short(body) from None
    start = len(body) - len(frame.payload)
    length, content = frame.payload[:2], frame.payload[2:]
    if len(content) < len(ENCRYPTION_HEADER) + MAC_LENGTH:
        raise too_short(body)
    if int.from_bytes(length, "big") != len(content):
        raise RemoteProtocolError(start, f"length {len(content)}, what follows",
                                  str(int.from_bytes(length, "big")))
    if not content.startswith(ENCRYPTION_HEADER):
        raise RemoteProtocolError(start + 2, "encryption header 3100000000",
                                  content[:5].hex().upper())
    return Component(cluster, frame._replace(payload=content), None, body[:2], sealed=True)


def too_short(octets: bytes) -> RemoteProtocolError:
    """Return the error of octets that end too early."""
    return RemoteProtocolError(len(octets), "more octets", "the end")
