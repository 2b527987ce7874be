"""A rig without a way to go: the emulated meter in the bench's own process, and what it took.

Named in a rig file as ``instant`` through an entry point that :mod:`benchmarks.planned_case` puts
beside the plan. ``spent`` counts the seconds inside the adapter, which are the device's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from time import process_time
from typing import TypeVar

from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import Settings
from devices.emulators.gbcs import instants, keyring
from devices.ports import Received, Reception

T = TypeVar("T")


class Instant:
    """Ports ``gbcs`` and ``time``; ``keys`` is the folder of the test PKI."""

    provides = ("gbcs", "time")
    emulated = True
    spent = 0.0

    def __init__(self, *, keys: str) -> None:
        device, parties, held = keyring.load(Path(keys))
        self._meter = Esme(Settings(), held, device, parties)
        self._sent: deque[bytes] = deque()

    def activate(self) -> None:
        """Nothing to open."""

    def deactivate(self) -> None:
        """Nothing to close."""

    def send(self, message: bytes) -> None:
        """Have the meter handle ``message``."""
        self._sent += self._timed(lambda: self._meter.handle(message))

    def receive(self, timeout: float) -> Received:  # noqa: ARG002  nothing is ever waited for
        """Return the next answer, or silence at once."""
        if self._sent:
            return Received(Reception.MESSAGE, self._sent.popleft())
        return Received(Reception.SILENCE)

    def now(self) -> datetime:
        """Return the meter's reference time."""
        return self._timed(lambda: instants.to_datetime(self._meter.clock.reference))

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._timed(lambda: self._meter.advance(seconds))

    def shift_reference(self, seconds: float) -> None:
        """Move the reference."""
        self._timed(lambda: self._meter.shift_reference(seconds))

    def synchronise(self) -> None:
        """Compare the meter's clock with the reference."""
        self._timed(self._meter.synchronise)

    def _timed(self, work: Callable[[], T]) -> T:
        begin = process_time()
        try:
            return work()
        finally:
            Instant.spent += process_time() - begin
