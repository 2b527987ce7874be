"""What all emulated devices share: octets and stimuli in, octets out, without I/O or a clock.

:meth:`Device.handle` takes one message and returns what the device sends, in order: the response,
then alerts. Stimuli leave their alerts in the outbox, which :meth:`Device.drain` empties. Time
passes only in :meth:`Device.advance`. A kind of device says how it carries out commands
(``execute``), keeps events (``keep``) and what becomes due when; the rest is here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from bench.errors import RigError
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from devices.emulators.gbcs import events, instants
from devices.emulators.gbcs.alerts import Announcer
from devices.emulators.gbcs.blocks import Blocks
from devices.emulators.gbcs.clock import Clock, Outcome
from devices.emulators.gbcs.credential_commands import Act, CredentialCommands
from devices.emulators.gbcs.credentials import Credentials
from devices.emulators.gbcs.dialogue import Dialogue
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.kind import Kind
from devices.emulators.gbcs.profile import Settings
from devices.emulators.gbcs.reception import Command, Reception
from devices.emulators.gbcs.stimuli import Calls

SYNCHRONISATION_PERIOD = 3_600
"""Seconds between two routine comparisons with the hub's clock (our choice)."""

LONGEST = 3_653 * instants.DAY
"""Seconds that may pass at once; time stamps of 32 bits hold until 2136."""


class Device(ABC):
    """One emulated device.

    ``keys`` must hold its own private keys and its parties' certificates; ``parties`` names its
    remote parties (``supplier``, ``network_operator``, ``access_control_broker`` and whoever else
    it is to know) with their EUI-64. ``seed`` fixes what differs between devices of one make.
    """

    kind: ClassVar[Kind]

    def __init__(
        self, settings: Settings, keys: KeyStore, eui64: bytes, parties: Mapping[str, bytes], *,
        seed: int = 0, faults: Faults = NONE,
    ) -> None:
        self.credentials = Credentials(eui64, self.kind.cells, keys, parties, seed=seed,
                                       faults=faults)
        self.credential_commands = CredentialCommands(self)
        self.settings = settings
        self.eui64 = eui64
        self.faults = faults
        self.clock = Clock(settings.start, once_a_day=settings.set_clock_once_a_day, faults=faults)
        self._dialogue = Dialogue(self, Reception(self.kind, eui64, self.credentials, faults))
        self._blocks = Blocks(eui64, settings, faults, self._dialogue.answer)
        self._announcer = Announcer(eui64, self.kind.alerts, faults)
        self._outbox: list[bytes] = []
        self._next_synchronisation = self._next_hour()
        self._clock_reported = False
        self._off_since: float | None = None
        self._interference: set[str] = set()

    # -- what a kind of device does ------------------------------------------------------------

    @abstractmethod
    def execute(self, command: Command, head: Message) -> tuple[bytes, bool]:
        """Return the payload of the response, and whether all was done that was asked.

        ``head`` is the response without a payload. Commands in ASN.1 go to :meth:`acts`.
        """

    @abstractmethod
    def keep(self, log: str, code: int, other: bytes | int | None) -> None:
        """Store an event in a log; ``other`` is the entry's own information."""

    @abstractmethod
    def pretence(self, counter: int) -> bytes:
        """Return the payload with which a faulty device answers what it refused."""

    @abstractmethod
    def upset(self) -> None:
        """Change a setting, as a faulty device does behind a malformed message."""

    def acts(self) -> Mapping[int, Act]:
        """Return what carries out commands in ASN.1 beside those of credentials, by code."""
        return {}

    def calls(self) -> Calls:
        """Return the stimuli that the device takes."""
        return {
            ("time", "now"): lambda: instants.to_datetime(self.clock.reference).isoformat(),
            ("time", "advance"): self.advance,
            ("time", "shift_reference"): self.shift_reference,
            ("time", "synchronise"): self.synchronise,
            ("tamper", "apply"): self.interfere,
            ("tamper", "clear"): self.end_interference,
            ("identity", "read"): self._identity,
        }

    def interferences(self) -> Mapping[str, tuple[int, int]]:
        """Return the interferences that the device notices: codes of their begin and end."""
        return {}

    def due(self) -> float:
        """Return the true time at which something is next to be done; infinity without any."""
        return float("inf")

    def passes(self, seconds: float) -> None:  # noqa: B027  most have nothing to do
        """Let ``seconds`` pass without a change."""

    def close(self) -> None:  # noqa: B027  most have nothing to do
        """End the periods that are over, before the clock may be moved."""

    def settle(self) -> None:  # noqa: B027  most have nothing to do
        """Do what is due now."""

    def wants(self, party: str) -> bool:
        """Return whether a party, by its role's name, is told of events that are not critical."""
        del party
        return True

    # -- the line ------------------------------------------------------------------------------

    @property
    def keys(self) -> KeyStore:
        """The keys of the device and of its remote parties, as they are now."""
        return self.credentials.keys

    @property
    def powered(self) -> bool:
        """Whether it has its supply."""
        return self._off_since is None

    def handle(self, octets: bytes) -> list[bytes]:
        """Take one message; return the response, if any, and alerts. Silent without a supply."""
        if not self.powered:
            return []
        answer = self._blocks.take(octets)
        self._settle()
        return answer + self.drain()

    def drain(self) -> list[bytes]:
        """Return the alerts that wait to be sent; none without a supply."""
        if not self.powered:
            return []
        waiting, self._outbox = self._outbox, []
        return waiting

    # -- stimuli -------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass, 0 to ten years."""
        if not 0 <= seconds <= LONGEST:
            raise RigError(f"time passes by 0 to {LONGEST} s, not by {seconds}")
        end = self.clock.true + seconds
        while self.clock.true < end:
            step = max(min(end, self._due()), self.clock.true)
            if step > self.clock.true and self.powered:
                self.passes(step - self.clock.true)
            self.clock.run_to(step, powered=self.powered)
            self._settle()

    def shift_reference(self, seconds: float) -> None:
        """Move the hub's clock against the device's."""
        self.clock.shift_reference(seconds)

    def synchronise(self, *, routine: bool = False) -> None:
        """Have the device compare its clock with the hub's; a routine one reports once."""
        outcome = self.clock.synchronise()
        if outcome is Outcome.REFUSED:
            if not (routine and self._clock_reported):
                self._clock_refused()
            self._clock_reported = True
            return
        self._clock_reported = False
        if outcome is Outcome.CORRECTED:
            if "clock-silent-correction-logged" in self.faults:
                self.event(events.CLOCK_ADJUSTED)
            self._clock_changed()

    def interfere(self, interference: str) -> None:
        """Begin an interference, one of :meth:`interferences`."""
        begins, _ = events.tamper(interference, self.interferences())
        if interference in self._interference:
            return
        self._interference.add(interference)
        if "tamper-not-logged" in self.faults:
            self.announce(begins)
        elif "tamper-alert-missing" in self.faults:
            self.event(begins, announce=False)
        else:
            self.event(begins)

    def end_interference(self, interference: str) -> None:
        """End an interference."""
        _, ends = events.tamper(interference, self.interferences())
        if interference in self._interference:
            self._interference.discard(interference)
            self.event(ends)

    def interrupt(self) -> None:
        """Lose the supply: the device falls silent, its clock and stores keep."""
        if not self.powered:
            return
        self._off_since = self.clock.now
        self.credentials.interrupt()
        self.credential_commands.updates.interrupt()

    def resume(self) -> float:
        """Get the supply back; return the instant at which it was lost."""
        began, self._off_since = self._off_since, None
        return self.clock.now if began is None else began

    def set_clock(self, begin: float, end: float) -> Outcome:
        """Take the hub's time if it lies between the two (R-CLK-02, R-CLK-03)."""
        outcome = self.clock.set(begin, end)
        if outcome is Outcome.SET:
            if "set-clock-not-logged" not in self.faults:
                self.event(events.CLOCK_ADJUSTED, b"")
            self._clock_changed()
        elif outcome is Outcome.REFUSED:
            self._clock_refused()
        return outcome

    # -- events --------------------------------------------------------------------------------

    def event(self, code: int, other: bytes | int | None = None, *, content: Any = (),
              announce: bool = True) -> None:
        """Store ``code`` in its log and announce it; ``other`` is the entry's own information."""
        rule = self.kind.events[code]
        if rule.log:
            self.keep(rule.log, code, other)
        if announce:
            self.announce(code, content)

    def next_counter(self) -> int:
        """Return the device's next originator counter."""
        return self._announcer.next_counter()

    def announce(self, code: int, content: Any = ()) -> None:
        """Announce ``code`` to those it is for, without storing it."""
        for name in self.kind.events[code].to:
            party, keys = self.credentials.recipient(name)
            if party is not None and (events.is_critical(code) or self.wants(name)):
                self._outbox.append(
                    self._announcer.alert(code, self.clock.now, party, content, keys))

    def notify(self, message_code: int, payload: bytes, party: bytes) -> None:
        """Send ``party`` an alert of its own message code and payload."""
        self._outbox.append(self._announcer.notice(message_code, payload, party, self.keys))

    # -- inside --------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        return {"entity_id": self.eui64.hex().upper(), "device_type": self.kind.type,
                "firmware_version": self.settings.firmware_version,
                "defects": sorted(self.faults)}

    def _clock_refused(self) -> None:
        self.event(events.CLOCK_REFUSED, announce="clock-refusal-silent" not in self.faults)

    def _clock_changed(self) -> None:
        self._next_synchronisation = self._next_hour()
        self._settle()

    def _next_hour(self) -> float:
        return (self.clock.now // SYNCHRONISATION_PERIOD + 1) * SYNCHRONISATION_PERIOD

    def _due(self) -> float:
        return min(self.due(), self.clock.true_at(
            min(self._next_synchronisation, self.credential_commands.updates.due())))

    def _settle(self) -> None:
        """Do all that is due now."""
        now = self.clock.now
        self.close()
        if now >= self._next_synchronisation:
            self._next_synchronisation = self._next_hour()
            if self.powered:
                self.synchronise(routine=True)
        self.settle()
        self.credential_commands.updates.run(now)
