"""The emulated DLMS meter on a line: HDLC, mode E, or the wrapper.

Between the meter's link and the other end is a line that takes its time (:mod:`.line_time`). A
meter in mode E that hears another speed than its own sees nothing but wrong characters and goes
back to its sign-on, as meters do on a break.
"""

from __future__ import annotations

import time
from typing import Protocol

from bench.protocols.iec62056_21.sign_on import Switch
from devices.emulators import serving
from devices.emulators.dlms.hdlc_server import HdlcServer
from devices.emulators.dlms.line_time import LineSettings, LineTime
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.mode_e_server import ModeEServer, Outgoing, Pause
from devices.emulators.terminal import Terminal

LINKS = ("hdlc", "mode-e", "wrapper")
"""What ``--link`` takes."""


class LinkServer(Protocol):
    """The meter's end of a link, sans-IO."""

    @property
    def deadline(self) -> float | None: ...

    def closed(self) -> None: ...

    def receive(self, octets: bytes, now: float) -> None: ...

    def time_passed(self, now: float) -> None: ...

    def outgoing(self) -> list[Outgoing] | list[bytes]: ...


class MeterLine:
    """What is on the meter's end of the line."""

    def __init__(self, link: LinkServer, settings: LineSettings) -> None:
        self._link = link
        self._settings = settings
        if isinstance(link, HdlcServer) and settings.baud:
            link.at_speed(settings.baud)
        self._time = LineTime(settings)
        self._setting: Switch | None = None  # the last one that the link asked for
        self._now = 0.0

    @property
    def deadline(self) -> float | None:
        """When to call :meth:`time_passed`."""
        due = (self._time.deadline, self._link.deadline)
        return min((one for one in due if one is not None), default=None)

    def opened(self, terminal: Terminal | None, now: float) -> None:
        """A party is on the line."""
        self._time = LineTime(self._settings, terminal)
        if self._setting is not None:
            self._switch(self._setting, now)
        self._go_on(now)

    def closed(self, now: float) -> None:
        """The party hung up."""
        self._time = LineTime(self._settings)
        self._link.closed()
        self._go_on(now)

    def take(self, octets: bytes, now: float) -> None:
        """Octets arrived in our buffer; they are on the line for as long as it takes."""
        if isinstance(self._link, ModeEServer) and self._link.signed_on and (
                self._time.is_at_another_speed):
            self._link.other_speed()
            self._go_on(now)
        self._time.heard(octets, now)
        self._hear(now)

    def time_passed(self, now: float) -> None:
        """Deliver what has arrived by ``now``, act on time-outs, send what is pushed."""
        self._hear(now)

    def outgoing(self) -> bytes:
        """Return what the other end has received by now."""
        return self._time.outgoing(self._now)

    def _hear(self, now: float) -> None:
        for arrived, octets in self._time.arrived(now):
            self._link.receive(octets, arrived)
        self._link.time_passed(now)
        self._go_on(now)

    def _go_on(self, now: float) -> None:
        self._now = now
        for one in self._link.outgoing():
            if isinstance(one, Switch):
                self._switch(one, now)
            elif isinstance(one, Pause):
                self._time.pause(one.seconds, now)
            else:
                self._time.send(one, now)

    def _switch(self, setting: Switch, now: float) -> None:
        self._setting = setting
        self._time.switch(setting.baud, now, signing_on=setting.seven_bits)


class Server(serving.Server):
    """Serves one meter until it is stopped.

    Time that a stimulus lets pass counts for the link's time-outs, too.
    """

    def __init__(self, meter: Meter, link: LinkServer, settings: LineSettings) -> None:
        self._jumped = 0.0
        calls = dict(meter.calls())
        self._advance_meter = calls["time", "advance"]
        calls["time", "advance"] = self._advance
        super().__init__(MeterLine(link, settings), calls,
                         clock=lambda: time.monotonic() + self._jumped)

    def _advance(self, seconds: float) -> None:
        self._advance_meter(seconds)
        self._jumped += seconds
