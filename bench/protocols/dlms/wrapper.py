"""The wrapper of DLMS over TCP and UDP: version, two ports, length (IEC 62056-47, 5.3).

Version is 0001. Ports are those of the client and the logical device, not of TCP. Lengths over
65,535 cannot be.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError

VERSION = 1
HEADER = struct.Struct(">HHHH")
NO_STATION, CLIENT_MANAGEMENT, PUBLIC_CLIENT = 0, 1, 16
MANAGEMENT_LOGICAL_DEVICE, ALL_STATION = 1, 0x7F
LARGEST = 0xFFFF


class Wrapped(NamedTuple):
    """One APDU with its wrapper ports."""

    source: int
    destination: int
    apdu: bytes


def encode(source: int, destination: int, apdu: bytes) -> bytes:
    """Return ``apdu`` behind its header; LocalProtocolError where a field does not fit."""
    try:
        return HEADER.pack(VERSION, source, destination, len(apdu)) + apdu
    except struct.error as wrong:
        raise LocalProtocolError(f"wrapper ports {source} and {destination} and a length of "
                                 f"{len(apdu)}: each is 0 to 65535") from wrong


class Headers(dict[int, bytes | None]):
    """The headers from one port to another, by the octets of the APDU; each is made once.

    None where no APDU has so many octets. LocalProtocolError for a port that cannot be.
    """

    def __init__(self, source: int, destination: int) -> None:
        super().__init__({0: encode(source, destination, b"")})
        self._source, self._destination = source, destination

    def __missing__(self, length: int) -> bytes | None:
        """Make the header of an APDU of ``length`` octets."""
        if not 0 <= length <= LARGEST:
            return None
        if len(self) == 4096:  # an association has few lengths
            self.clear()
        header = self[length] = HEADER.pack(VERSION, self._source, self._destination, length)
        return header

    def encode(self, apdu: bytes) -> bytes:
        """Return ``apdu`` behind its header; LocalProtocolError where it is too long."""
        header = self[len(apdu)]
        return encode(self._source, self._destination, apdu) if header is None else header + apdu


_SIZE, _fields = HEADER.size, HEADER.unpack_from
_new = tuple.__new__  # half the time of the class


class WrapperStream:
    """Cuts a stream of octets into APDUs.

    After a wrong version there is no telling where the next header is: every later call raises
    the same error, until :meth:`drop`.
    """

    def __init__(self) -> None:
        self._buffer = b""
        self._error: RemoteProtocolError | None = None

    @property
    def pending(self) -> bytes:
        """What has arrived of an APDU that is not complete."""
        return self._buffer

    def feed(self, octets: bytes) -> list[Wrapped]:
        """Take what arrived; return what it completed. RemoteProtocolError for a wrong version.

        What was complete before the error is returned first; the error comes with the next call.
        """
        if not self._buffer and len(octets) >= _SIZE:  # and so no error, which keeps its octets
            version, source, destination, length = _fields(octets)
            if length == len(octets) - _SIZE and version == VERSION:  # as nearly always
                return [_new(Wrapped, (source, destination, octets[_SIZE:]))]
        buffer = self._buffer + octets
        found: list[Wrapped] = []
        while self._error is None and len(buffer) >= HEADER.size:
            version, source, destination, length = HEADER.unpack_from(buffer)
            if version != VERSION:
                self._error = RemoteProtocolError(0, "wrapper version 0001", f"{version:04X}")
                break
            end = HEADER.size + length
            if len(buffer) < end:
                break
            found.append(Wrapped(source, destination, buffer[HEADER.size : end]))
            buffer = buffer[end:]
        self._buffer = buffer
        if self._error is not None and not found:
            raise self._error.with_traceback(None)
        return found

    def take_one(self, octets: bytes, awaited: Headers) -> bytes | None:
        """Take the one whole APDU between the awaited ports that ``octets`` nearly always are.

        None, with nothing taken, for all else: :meth:`feed` says what it is.
        """
        if self._buffer or octets[:_SIZE] != awaited[len(octets) - _SIZE]:
            return None
        return octets[_SIZE:]

    def drop(self) -> bytes:
        """Forget and return what is pending, and an error with it."""
        dropped, self._buffer, self._error = self._buffer, b"", None
        return dropped


@dataclass(frozen=True, slots=True)
class Mutation:
    """One named way to spoil what :func:`encode` returns."""

    name: str
    field: str
    change: Callable[[bytes], bytes]


def _word(place: int, change: Callable[[int], int]) -> Callable[[bytes], bytes]:
    def changed(octets: bytes) -> bytes:
        start = 2 * place
        value = change(int.from_bytes(octets[start : start + 2], "big")) & 0xFFFF
        return octets[:start] + value.to_bytes(2, "big") + octets[start + 2 :]
    return changed


_TABLE: tuple[tuple[str, str, Callable[[bytes], bytes]], ...] = (
    ("version-zero", "version", _word(0, lambda _: 0)),
    ("version-2", "version", _word(0, lambda _: 2)),
    ("version-swapped", "version", _word(0, lambda _: 0x0100)),
    ("source-zero", "source", _word(1, lambda _: 0)),
    ("source-unknown", "source", _word(1, lambda _: 0xFFFD)),
    ("destination-zero", "destination", _word(2, lambda _: 0)),
    ("destination-unknown", "destination", _word(2, lambda _: 0xFFFD)),
    ("ports-swapped", "destination", lambda o: o[:2] + o[4:6] + o[2:4] + o[6:]),
    ("length-zero", "length", _word(3, lambda _: 0)),
    ("length-too-small", "length", _word(3, lambda length: length - 1)),
    ("length-too-large", "length", _word(3, lambda length: length + 1)),
    ("length-largest", "length", _word(3, lambda _: 0xFFFF)),
    ("header-truncated", "header", lambda o: o[: HEADER.size - 1]),
    ("apdu-missing", "apdu", lambda o: o[: HEADER.size]),
    ("apdu-truncated", "apdu", lambda o: o[:-1]),
    ("apdu-extended", "apdu", lambda o: o + b"\0"),
)

MUTATIONS: Mapping[str, Mutation] = {
    name: Mutation(name, field, change) for name, field, change in _TABLE}


def mutate(octets: bytes, name: str) -> bytes:
    """Return ``octets``, a right header and APDU, spoilt by the mutation ``name``.

    LocalProtocolError for an unknown name, or octets that the mutation would leave as they are.
    """
    if name not in MUTATIONS:
        raise LocalProtocolError(f"no mutation {name!r}")
    changed = MUTATIONS[name].change(octets)
    if changed == octets:
        raise LocalProtocolError(f"{name} does not change these octets")
    return changed
