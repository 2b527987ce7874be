"""A GBCS device on a line, as ``GBCS:DATA#<n>:<length>:<HEX>`` text.

Alerts that a stimulus raises are on the line before the stimulus is answered; while nobody is
there, they wait. What comes over the line and is no such text is dropped, as by equipment that
waits for the next good one.
"""

from __future__ import annotations

from devices.adapters.gfi_line import LineReader, encode_line
from devices.emulators import serving
from devices.emulators.gbcs.device import Device
from devices.emulators.terminal import Terminal


class _TextLine:
    """The device's end of the line."""

    deadline = None

    def __init__(self, device: Device) -> None:
        self._device = device
        self._reader = LineReader()
        self._out: list[bytes] = []
        self._is_open = False

    def opened(self, _terminal: Terminal | None, _now: float) -> None:
        self._reader.drop()
        self._is_open = True
        self._take_alerts()

    def closed(self, _now: float) -> None:
        self._is_open = False
        self._out.clear()

    def take(self, octets: bytes, _now: float) -> None:
        for line in self._reader.feed(octets):
            if line.message is not None:
                self._out += self._device.handle(line.message)

    def time_passed(self, _now: float) -> None:
        if self._is_open:
            self._take_alerts()

    def outgoing(self) -> bytes:
        out, self._out = self._out, []
        return b"".join(encode_line(0, message) for message in out)

    def _take_alerts(self) -> None:
        self._out += self._device.drain()


class Server(serving.Server):
    """Serves one device until it is stopped."""

    def __init__(self, device: Device) -> None:
        super().__init__(_TextLine(device), device.calls())
