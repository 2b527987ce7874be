"""The meter's optical port: sign-on to mode E, then HDLC (IEC 62056-21, 6.4.5; 62056-46, 6.2).

Back to the sign-on when the line was closed or its other end is back at 300 bit/s, and after the
inactivity time-out; a link that is disconnected can be connected again. Octets before the sign-on
that are no request are passed over.
"""

from __future__ import annotations

from bench.protocols.iec62056_21.characters import without_parity
from bench.protocols.iec62056_21.messages import Identification
from bench.protocols.iec62056_21.sign_on import (
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

Outgoing = bytes | Switch


class ModeEServer:
    """Serves ``meter`` on one line at up to the rate of ``baud`` (a character, 0 to 6); sans-IO."""

    def __init__(self, meter: Meter, declared: Hdlc = DEFAULT, *, baud: str = "5") -> None:
        self._meter = meter
        self._faults = meter.faults
        self._inactivity = inactivity_s(declared, meter.faults)
        self._hdlc = HdlcServer(meter, declared)
        identification = Identification(
            meter.settings.flag_id, baud, meter.settings.serial[-16:])
        self._sign_on = ServerSignOn(identification, meter.settings.serial)
        self._signed_on = False
        self._last_octet = 0.0
        self._out: list[Outgoing] = list(_sent(self._sign_on.restart()))

    @property
    def deadline(self) -> float | None:
        """When to call :meth:`time_passed`."""
        if not self._signed_on:
            return None
        due = [self._last_octet + self._inactivity] if self._inactivity else []
        if self._hdlc.deadline is not None:
            due.append(self._hdlc.deadline)
        return min(due, default=None)

    @property
    def signed_on(self) -> bool:
        """Whether HDLC is spoken."""
        return self._signed_on

    def closed(self) -> None:
        """The line is gone, or its other end is back at 300 bit/s: sign-on is needed again."""
        self._hdlc.closed()
        self._restart()

    def receive(self, octets: bytes, now: float) -> None:
        """Take what arrived at ``now``."""
        self._last_octet = now
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
                self._hdlc.closed()
                self._restart()

    def outgoing(self) -> list[Outgoing]:
        """Return what to send and when to change the line's speed, in order."""
        out, self._out = self._out, []
        return out

    def _do(self, step: Step, now: float) -> None:
        if isinstance(step, SignedOn):
            self._signed_on = True
            if step.rest:
                self._hdlc.receive(step.rest, now)
                self._after_hdlc()
        elif not isinstance(step, Failed):
            self._out += [self._wrong(one) for one in _sent([step])]

    def _after_hdlc(self) -> None:
        self._out += self._hdlc.outgoing()

    def _restart(self) -> None:
        self._signed_on = False
        self._out += _sent(self._sign_on.restart())

    def _wrong(self, out: Outgoing) -> Outgoing:
        if isinstance(out, Switch):
            return out
        text, _ = without_parity(out)
        if "mode-e-parity-missing" in self._faults and text.startswith(b"/"):
            return text
        if "mode-e-rate-ignored" in self._faults and text.startswith(b"\x06"):
            return bytes((out[0], out[1], 0x30, *out[3:]))  # rate 0
        return out


def _sent(steps: list[Step]) -> list[Outgoing]:
    return [step.octets if isinstance(step, Send) else step
            for step in steps if isinstance(step, Send | Switch)]
