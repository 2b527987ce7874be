"""The meter's optical port: sign-on to mode E, then HDLC (IEC 62056-21, 6.4.5; 62056-46, 6.2).

Back to the sign-on when the line was closed or its other end is back at 300 bit/s, after the
inactivity time-out, and at a request where no link is connected any more; a link that is
disconnected can be connected again. Octets before the sign-on that are no request are passed over;
a message that stops half-way is given up, as is a sign-on whose acknowledgement does not come.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.protocols.iec62056_21.characters import with_parity, without_parity
from bench.protocols.iec62056_21.messages import SIGN_ON_BAUD, Identification
from bench.protocols.iec62056_21.sign_on import (
    INTER_CHARACTER_S,
    Failed,
    Send,
    ServerSignOn,
    SignedOn,
    Step,
    Switch,
)
from devices.dlms_declaration import Hdlc
from devices.emulators.dlms.hdlc_server import DEFAULT, HdlcServer, inactivity_s
from devices.emulators.dlms.meter import Meter

_REACTION_S = 0.3  # between a message and its answer
_LATE_S = 1.9
_ACKNOWLEDGED_WITHIN_S = 4.0
"""From a request on: reaction, identification at 300 bit/s, and what the client may take."""
_FLAG = 0x7E
_REQUEST = with_parity(b"/")[0]


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent for so many ``seconds``, where octets take time at all."""

    seconds: float


Outgoing = bytes | Switch | Pause


class ModeEServer:
    """Serves ``meter`` on one line at up to the rate of ``baud`` (a character, 0 to 6); sans-IO.

    ``address`` is its device address, its serial number where left out.
    """

    def __init__(self, meter: Meter, declared: Hdlc = DEFAULT, *, baud: str = "5",
                 address: str = "") -> None:
        self._meter = meter
        self._faults = meter.faults
        self._inactivity = inactivity_s(declared, meter.faults)
        self._hdlc = HdlcServer(meter, declared)
        self._sign_on = ServerSignOn(
            _identification(meter, baud), address or meter.settings.serial, faults=meter.faults)
        self._signed_on = False
        self._keeps_rate = False
        self._last_octet = 0.0
        self._out: list[Outgoing] = list(_sent(self._sign_on.restart(), 0.0))

    @property
    def deadline(self) -> float | None:
        """When to call :meth:`time_passed`."""
        if not self._signed_on:
            return None if self._patience is None else self._last_octet + self._patience
        due = [self._last_octet + self._inactivity] if self._inactivity else []
        if self._hdlc.deadline is not None:
            due.append(self._hdlc.deadline)
        return min(due, default=None)

    @property
    def signed_on(self) -> bool:
        """Whether HDLC is spoken."""
        return self._signed_on

    def closed(self) -> None:
        """The line is gone: sign-on is needed again."""
        self._hdlc.closed()
        self._restart()

    def other_speed(self) -> None:
        """The other end of the line is at another speed: wrong characters, as on a break."""
        disconnected = "mode-e-rate-kept-after-disc" in self._faults and (
            self._hdlc.is_disconnected)
        if not (self._keeps_rate or disconnected):
            self.closed()

    def receive(self, octets: bytes, now: float) -> None:
        """Take what arrived at ``now``."""
        if not self._signed_on:
            self.time_passed(now)
        self._last_octet = now
        if not self._signed_on and octets[0] == _FLAG and (
                "mode-e-sign-on-not-needed" in self._faults):
            self._signed_on = True
            self._hdlc.at_speed(SIGN_ON_BAUD)
        if self._signed_on and self._hdlc.is_disconnected and octets[0] == _REQUEST:
            self.other_speed()  # the speed is 300 bit/s, and the next sign-on begins
        if self._signed_on:
            self._hdlc.receive(octets, now)
            self._after_hdlc()
        elif self._meter.powered:
            for step in self._sign_on.receive(octets):
                self._do(step, now)

    def time_passed(self, now: float) -> None:
        """Act on time-outs, and send what the meter pushes."""
        if self._signed_on:
            self._hdlc.time_passed(now)
            self._after_hdlc()
            if self._inactivity and now >= self._last_octet + self._inactivity:
                self._last_octet = now
                self._hdlc.closed()
                self._keeps_rate = "mode-e-rate-kept-after-time-out" in self._faults
                if not self._keeps_rate:
                    self._restart()
        elif self._patience is not None and now >= self._last_octet + self._patience:
            begun = self._sign_on.has_begun
            for step in self._sign_on.silence() if begun else self._sign_on.restart():
                self._do(step, now)

    def outgoing(self) -> list[Outgoing]:
        """Return what to send and when to change the line's speed, in order."""
        out, self._out = self._out, []
        return out

    @property
    def _patience(self) -> float | None:
        """How long the sign-on waits for further octets, None where it waits for none."""
        if self._sign_on.has_begun:
            return INTER_CHARACTER_S
        return _ACKNOWLEDGED_WITHIN_S if self._sign_on.awaits_acknowledgement else None

    def _do(self, step: Step, now: float) -> None:
        if isinstance(step, SignedOn):
            self._signed_on = True
            self._hdlc.at_speed(step.baud)
            if step.rest:
                self._hdlc.receive(step.rest, now)
                self._after_hdlc()
        elif not isinstance(step, Failed):
            self._out += [self._wrong(one) for one in _sent([step], self._reaction)]

    def _after_hdlc(self) -> None:
        self._out += self._hdlc.outgoing()

    def _restart(self) -> None:
        self._signed_on = False
        self._out += _sent(self._sign_on.restart(), self._reaction)

    @property
    def _reaction(self) -> float:
        if "mode-e-identification-early" in self._faults:
            return 0.0
        return _LATE_S if "mode-e-identification-late" in self._faults else _REACTION_S

    def _wrong(self, out: Outgoing) -> Outgoing:
        if not isinstance(out, bytes):
            return out
        text, _ = without_parity(out)
        if "mode-e-parity-missing" in self._faults and text.startswith(b"/"):
            return text
        if "mode-e-rate-ignored" in self._faults and text.startswith(b"\x06"):
            return bytes((out[0], out[1], 0x30, *out[3:]))  # rate 0
        return out


def _identification(meter: Meter, baud: str) -> Identification:
    right = Identification(meter.settings.flag_id, baud, meter.settings.serial[-16:])
    if "mode-e-flag-id-wrong" in meter.faults:
        return replace(right, maker=right.maker[::-1])
    if "mode-e-mark-missing" in meter.faults:
        return replace(right, mode_e=False)
    return right


def _sent(steps: list[Step], reaction: float) -> list[Outgoing]:
    out: list[Outgoing] = []
    for step in steps:
        if isinstance(step, Send):
            out += [Pause(reaction), step.octets]
        elif isinstance(step, Switch):
            out.append(step)
    return out
