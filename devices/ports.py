"""What a step can ask of a device: one protocol of a few methods per port.

An adapter implements one or more ports for real equipment, for an emulator's stimulus channel or
for a human operator. A rig file binds each port to one adapter (:mod:`devices.rig`). Rules that
every adapter keeps:

- ``activate`` and ``deactivate`` are symmetric; ``deactivate`` never raises.
- What the *device* does wrong is a return value (:class:`Received`, :class:`Arrived`), never an
  exception.
- What the *rig* does wrong is a :class:`~bench.errors.LinkError`. After the first one the adapter
  is broken: every later call raises the same error at once, without touching the equipment.
- What the rig *cannot* do is :class:`~bench.errors.NotTestableHere`.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, runtime_checkable


class Reception(enum.StrEnum):
    """What came over the line within the time allowed."""

    MESSAGE = "message"
    SILENCE = "silence"
    GARBAGE = "garbage"  # octets that are no line of the format
    PARTIAL = "partial"  # a line that stopped half-way
    CLOSED = "closed"  # the device dropped the line


@dataclass(frozen=True, slots=True)
class Received:
    """One reception; ``octets`` is the message, or whatever had arrived so far."""

    reception: Reception
    octets: bytes = b""


@runtime_checkable
class Gbcs(Protocol):
    """The remote-party side of a GBCS device: whole messages, no keys, no meaning."""

    def send(self, message: bytes) -> None: ...

    def receive(self, timeout: float) -> Received:
        """Wait at most ``timeout`` seconds for the next message."""


class Arrival(enum.StrEnum):
    """What came of octets within the time allowed."""

    ARRIVED = "arrived"
    SILENCE = "silence"
    CLOSED = "closed"  # the device, or the network, ended the connection


@dataclass(frozen=True, slots=True)
class Arrived:
    """Octets as they came in one piece, which may hold part of a frame or several.

    ``time`` is that of the arrival (of the last octet), in seconds of a monotonic clock, the same
    for all arrivals of an adapter; of silence and of a closed connection, when that was seen.
    """

    octets: bytes
    time: float
    state: Arrival = Arrival.ARRIVED


@runtime_checkable
class Dlms(Protocol):
    """The client's side of the line to a DLMS/COSEM server: octets and their times, no frames.

    What the line needs before the first frame (dialling, the sign-on of IEC 62056-21) and what it
    does to octets (parity in software, the echo of an optical head) is the adapter's; which octets
    belong together, and what is answered, is not. That the *device* does not take the call or
    answer the sign-on is seen as a connection that it closed: ``receive`` says so, and a later
    ``connect`` tries anew.
    """

    framing: str  # what the octets are frames of: "hdlc" (IEC 62056-46) or "wrapper" (62056-47)

    def connect(self) -> None:
        """Make a fresh connection: open, dial, sign on. One that is open is dropped first.

        Raises :class:`~bench.errors.LinkError` where the way to the device is broken.
        """

    def disconnect(self) -> None:
        """Drop the connection; never raises."""

    def send(self, octets: bytes) -> None:
        """Send ``octets`` as they are; into a closed connection, nothing is sent and nothing
        raised. Their echo, where the line has one, is not received."""

    def receive(self, timeout: float) -> Arrived:
        """Return what arrives next, after at most ``timeout`` seconds.

        Octets that arrived before a connection was closed come before ``closed`` does, which is
        said at once and every time from then on.
        """


@runtime_checkable
class Called(Dlms, Protocol):
    """A line to a device that is called, as over TCP, and may be away for a while.

    Once it has taken a call, that it takes no other is its own doing; before, the rig is broken.
    """

    def call(self, patience: float) -> str:
        """Connect; a call that is not taken is tried again for ``patience`` seconds.

        Returns why none was taken, which is as if the device had closed the connection; empty
        where one was. Raises :class:`~bench.errors.LinkError` as ``connect`` does.
        """


@runtime_checkable
class SerialLine(Dlms, Protocol):
    """A line of a known speed, on which octets take their time after they were handed over."""

    sent_until: float  # when the last one leaves, in seconds of the clock of arrivals


@dataclass(frozen=True, slots=True)
class Crossed:
    """Octets that crossed a line, ``sent`` or received by the bench; ``time`` as of arrivals."""

    sent: bool
    octets: bytes
    time: float


@runtime_checkable
class OpticalHead(Dlms, Protocol):
    """A line whose sign-on of IEC 62056-21 a plan may drive itself, octet by octet.

    Octets are those of an 8N1 line at every speed: parity of 7E1 is the caller's.
    """

    confirmation: str  # where the meter confirms: at the "new" speed, the "old", or "none"
    crossed: Sequence[Crossed]  # what the last ``connect`` sent and received before HDLC

    def dial(self) -> None:
        """Make a fresh connection without a sign-on, at 300 bit/s."""

    def transmit(self, octets: bytes) -> float:
        """Send ``octets``; return when the last has left, in seconds of the clock of arrivals."""

    def set_speed(self, baud: int) -> None:
        """Go to ``baud`` bit/s."""


@runtime_checkable
class Time(Protocol):
    """The time that the device lives in, and the reference it synchronises to (its hub)."""

    def now(self) -> datetime:
        """Return the reference time, UTC."""

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass: an emulator jumps, a real rig waits or says it cannot."""

    def shift_reference(self, seconds: float) -> None:
        """Move the reference (the hub's clock) against the device's own clock."""

    def synchronise(self) -> None:
        """Have the device compare its clock with the reference now."""


@runtime_checkable
class Load(Protocol):
    """What flows through the meter, constant until changed."""

    def set(self, *, active_import_w: float = 0, active_export_w: float = 0,
            reactive_import_var: float = 0, reactive_export_var: float = 0) -> None: ...

    def energy(self) -> Mapping[str, float]:
        """Return what has flowed since activation: ``active_import_wh``, ``active_export_wh``,
        ``reactive_import_varh``, ``reactive_export_varh``, by the rig's own measurement."""


@runtime_checkable
class Mains(Protocol):
    """The supply of the meter, single phase."""

    def set_voltage(self, volts: float) -> None: ...

    def off(self) -> None: ...

    def on(self) -> None: ...


@runtime_checkable
class Controls(Protocol):
    """The consumer's own controls and what can be seen of the device from outside."""

    def press(self, control: str) -> None:
        """Operate a control: ``supply_on`` (ask for the supply to be enabled)."""

    def contactor(self) -> str:
        """Return ``closed`` or ``open``, measured at the load terminals."""


@runtime_checkable
class Tamper(Protocol):
    """Physical interference: ``meter_cover``, ``terminal_cover``, ``battery_cover``,
    ``magnetic_field``."""

    def apply(self, interference: str) -> None: ...

    def clear(self, interference: str) -> None: ...


PORTS: Mapping[str, type] = {
    "gbcs": Gbcs, "dlms": Dlms, "time": Time, "load": Load, "mains": Mains, "controls": Controls,
    "tamper": Tamper,
}


class Adapter(Protocol):
    """What a third party's class must offer to be named in a rig file.

    The class is found by the entry point group ``smip_bench.devices``, under the adapter's name,
    or under ``PORT.NAME`` where that name is another class for other ports; its keyword parameters
    are the options that a rig file may set, less ``ask``, ``clock`` and ``sleep``, which are the
    bench's to give. It is called with the mapping of its rig entry (less ``adapter``) and must
    raise :class:`~bench.errors.RigError` for a value that it cannot use.
    """

    provides: tuple[str, ...]  # names of PORTS that instances implement
    emulated: bool  # True when what answers is software that stands for a device

    def activate(self) -> None: ...

    def deactivate(self) -> None: ...
