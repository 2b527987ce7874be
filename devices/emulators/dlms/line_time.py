"""How long octets take on a serial line, and what becomes of them: 300 to 115,200 bit/s.

A pseudo-terminal ignores speed, parity and noise, so an emulated meter models them: each octet
takes ten bits, the meter waits before it answers and between frames, and a seeded share of octets
has a bit flipped in either direction. Where the other end is set to another speed (a pty's master
can be asked), what is heard is rubbish. Without a speed octets pass at once, but for a sign-on in
mode E, whose speeds are the standard's: it takes its time on every line. Times are seconds.
"""

from __future__ import annotations

import random
import sys
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from bench.errors import RigError
from devices.emulators.terminal import Terminal

BAUD = (300, 600, 1200, 2400, 4800, 9600, 19_200, 38_400, 57_600, 115_200)
_BITS = 10  # of an octet on the line: start, 8 (or 7 and parity), stop
_AS_SENT = -1  # in the place of a speed: octets that nothing happens to
_REACTION_S = 0.2  # what the other end is given to follow (IEC 62056-21, reaction time)
_SLICE_S = 0.01  # octets go out in pieces of this time, at least one


@dataclass(frozen=True, slots=True)
class LineSettings:
    """``baud`` 0 models no time. ``noise`` is the share of octets with a wrong bit, 0 to below 1.

    ``turn_round`` is how long the meter waits before it answers, ``gap`` between two frames.
    ``echo``: the other end hears what it sends, as behind some optical heads and on two wires.
    """

    baud: int = 0
    noise: float = 0.0
    turn_round: float = 0.0
    gap: float = 0.0
    seed: int = 0
    echo: bool = False

    def __post_init__(self) -> None:
        if self.baud and self.baud not in BAUD:
            raise RigError(f"baud: expected one of {', '.join(map(str, BAUD))}, found {self.baud}")
        if not 0 <= self.noise < 1:
            raise RigError(f"noise: expected a share from 0 to below 1, found {self.noise}")


class LineTime:
    """The line of one meter: hand it what each end sends, take what has arrived.

    ``terminal`` is the terminal that it stands for, None over TCP.
    """

    def __init__(self, settings: LineSettings, terminal: Terminal | None = None) -> None:
        self._settings = settings
        self._terminal = terminal
        self._real = terminal is not None and not terminal.is_new  # which takes its own time
        self._timed = bool(settings.baud) and not self._real
        self._baud = settings.baud
        self._noise = random.Random(settings.seed)  # noqa: S311  reproducible, guards nothing
        self._in: deque[tuple[float, bytes]] = deque()
        self._out: deque[tuple[float, bytes, int]] = deque()  # b"" for a change of speed
        self._in_free = 0.0
        self._out_free = 0.0
        if self._real and terminal is not None and settings.baud:
            set_speed(terminal, settings.baud)

    @property
    def deadline(self) -> float | None:
        """When the next octets arrive at either end."""
        due = [queue[0][0] for queue in (self._in, self._out) if queue]
        return min(due, default=None)

    @property
    def is_at_another_speed(self) -> bool:
        """Whether the other end of a pseudo-terminal has set another speed than the meter has."""
        if self._terminal is None or not self._baud:
            return False
        return speed_of(self._terminal) not in (None, self._baud)

    def heard(self, octets: bytes, now: float) -> None:
        """The other end sent ``octets``, which arrived in our buffer at ``now``."""
        self._in_free = max(now, self._in_free)
        for piece in self._pieces(octets):
            self._in_free += self._time(len(piece))
            self._in.append((self._in_free, self._spoilt(piece, self._speed)))
            if self._settings.echo:  # at the speed that it is sent at, whatever the meter hears
                self._out.append((self._in_free, piece, _AS_SENT))
                self._out_free = max(self._in_free, self._out_free)

    def send(self, octets: bytes, now: float) -> None:
        """The meter sends ``octets``: in pieces that arrive when their last octet does."""
        pause = self._settings.turn_round if self._timed else 0.0
        end = max(now + pause, self._out_free)
        for piece in self._pieces(octets):
            end += self._time(len(piece))
            self._out.append((end, piece, self._speed))
        self._out_free = end + (self._settings.gap if self._timed else 0.0)

    def pause(self, seconds: float, now: float) -> None:
        """The meter sends nothing for so long, where octets take time."""
        if self._timed:
            self._out_free = max(now, self._out_free) + seconds

    def switch(self, baud: int, now: float, *, signing_on: bool = False) -> None:
        """The meter changes its speed once all has left that it sent.

        Where it goes up the other end is given a little to follow; down it leads itself.
        """
        self._timed = not self._real and (signing_on or bool(self._settings.baud))
        free = max(now, self._out_free)
        if self._timed and 0 < self._baud < baud:
            self._out_free = free + _REACTION_S
        self._baud = baud
        self._out.append((free, b"", baud))

    def arrived(self, now: float) -> Iterator[tuple[float, bytes]]:
        """Yield what the meter has received by ``now``, each with its time."""
        while self._in and self._in[0][0] <= now:
            yield self._in.popleft()

    def outgoing(self, now: float) -> bytes:
        """Return what the other end has received by ``now`` since the last call.

        Ends at a change of a real tty's speed, which the next call makes.
        """
        sent: list[bytes] = []
        while self._out and self._out[0][0] <= now:
            _, octets, baud = self._out[0]
            if not octets and self._terminal is not None and not self._terminal.is_new:
                if sent:
                    break
                set_speed(self._terminal, baud)
            self._out.popleft()
            sent.append(self._spoilt(octets, baud) if baud != _AS_SENT else octets)
        return b"".join(sent)

    @property
    def _speed(self) -> int:
        """The speed that octets are sent and heard at, 0 where they take no time."""
        return self._baud if self._timed else 0

    def _time(self, octets: int) -> float:
        return octets * _BITS / self._baud if self._timed else 0.0

    def _pieces(self, octets: bytes) -> list[bytes]:
        if not self._timed:
            return [octets]
        size = max(1, int(self._baud / _BITS * _SLICE_S))
        return [octets[start : start + size] for start in range(0, len(octets), size)]

    def _spoilt(self, octets: bytes, baud: int) -> bytes:
        if baud and self._terminal is not None and octets:
            other = speed_of(self._terminal)
            if other is not None and other != baud:
                return self._noise.randbytes(len(octets))
        if not self._settings.noise:
            return octets
        chance = self._noise
        return bytes(octet ^ (1 << chance.randrange(8)
                              if chance.random() < self._settings.noise else 0)
                     for octet in octets)


def speed_of(terminal: Terminal) -> int | None:
    """Return the bit/s that the other end of a pseudo-terminal has set, None where unknown."""
    if sys.platform == "win32" or not terminal.is_new:
        return None
    import termios  # noqa: PLC0415  not on Windows

    try:
        code = termios.tcgetattr(terminal.fileno())[5]
    except termios.error:
        return None
    return next((baud for baud in BAUD if getattr(termios, f"B{baud}", None) == code), None)


def set_speed(terminal: Terminal, baud: int) -> None:
    """Set the speed of a real tty once all has been sent; a pseudo-terminal needs none."""
    if sys.platform == "win32" or terminal.is_new:
        return
    import termios  # noqa: PLC0415  not on Windows

    code = getattr(termios, f"B{baud}")
    try:
        attributes = termios.tcgetattr(terminal.fileno())
        attributes[4] = attributes[5] = code
        termios.tcsetattr(terminal.fileno(), termios.TCSADRAIN, attributes)
    except termios.error as wrong:
        raise RigError(f"{terminal.name}: cannot be set to {baud} bit/s: {wrong}") from wrong
