"""What crossed the line to a DLMS server, frame by frame, as the ledger keeps it.

Low-level security sends its secret in clear, so a frame that carries it is kept with every octet
of the secret replaced by 2A, and its reading says so. Of an association request in several HDLC
frames, which may cut the secret in two, all information is replaced. Times are those of arrival, by
the bench's clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bench.errors import RemoteProtocolError
from bench.protocols.dlms.explain import Conversation
from bench.protocols.dlms.hdlc_frame import decode
from bench.steps.vocabulary import Frame
from devices.ports import Crossed

MASK = 0x2A
_REQUEST = bytes.fromhex("E6E60060")
"""How the information of a first frame begins that carries an association request (AARQ)."""
_TAIL = 3  # octets behind the information of an HDLC frame: FCS and flag


@dataclass(slots=True)
class Evidence:
    """Gathers frames until a step takes them, each with what it says by ``conversation``.
    ``secrets`` are those that go in clear."""

    clock: Callable[[], datetime]
    conversation: Conversation | None  # None: frames are kept as they are
    secrets: tuple[bytes, ...] = ()
    _frames: list[Frame] = field(default_factory=list)
    _covered: set[bytes] = field(default_factory=set)  # information of requests in segments
    _covering: bool = False  # the next frame goes on with such a request

    def connected(self) -> None:
        """A fresh connection begins: nothing of the one before goes on in it."""
        self._covered.clear()
        self._covering = False
        if self.conversation is not None:
            self.conversation.connected()

    def sent(self, octets: bytes) -> None:
        """Note what is sent now."""
        self._note("sent", octets, self.clock())

    def crossed(self, line: Iterable[Crossed]) -> None:
        """Note what the adapter itself sent and received."""
        for one in line:
            self._note("sent" if one.sent else "received", one.octets, self._moment(one.time))

    def received(self, octets: bytes, at: float) -> None:
        """Note what arrived at ``at``, in seconds of the monotonic clock."""
        self._note("received", octets, self._moment(at))

    def take(self) -> tuple[Frame, ...]:
        """Return what was noted since the last call."""
        taken, self._frames = tuple(self._frames), []
        return taken

    def _moment(self, at: float) -> datetime:
        return self.clock() - timedelta(seconds=time.monotonic() - at)

    def _note(self, direction: str, octets: bytes, at: datetime) -> None:
        kept = self._segment_covered(octets) if self.secrets and direction == "sent" else octets
        for secret in self.secrets:
            kept = kept.replace(secret, bytes((MASK,)) * len(secret))
        masked = kept != octets
        reading: dict[str, Any] = {} if self.conversation is None else dict(
            self.conversation.explain(kept, direction, masked=masked))
        if masked:
            reading["masked"] = ("octets of the low-level secret, or of a request that holds it in "
                                 "segments, are kept as 2A; check sequences are as they were sent")
        self._frames.append(Frame(direction, kept, reading, at.isoformat()))

    def _segment_covered(self, octets: bytes) -> bytes:
        """Return ``octets`` with its information replaced if it is a segment of a request."""
        try:
            frame = decode(octets[1:-1])
        except RemoteProtocolError:
            return octets
        information = frame.information
        begins = frame.segmented and information.startswith(_REQUEST)
        if information not in self._covered:
            if not (information and (begins or self._covering)):
                return octets
            self._covered.add(information)
            self._covering = frame.segmented
        end = len(octets) - _TAIL
        return octets[:end - len(information)] + bytes((MASK,)) * len(information) + octets[end:]
