"""Port ``dlms`` over a serial line: RS-232, RS-485, a terminal server; HDLC frames (IEC 62056-46).

8N1 at one speed. A line has no connections of its own: ``connect`` forgets what is buffered, and
dials anew where the line is a socket. On RS-485 with two wires the line is turned round a while
after the last octet that was heard, and one's own octets are taken out of what comes
(:mod:`.echo`). What the bench hears is stamped with the time of its last octet.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.errors import LinkError, RigError
from devices.adapters.echo import Echo
from devices.adapters.first_failure import FirstFailure
from devices.adapters.options import positive
from devices.adapters.serial_port import SerialPort
from devices.ports import Arrival, Arrived

BITS = 10
"""Of an octet on the line."""


class DlmsSerial:
    """A serial line to a DLMS meter.

    ``url``, ``baud`` and ``write_timeout_s`` are those of
    :class:`~devices.adapters.serial_port.SerialPort`; ``baud`` says for every line how long octets
    take. ``turn_round_s`` is the least silence between
    what is heard and what is sent, in seconds; ``echo`` says that the line gives back what is sent;
    ``inter_octet_s``: octets with no longer silence between them are one arrival, 0 for each read.
    """

    provides = ("dlms",)
    emulated = False
    framing = "hdlc"

    def __init__(self, *, url: str, baud: int = 9600, turn_round_s: float = 0.0,
                 echo: bool = False, inter_octet_s: float = 0.0, write_timeout_s: float = 10.0,
                 clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], object] = time.sleep) -> None:
        self._failure = FirstFailure()
        self._port = SerialPort(url, baud, write_timeout_s, self._failure)
        self._speed = int(baud)
        self._turn_round = _not_negative("turn_round_s", turn_round_s)
        self._inter_octet = _not_negative("inter_octet_s", inter_octet_s)
        self._clock = clock
        self._sleep = sleep
        if not isinstance(echo, bool):
            raise RigError(f"echo: expected true or false, found {echo!r}")
        self._has_echo = echo
        self._echo = Echo()
        self._closed = False
        self._last_heard = 0.0
        self.sent_until = 0.0
        """When the last octet that was sent has left, in seconds of the clock of arrivals."""
        self._waiting: bytes = b""

    @property
    def failure(self) -> LinkError | None:
        """What broke this adapter, None while it works."""
        return self._failure.error

    def activate(self) -> None:
        """Open the line for ourselves alone; absent or busy is a LinkError."""
        self._failure.check()
        if not self._port.is_dialled:
            self._port.open()

    def deactivate(self) -> None:
        """Close the line; what was not received is forgotten."""
        self._port.close()
        self._forget()

    def connect(self) -> None:
        """Begin afresh: dial where there is something to dial, forget what is buffered."""
        self._failure.check()
        if self._port.is_dialled:
            self._port.close()
            self._port.open()
        self._port.check()
        self._forget()
        self._closed = False
        try:
            while self._port.read(0):
                pass
        except OSError as error:
            self._lost(error)

    def disconnect(self) -> None:
        """End it; what was not received is forgotten."""
        if self._port.is_dialled:
            self._port.close()
        self._forget()
        self._closed = True

    def send(self, octets: bytes) -> None:
        """Send ``octets``; nothing where the other side has gone."""
        self._failure.check()
        if self._closed:
            return
        self._await_turn()
        if self._has_echo:
            self._echo.sent(octets)
        self._port.write(octets)
        self.sent_until = max(self.sent_until, self._clock()) + len(octets) * BITS / self._speed

    def receive(self, timeout: float) -> Arrived:
        """Return what arrives next, after at most ``timeout`` seconds (0 takes what is there)."""
        self._failure.check()
        deadline = self._clock() + timeout
        heard = b""
        while not self._closed:
            left = max(0.0, deadline - self._clock())
            octets = self._read(min(left, self._inter_octet) if heard else left)
            heard += octets
            if heard and (not octets or not self._inter_octet):
                return Arrived(heard, self._last_heard)
            if left == 0 and not octets:
                break
        if self._closed:
            return Arrived(heard, self._clock(), Arrival.ARRIVED if heard else Arrival.CLOSED)
        held = self._echo.give_up()  # the line had no echo: this was the other side's
        return Arrived(held, self._clock(), Arrival.ARRIVED if held else Arrival.SILENCE)

    def _await_turn(self) -> None:
        """Wait until the line is turned round."""
        if self._turn_round:
            left = self._last_heard + self._turn_round - self._clock()
            if left > 0:
                self._sleep(left)

    def _read(self, wait: float) -> bytes:
        """Return what is heard within ``wait`` seconds, echo taken out; b"" for nothing."""
        if self._waiting:
            octets, self._waiting = self._waiting, b""
            return octets
        try:
            octets = self._port.read(wait)
        except OSError as error:
            return self._lost(error)
        if octets:
            self._last_heard = self._clock()
        return self._echo.heard(octets)

    def _lost(self, error: OSError) -> bytes:
        """The other side went, which closes the connection; a real line breaks by that."""
        if not self._port.has_peer:
            raise self._port.unplugged(error) from error
        self._closed = True
        return self._echo.give_up()

    def _forget(self) -> None:
        self.sent_until = 0.0
        self._echo.give_up()
        self._waiting = b""


def _not_negative(option: str, value: object) -> float:
    return 0.0 if value == 0 and not isinstance(value, bool) else positive(option, value)
