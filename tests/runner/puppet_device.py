"""A third party's adapter: a meter in this very process, with trouble on order.

``trouble`` happens once, in the step numbered ``at`` (messages sent or controls pressed, from 1):
``unplugged`` breaks the line, ``killed`` kills this process, ``stuck`` waits for an interrupt. The
file ``notes`` is written just before, so that whoever watches knows, and it does not come again.
"""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from pathlib import Path

from devices.adapters.first_failure import FirstFailure
from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import Settings
from devices.emulators.gbcs import keyring
from devices.ports import Received, Reception


class Puppet:
    provides = ("gbcs", "controls")
    emulated = True

    def __init__(self, *, notes: str, keys: str = "", trouble: str = "", at: int = 0) -> None:
        self._keys, self._notes, self._trouble, self._at = keys, Path(notes), trouble, at
        self._failure = FirstFailure()
        self._arrived: deque[bytes] = deque()
        self._count = 0

    @property
    def failure(self):
        return self._failure.error

    def activate(self) -> None:
        if self._keys:
            device, parties, held = keyring.load(Path(self._keys))
            self._meter = Esme(Settings(), held, device, parties)

    def deactivate(self) -> None:
        pass

    def send(self, message: bytes) -> None:
        self._failure.check()
        self._step()
        self._arrived.extend(self._meter.handle(message))

    def receive(self, timeout: float) -> Received:
        self._failure.check()
        if not self._arrived:
            return Received(Reception.SILENCE)
        return Received(Reception.MESSAGE, self._arrived.popleft())

    def press(self, control: str) -> None:
        self._step()

    def contactor(self) -> str:
        return "closed"

    def _step(self) -> None:
        self._count += 1
        if self._count != self._at or self._notes.exists():
            return
        self._notes.write_text(self._trouble, encoding="utf-8")
        if self._trouble == "unplugged":
            raise self._failure.remember("serial line: unplugged while sending")
        if self._trouble == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if self._trouble == "stuck":
            threading.Event().wait(60)
