"""A line with an emulated meter at its end, without a process or a port."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import Settings
from devices.emulators.gbcs import keyring
from devices.emulators.gbcs.faults import NONE, Faults
from devices.ports import Received, Reception


class Line:
    """A line with an emulated meter behind it; ``held`` answers come with the next command."""

    def __init__(self, folder: Path, *, faults: Faults = NONE, **settings: Any) -> None:
        device, parties, keys = keyring.load(folder)
        self.meter = Esme(Settings(**settings), keys, device, parties, faults=faults)
        self.arrived: deque[Received] = deque()
        self.held: list[bytes] = []
        self.hold = False
        self.waited: list[float] = []

    def send(self, message: bytes) -> None:
        answers = list(self.meter.handle(message))
        if self.hold:
            self.held += answers
            return
        self.arrived.extend(Received(Reception.MESSAGE, octets)
                            for octets in (*self.held, *answers))
        self.held.clear()

    def receive(self, timeout: float) -> Received:
        if self.arrived:
            return self.arrived.popleft()
        self.waited.append(timeout)
        return Received(Reception.SILENCE)


class Hands:
    """The port ``port`` of a rig that moves the meter behind ``line``: ``time``, ``load`` ...

    What the meter sends on its own is on the line before a call returns.
    """

    def __init__(self, line: Line, port: str) -> None:
        self._line, self._port = line, port

    def __getattr__(self, method: str) -> Callable[..., Any]:
        call = self._line.meter.calls().get((self._port, method))
        if call is None:
            raise AttributeError(method)

        def perform(*given: Any, **named: Any) -> Any:
            found = call(*given, **named)
            self._line.arrived.extend(
                Received(Reception.MESSAGE, octets) for octets in self._line.meter.drain())
            return datetime.fromisoformat(found) if method == "now" else found

        return perform
