"""Lines of IEC 62056-21 before HDLC, for people: request, identification, acknowledgement.

Parity of 7E1 is told where any octet has its eighth bit set, or all of them need none; text that a
person wrote down has none, and is read all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from bench.errors import RemoteProtocolError
from bench.protocols.dlms.explain.tree import Part
from bench.protocols.iec62056_21.characters import without_parity
from bench.protocols.iec62056_21.messages import (
    ACK,
    BAUD,
    NAK,
    STX,
    decode_acknowledgement,
    decode_identification,
    decode_request,
)

_ASK, _NAME = b"/?", b"/"
_FIRST = (_NAME[0], ACK, NAK, STX)
FIRST = frozenset(octet | parity for octet in _FIRST for parity in (0, 0x80))
"""What a line begins with, with and without parity."""

_PROTOCOLS = {"0": "normal", "1": "secondary", "2": "HDLC"}
_MODES = {"0": "data readout", "1": "programming", "2": "binary, HDLC"}


def read_sign_on(octets: bytes) -> tuple[Part, str]:
    """Return one line as a part, and in a few words."""
    text, wrong = without_parity(octets)
    shown = "".join(chr(octet) if 0x20 <= octet < 0x7F else f"<{octet:02X}>" for octet in text)
    kind, read = _kind(text)
    parts = [Part(0, len(octets), "characters", *_parity(octets, wrong))]
    try:
        parts += read(text)
    except RemoteProtocolError as other:
        parts.append(Part(0, len(octets), kind, error=str(other)))
    return (Part(0, len(octets), "IEC 62056-21 line", shown, tuple(parts)),
            f"IEC 62056-21 {kind} {shown}")


def _parity(octets: bytes, wrong: tuple[int, ...]) -> tuple[str, tuple[Part, ...], str]:
    if not wrong:
        return "7 bits, even parity", (), ""
    if all(octet < 0x80 for octet in octets):
        return "7 bits, no parity bit", (), ""
    return "7 bits", (), f"expected even parity, found odd at octet {wrong[0]}"


def _kind(text: bytes) -> tuple[str, Callable[[bytes], Iterator[Part]]]:
    if text.startswith(_ASK):
        return "request", _request
    if text.startswith(_NAME):
        return "identification", _identification
    if text[0] == ACK:
        return "acknowledgement", _acknowledgement
    return ("NAK", _nothing) if text[0] == NAK else ("data", _nothing)


def _request(text: bytes) -> Iterator[Part]:
    address = decode_request(text).address
    yield Part(2, len(address), "device address", address or "any")


def _identification(text: bytes) -> Iterator[Part]:
    found = decode_identification(text)
    yield Part(1, 3, "maker", found.maker)
    yield Part(4, 1, "rate offered", f"{found.baud}: {_rate(found.baud)}")
    yield Part(5, 2 if found.mode_e else 0, "mode E", "offered" if found.mode_e else "not offered")
    yield Part(len(text) - 2 - len(found.text), len(found.text), "device", found.text)


def _acknowledgement(text: bytes) -> Iterator[Part]:
    found = decode_acknowledgement(text)
    yield Part(1, 1, "protocol", f"{found.protocol}: {_PROTOCOLS.get(found.protocol, 'reserved')}")
    yield Part(2, 1, "rate", f"{found.baud}: {_rate(found.baud)}")
    yield Part(3, 1, "mode", f"{found.mode}: {_MODES.get(found.mode, 'another')}")


def _nothing(_: bytes) -> Iterator[Part]:
    yield from ()


def _rate(character: str) -> str:
    return f"{BAUD[character]} bit/s" if character in BAUD else "no rate"
