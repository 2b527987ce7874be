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
from bench.protocols.dlms.explain import sign_on
from bench.protocols.dlms.explain.link import (
    Segments,
    frames_in,
    read_apdu,
    read_hdlc,
    read_wrapper,
)
from bench.protocols.dlms.explain.memory import Memory
from bench.protocols.dlms.explain.message import Reader
from bench.protocols.dlms.explain.tree import Part, mapping, without_check_errors
from bench.protocols.dlms.explain.values import MOST_ELEMENTS
from bench.protocols.dlms.security.keys import Keys

FRAMINGS = ("hdlc", "wrapper", "apdu")
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
        memory = Memory(versions={(one.class_id, one.instance): one.version for one in objects})
        self._reader = Reader(keys, memory, most)
        self._segments = Segments()
        self._pending: dict[str, bytes] = {}

    def connected(self) -> None:
        """Forget what waits for its rest: a fresh connection begins."""
        self._pending.clear()
        self._segments = Segments()

    def parts(self, octets: bytes) -> tuple[tuple[Part, ...], str]:
        """Return what ``octets`` say as parts, and in one line."""
        found = list(self._read(octets))
        summary = "; ".join(dict.fromkeys(said for _, said in found)) or "nothing"
        return tuple(part for part, _ in found), summary

    def explain(self, octets: bytes, direction: str = "", *, masked: bool = False
                ) -> Mapping[str, Any]:
        """Return what arrived in one ``direction`` as plain JSON values; no octets are an error.

        A frame that is not complete waits for its rest, until something is ``sent``: what the
        bench sends is whole, and it sends when it waits no longer. ``masked`` says that a secret
        was covered in the octets, so that check sequences tell nothing.
        """
        sent = direction == "sent"
        if sent:
            self._pending.clear()
        before = self._pending.pop(direction, b"")
        arrived = before + octets
        whole = len(arrived) if sent else self._cut(arrived)
        if whole < len(arrived):
            self._pending[direction] = arrived[whole:]
        if not whole:
            return {"summary": f"part of a frame, {len(arrived)} octets so far"}
        more: dict[str, Any] = {}
        if before:
            more["begun"] = f"the first {len(before)} octets came before"
        if whole < len(arrived):
            more["waiting"] = f"the last {len(arrived) - whole} octets are part of a frame"
        parts, summary = self.parts(arrived[:whole])
        said = dict(mapping(parts, summary, **more))
        if masked:
            said = without_check_errors(said)
        return said

    def explain_whole(self, octets: bytes) -> Mapping[str, Any]:
        """Return the same of octets that are whole: a frame that is cut off is wrong."""
        return mapping(*self.parts(octets))

    def _cut(self, octets: bytes) -> int:
        """Return how many of ``octets`` are whole frames, or are nothing that may become one."""
        at = 0
        if self.framing == "wrapper":
            while at < len(octets) and _WRAPPER_START.startswith(octets[at : at + 2]):
                end = at + 8 + int.from_bytes(octets[at + 6 : at + 8], "big")
                if len(octets) < at + 8 or end > len(octets):
                    return at
                at = end
        elif self.framing == "hdlc" and octets[:1] and octets[0] not in sign_on.FIRST:
            if not octets.strip(b"\x7e"):
                return 0  # flags alone, which may open a frame
            for at, end in frames_in(octets):
                if end == len(octets):  # no closing flag yet
                    return at
        return len(octets)

    def _read(self, octets: bytes) -> Iterator[tuple[Part, str]]:
        if self.framing == "hdlc":
            if octets[:1] and octets[0] in sign_on.FIRST:
                yield sign_on.read_sign_on(octets)
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
