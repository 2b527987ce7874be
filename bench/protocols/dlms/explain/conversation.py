"""A conversation for people: frames of both directions in order, each explained with what is known.

One object for each association's worth of traffic, or for a whole line: what a request asked for,
segments, blocks, titles and dedicated keys are kept from frame to frame. A frame is decoded to
plain JSON values::

    {"summary": "I N(S)=1 N(R)=1, P/F, 16 to 1: get-request-normal, 8/0-0:1.0.0.255/a2 (...)",
     "errors": ["octet 9: expected HCS 0AB1, found 0AB2"],   # where there are any
     "fields": [{"at": 0, "length": 25, "name": "HDLC frame", "value": ..., "parts": [...]}]}

Secrets that are known as such (low-level secrets, dedicated keys, what secret attributes hold) are
not told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from bench.errors import LocalProtocolError
from bench.protocols.dlms.explain.link import Segments, read_apdu, read_hdlc, read_wrapper
from bench.protocols.dlms.explain.memory import Memory
from bench.protocols.dlms.explain.message import Reader
from bench.protocols.dlms.explain.tree import Part, mapping
from bench.protocols.dlms.explain.values import MOST_ELEMENTS
from bench.protocols.dlms.security.keys import Keys

FRAMINGS = ("hdlc", "wrapper", "apdu")
_SIGN_ON = (0x2F, 0x06)  # "/" and ACK: lines of IEC 62056-21 before HDLC is agreed
_HDLC_START, _WRAPPER_START = 0x7E, b"\0\1"


class Listed(Protocol):
    """An object of an object list, as far as it is needed here."""

    @property
    def class_id(self) -> int: ...
    @property
    def instance(self) -> bytes: ...
    @property
    def version(self) -> int: ...


class Conversation:
    """Explains frames of one ``framing`` in the order in which they crossed the line.

    ``keys`` are those of the client's side, any number of sets: each is tried. ``objects`` tell
    the versions of classes. Of arrays the first ``most`` elements are told.
    """

    def __init__(self, framing: str, keys: Sequence[Keys] = (), *,
                 objects: Sequence[Listed] = (), most: int = MOST_ELEMENTS) -> None:
        if framing not in FRAMINGS:
            raise LocalProtocolError(f"no framing {framing!r}: one of {', '.join(FRAMINGS)}")
        self.framing = framing
        memory = Memory({(one.class_id, one.instance): one.version for one in objects})
        self._reader = Reader(keys, memory, most)
        self._segments = Segments()
        self._pending: dict[str, bytes] = {}

    def parts(self, octets: bytes) -> tuple[tuple[Part, ...], str]:
        """Return what ``octets`` say as parts, and in one line."""
        found = list(self._read(octets))
        summary = "; ".join(dict.fromkeys(said for _, said in found)) or "nothing"
        return tuple(part for part, _ in found), summary

    def explain(self, octets: bytes, direction: str = "") -> Mapping[str, Any]:
        """Return what ``octets`` say as plain JSON values; nothing of any octets is an error."""
        whole = self._pending.pop(direction, b"") + octets
        more: dict[str, Any] = {} if whole == octets else {
            "joined": f"the first {len(whole) - len(octets)} octets came before"}
        if self._unfinished(whole):
            self._pending[direction] = whole
            return {"summary": f"part of a frame, {len(whole)} octets so far"}
        parts, summary = self.parts(whole)
        return mapping(parts, summary, **more)

    def _unfinished(self, octets: bytes) -> bool:
        """Return whether ``octets`` are the beginning of a frame whose rest may still come."""
        if self.framing == "wrapper":
            return (octets[:2] == _WRAPPER_START and len(octets) < 8) or (
                octets[:2] == _WRAPPER_START
                and len(octets) < 8 + int.from_bytes(octets[6:8], "big"))
        if self.framing == "hdlc" and octets[:1] == bytes((_HDLC_START,)) and len(octets) > 3:
            head = octets.lstrip(b"\x7e")
            return (len(head) >= 2 and head[0] & 0xF0 == 0xA0
                    and len(head) < ((head[0] & 7) << 8 | head[1]) + 1
                    and _HDLC_START not in head)
        return False

    def _read(self, octets: bytes) -> Iterator[tuple[Part, str]]:
        if self.framing == "hdlc":
            if octets[:1] and octets[0] in _SIGN_ON:
                yield _sign_on(octets)
            else:
                yield from read_hdlc(octets, self._reader, self._segments)
        elif self.framing == "wrapper":
            yield from read_wrapper(octets, self._reader)
        else:
            yield from read_apdu(octets, self._reader)


def explain(octets: bytes, framing: str, keys: Keys | None = None,
            context: Conversation | None = None) -> Mapping[str, Any]:
    """Return what one message says as plain JSON values; see the module for their form.

    ``context`` is the conversation that it belongs to, whose framing and keys then count.
    """
    conversation = context or Conversation(framing, () if keys is None else (keys,))
    return conversation.explain(octets)


def framing_of(octets: bytes) -> str:
    """Return the framing that ``octets`` begin with: flags, a wrapper's version, else none."""
    if octets[:1] == bytes((_HDLC_START,)):
        return "hdlc"
    return "wrapper" if octets[:2] == _WRAPPER_START and len(octets) >= 8 else "apdu"


def _sign_on(octets: bytes) -> tuple[Part, str]:
    shown = "".join(chr(octet & 0x7F) if 0x20 <= octet & 0x7F < 0x7F else f"<{octet & 0x7F:02X}>"
                    for octet in octets)
    return Part(0, len(octets), "IEC 62056-21 line", shown), f"IEC 62056-21 {shown}"
