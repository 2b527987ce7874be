"""A line with an emulated meter at its end, without a process or a port."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import Settings
from devices.emulators.gbcs import keyring
from devices.ports import Received, Reception


class Line:
    """A line with an emulated meter behind it; ``held`` answers come with the next command."""

    def __init__(self, folder: Path) -> None:
        device, parties, keys = keyring.load(folder)
        self.meter = Esme(Settings(), keys, device, parties)
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
