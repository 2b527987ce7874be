"""Port ``gbcs`` over a serial line: whole GBCS messages as text lines (:mod:`.gfi_line`).

The line is whatever pyserial's ``serial_for_url`` opens (:mod:`.serial_port`). Whoever is behind it
cannot be told apart from here, so ``emulated`` is False; a rig says what it is by launching an
emulator or by ``emulated: true``.

What the other side does wrong comes back as :class:`~devices.ports.Received`. Where a program or
a terminal server is the other side (a pty, a socket) its hanging up is the device dropping the
line: ``CLOSED`` once, a :class:`~bench.errors.LinkError` from then on. On a real tty reading fails
only when the equipment itself is gone: a LinkError at once.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from bench.errors import LinkError
from devices.adapters.first_failure import FirstFailure
from devices.adapters.gfi_line import Line, LineReader, encode_line
from devices.adapters.serial_port import SerialPort
from devices.ports import Received, Reception


class SerialLine:
    """A serial line to a GBCS device or the test equipment in front of it.

    Options are those of :class:`~devices.adapters.serial_port.SerialPort`.
    """

    provides = ("gbcs",)
    emulated = False

    def __init__(self, *, url: str, baud: int = 115_200, write_timeout_s: float = 10.0,
                 clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failure = FirstFailure()
        self._reader = LineReader()
        self._lines: deque[Line] = deque()
        self._port = SerialPort(url, baud, write_timeout_s, self._failure)

    @property
    def failure(self) -> LinkError | None:
        """What broke this adapter, None while it works."""
        return self._failure.error

    def activate(self) -> None:
        """Open the line for ourselves alone; absent or busy is a LinkError."""
        self._failure.check()
        self._port.open()

    def deactivate(self) -> None:
        """Close the line; what was not received is forgotten."""
        self._port.close()
        self._reader.drop()
        self._lines.clear()

    def send(self, message: bytes) -> None:
        """Write ``message`` as one line with number 0."""
        self._port.check()
        self._port.write(encode_line(0, message))

    def receive(self, timeout: float) -> Received:
        """Wait at most ``timeout`` seconds (0 takes what is there) for the next line.

        Octets are reported once: what a silence cut off (``PARTIAL``, ``GARBAGE``) does not
        come back as part of a later line.
        """
        self._port.check()
        deadline = self._clock() + timeout
        while not self._lines:
            left = max(0.0, deadline - self._clock())
            try:
                arrived = self._port.read(left)
            except OSError as error:
                return self._lost(error)
            self._lines.extend(self._reader.feed(arrived))
            if left == 0 and not self._lines:
                return self._cut_short()
        line = self._lines.popleft()
        if line.message is None:
            return Received(Reception.GARBAGE, line.octets)
        return Received(Reception.MESSAGE, line.message)

    def _cut_short(self) -> Received:
        well_formed = self._reader.well_formed
        octets = self._reader.drop()
        if not octets:
            return Received(Reception.SILENCE)
        return Received(Reception.PARTIAL if well_formed else Reception.GARBAGE, octets)

    def _lost(self, error: OSError) -> Received:
        octets = self._reader.drop()
        if self._port.has_peer:
            self._failure.remember(
                f"serial line {self._port.url}: the other side dropped it", octets)
            return Received(Reception.CLOSED, octets)
        raise self._port.unplugged(error, octets) from error
