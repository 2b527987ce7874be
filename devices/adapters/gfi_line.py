r"""The text line that carries a GBCS message to and from GB test equipment, sans-IO.

``GBCS:DATA#<n>:<length>:<HEX>\r\n``, as the GFI test tool writes it. ``<length>`` counts octets
of the message, so ``<HEX>`` has twice as many digits: the example in the public-domain
`HenryGiraldo/gbcs`, ``c/gfi.h``, says 72 in front of 144 digits. ``<n>`` is 0 for a message in one
piece; what other numbers mean stands in a document that we do not hold, so they are read and
handed on but never asked for. Numbers are decimal without leading zeros; hexadecimal digits are
written in upper case and read in either. A message in blocks is as many lines.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bench.errors import LocalProtocolError

MAX_MESSAGE = 0xFFFF
"""Octets; more than any GBCS message, it bounds what a stream of noise can make us keep."""

_PREFIX = b"GBCS:DATA#"
_HEADER = re.compile(rb"GBCS:DATA#(0|[1-9][0-9]{0,8}):(0|[1-9][0-9]{0,4}):")
_HEADER_START = re.compile(rb"(0|[1-9][0-9]{0,8})(:((0|[1-9][0-9]{0,4}):?)?)?")
_HEX = re.compile(rb"[0-9A-Fa-f]*")
_LONGEST_HEADER = len(_PREFIX) + 9 + 1 + 5 + 1
_LONGEST_LINE = _LONGEST_HEADER + 2 * MAX_MESSAGE + 2


def encode_line(number: int, message: bytes) -> bytes:
    """Return the line that carries ``message`` (0 to 65,535 octets) under ``number``.

    Raises :class:`LocalProtocolError` for a number outside 0..999,999,999 or a message too long.
    """
    if not 0 <= number <= 999_999_999:
        raise LocalProtocolError(f"line number {number} is outside 0..999999999")
    if len(message) > MAX_MESSAGE:
        raise LocalProtocolError(f"{len(message)} octets do not fit a line of {MAX_MESSAGE}")
    return b"%s%d:%d:%s\r\n" % (_PREFIX, number, len(message), message.hex().upper().encode())


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it came: ``message`` is None where the octets are no line of the format."""

    octets: bytes  # as they were on the wire, CR LF included
    number: int = 0
    message: bytes | None = None


class LineReader:
    """Cuts a stream of octets into lines; every octet fed comes out exactly once."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._searched = 0  # octets of the buffer that are known to hold no LF

    def feed(self, octets: bytes) -> list[Line]:
        """Take what arrived, return the lines that it completed (often none).

        Noise without an end is cut at the length of the longest possible line.
        """
        self._buffer += octets
        lines = []
        while (end := self._end()) is not None:
            lines.append(_read(bytes(self._buffer[:end])))
            del self._buffer[:end]
            self._searched = 0
        return lines

    @property
    def pending(self) -> bytes:
        """What has arrived of a line that is not complete."""
        return bytes(self._buffer)

    @property
    def well_formed(self) -> bool:
        """True while :attr:`pending` may still become a line of the format."""
        return _may_become_a_line(bytes(self._buffer))

    def drop(self) -> bytes:
        """Forget and return :attr:`pending`."""
        dropped = bytes(self._buffer)
        self._buffer.clear()
        self._searched = 0
        return dropped

    def _end(self) -> int | None:
        found = self._buffer.find(b"\n", self._searched, _LONGEST_LINE)
        if found >= 0:
            return found + 1
        if len(self._buffer) >= _LONGEST_LINE:
            return _LONGEST_LINE
        self._searched = len(self._buffer)
        return None


def _read(octets: bytes) -> Line:
    header = _HEADER.match(octets)
    if header is None or octets[-2:] != b"\r\n":
        return Line(octets)
    number, length = int(header[1]), int(header[2])
    digits = octets[header.end() : -2]
    if length > MAX_MESSAGE or len(digits) != 2 * length or not _HEX.fullmatch(digits):
        return Line(octets)
    return Line(octets, number, bytes.fromhex(digits.decode("ascii")))


def _may_become_a_line(octets: bytes) -> bool:
    if len(octets) <= len(_PREFIX):
        return _PREFIX.startswith(octets)
    header = _HEADER.match(octets)
    if header is None:
        rest = octets[len(_PREFIX) :]
        return octets.startswith(_PREFIX) and _HEADER_START.fullmatch(rest) is not None
    length = int(header[2])
    body = octets[header.end() :]
    digits, ending = body[: 2 * length], body[2 * length :]
    return length <= MAX_MESSAGE and _HEX.fullmatch(digits) is not None and ending in (b"", b"\r")
