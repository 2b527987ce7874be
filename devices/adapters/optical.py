"""Port ``dlms`` behind an optical head: sign-on in mode E, then HDLC (IEC 62056-21, 62056-46).

``connect`` goes to 300 bit/s, signs on and leaves the line at the speed that was agreed. The
sign-on's 7E1 is made in software on an 8N1 line, as pseudo-terminals, terminal servers and most USB
heads have nothing else. Whether the head echoes shows at the request. A meter that does not answer
the sign-on, or answers something else, is a connection that it closed; why is in
:attr:`Optical.failed`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from bench.errors import RigError
from bench.protocols.iec62056_21.messages import SIGN_ON_BAUD
from bench.protocols.iec62056_21.sign_on import (
    ClientSignOn,
    Failed,
    Identified,
    Send,
    SignedOn,
    Step,
    Switch,
)
from devices.adapters.dlms_serial import BITS, DlmsSerial
from devices.adapters.echo import Echo
from devices.adapters.options import positive
from devices.ports import Arrived, Crossed

CONFIRMATIONS = ("new", "old", "none")


class Optical(DlmsSerial):
    """An optical head, or any line to a meter that wants a sign-on.

    ``address`` is the meter's device address, empty for any; ``baud`` the highest speed to agree
    on; ``confirmation`` where the meter confirms it: at the ``new`` speed, the ``old``, or
    ``none``; ``echo`` false where the head cannot echo; ``response_s`` how long the meter may take
    for each message, in seconds; ``attempts`` how often it is asked. Other options are those of
    :class:`~devices.adapters.dlms_serial.DlmsSerial`.
    """

    def __init__(self, *, url: str, baud: int = 19_200, address: str = "",
                 confirmation: str = "new", response_s: float = 2.0, attempts: int = 2,
                 turn_round_s: float = 0.0, echo: bool = True, inter_octet_s: float = 0.0,
                 write_timeout_s: float = 10.0, clock: Callable[[], float] = time.monotonic,
                 sleep: Callable[[float], object] = time.sleep) -> None:
        super().__init__(url=url, baud=SIGN_ON_BAUD, turn_round_s=turn_round_s, echo=echo,
                         inter_octet_s=inter_octet_s, write_timeout_s=write_timeout_s,
                         clock=clock, sleep=sleep)
        if confirmation not in CONFIRMATIONS:
            raise RigError(f"confirmation: expected one of {', '.join(CONFIRMATIONS)}, "
                           f"found {confirmation!r}")
        self._sign_on = ClientSignOn(address, highest_baud=int(positive("baud", baud)),
                                     confirmation=confirmation)
        self._response = positive("response_s", response_s)
        self._attempts = int(positive("attempts", attempts))
        self._may_echo = echo
        self._has_heard = False  # since the line was dialled
        self.confirmation = confirmation
        self.crossed: list[Crossed] = []
        """What the last :meth:`connect` sent and received, attempt after attempt."""
        self.failed: str = ""
        """Why the last sign-on failed, empty where it did not."""
        self.identification = ""
        """The maker and text that the meter named itself by at the last sign-on."""

    def connect(self) -> None:
        """Sign on; where the meter does not take part, the connection is closed."""
        super().connect()
        self.failed = ""
        self.crossed = []
        for _ in range(self._attempts):
            if self._signs_on() or self._closed:
                break
        else:
            self._closed = True

    def dial(self) -> None:
        """Make a fresh connection without a sign-on, at 300 bit/s."""
        super().connect()
        self._begin()
        self.set_speed(SIGN_ON_BAUD)

    def transmit(self, octets: bytes) -> float:
        """Send ``octets``; return when the last has left, in seconds of the clock of arrivals."""
        if self._has_heard:  # whether the head echoes is known: the same text is no echo
            self._has_echo = self._echo.came
        self._await_turn()
        end = self._clock() + len(octets) * BITS / self._speed
        self.send(octets)
        self._sleep(max(0.0, end - self._clock()))
        return end

    def set_speed(self, baud: int) -> None:
        """Go to ``baud`` bit/s."""
        self._speed = baud
        self._port.set_baud(baud)

    def receive(self, timeout: float) -> Arrived:
        """Return what arrives next, after at most ``timeout`` seconds (0 takes what is there)."""
        arrived = super().receive(timeout)
        self._has_heard = self._has_heard or bool(arrived.octets)
        return arrived

    def _begin(self) -> None:
        self._forget()
        self._echo = Echo()
        self._has_echo = self._may_echo
        self._has_heard = False

    def _signs_on(self) -> bool:
        """Return whether the meter signed on."""
        self._begin()
        steps = self._sign_on.start()
        while not self._closed:
            for step in steps:
                if isinstance(step, SignedOn):
                    self._waiting = step.rest
                    return True
                if isinstance(step, Failed):
                    self.failed = f"sign-on: {step.error}"
                    return False
                self._do(step)
            steps = self._heard()
            if not steps:
                self.failed = f"sign-on: no answer within {self._response} s"
                return False
        self.failed = "sign-on: the connection was closed"
        return False

    def _do(self, step: Step) -> None:
        if isinstance(step, Send):
            self.crossed.append(Crossed(sent=True, octets=step.octets, time=self._clock()))
            self.send(step.octets)
            # a line that does not say when the last octet has left (a pty, a socket)
            self._sleep(len(step.octets) * BITS / self._speed)
        elif isinstance(step, Switch):
            self.set_speed(step.baud)
        elif isinstance(step, Identified):
            # the confirmation is the same text as the acknowledgement: it must not pass for echo
            self._has_echo = self._echo.came
            one = step.identification
            self.identification = f"{one.maker} {one.text}".strip()

    def _heard(self) -> list[Step]:
        """Return what follows from what the meter says within the time it may take."""
        deadline = self._clock() + self._response
        steps: list[Step] = []
        heard = b""
        while not steps and not self._closed:
            left = deadline - self._clock()
            octets = self._read(max(0.0, left))
            if octets:
                heard += octets
                deadline = self._clock() + self._response
                steps = self._sign_on.receive(octets)
            elif left <= 0:
                break
        if heard:
            self.crossed.append(Crossed(sent=False, octets=heard, time=self._last_heard))
        return steps
