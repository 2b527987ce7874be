"""What crossed the line to a DLMS server, frame by frame, as the ledger keeps it.

Low-level security sends its secret in clear, so a frame that carries it is kept with every octet
of the secret replaced by 2A, and its reading says so. Times are those of arrival, by the bench's
clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bench.protocols.dlms.explain import Conversation
from bench.steps.vocabulary import Frame

MASK = 0x2A


@dataclass(slots=True)
class Evidence:
    """Gathers frames until a step takes them, each with what it says by ``conversation``.
    ``secrets`` are those that go in clear."""

    clock: Callable[[], datetime]
    conversation: Conversation | None  # None: frames are kept as they are
    secrets: tuple[bytes, ...] = ()
    _frames: list[Frame] = field(default_factory=list)

    def connected(self) -> None:
        """A fresh connection begins: nothing of the one before goes on in it."""
        if self.conversation is not None:
            self.conversation.connected()

    def sent(self, octets: bytes) -> None:
        """Note what is sent now."""
        self._note("sent", octets, self.clock())

    def received(self, octets: bytes, at: float) -> None:
        """Note what arrived at ``at``, in seconds of the monotonic clock."""
        self._note("received", octets, self.clock() - timedelta(seconds=time.monotonic() - at))

    def take(self) -> tuple[Frame, ...]:
        """Return what was noted since the last call."""
        taken, self._frames = tuple(self._frames), []
        return taken

    def _note(self, direction: str, octets: bytes, at: datetime) -> None:
        kept = octets
        for secret in self.secrets:
            kept = kept.replace(secret, bytes((MASK,)) * len(secret))
        masked = kept != octets
        reading: dict[str, Any] = {} if self.conversation is None else dict(
            self.conversation.explain(kept, direction, masked=masked))
        if masked:
            reading["masked"] = ("each octet of the low-level secret is kept as 2A; check "
                                 "sequences are as they were sent")
        self._frames.append(Frame(direction, kept, reading, at.isoformat()))
