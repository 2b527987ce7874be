"""The whole meter: octets and stimuli in, octets out, no I/O and no clock of its own.

:meth:`Esme.handle` takes one message and returns what the meter sends, in order: the response, then
alerts. Stimuli leave their alerts in the outbox, which :meth:`Esme.drain` empties. Time passes only
in :meth:`Esme.advance`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from bench.errors import NotTestableHere, RigError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.keys import KeyStore
from devices.emulators.esme import events, instants
from devices.emulators.esme.account import Account
from devices.emulators.esme.activation import Activations
from devices.emulators.esme.alerts import Announcer
from devices.emulators.esme.blocks import Blocks
from devices.emulators.esme.clock import Clock, Outcome
from devices.emulators.esme.credential_commands import CredentialCommands
from devices.emulators.esme.credentials import Credentials
from devices.emulators.esme.dialogue import Dialogue
from devices.emulators.esme.faults import NONE, Faults
from devices.emulators.esme.limiting import LoadLimit
from devices.emulators.esme.load import Flow, LoadModel
from devices.emulators.esme.logs import Log
from devices.emulators.esme.metering import Metering
from devices.emulators.esme.profile import Settings
from devices.emulators.esme.quality import LONG_OUTAGE, Quality
from devices.emulators.esme.reception import Reception
from devices.emulators.esme.store import Element, Store
from devices.emulators.esme.supply import State, Supply
from devices.emulators.esme.values import Values

SYNCHRONISATION_PERIOD = 3_600
"""Seconds between two routine comparisons with the hub's clock (our choice)."""

LONGEST = 3_653 * instants.DAY
"""Seconds that may pass at once; time stamps of 32 bits hold until 2136."""

TAMPER_STATE = "1/0-0:94.44.0.4/a2"  # true: tamper disables the supply


class Esme:
    """One emulated meter.

    ``keys`` must hold its own private keys and its parties' certificates; ``parties`` names its
    remote parties (``supplier``, ``network_operator``, ``access_control_broker`` and whoever else
    it is to know) with their EUI-64. ``seed`` fixes what differs between meters of one make.
    """

    def __init__(
        self, settings: Settings, keys: KeyStore, eui64: bytes, parties: Mapping[str, bytes], *,
        seed: int = 0, faults: Faults = NONE,
    ) -> None:
        self.settings = settings
        self.credentials = Credentials(eui64, keys, parties, seed=seed, faults=faults)
        self.credential_commands = CredentialCommands(self)
        self.eui64 = eui64
        self.faults = faults
        self.randomised_offset_number = 1 + _digest(seed) % 10_000
        self.store = Store()
        self.clock = Clock(settings.start, once_a_day=settings.set_clock_once_a_day, faults=faults)
        self.load = LoadModel(settings.load_shape)
        self.metering = Metering(settings.start, faults)
        self.supply = Supply(faults)
        self.account = Account()
        self.metering.money = self.account.snapshot
        self.quality = Quality(settings.start, self.store.number, faults)
        self.limit = LoadLimit(self.store.number)
        self.logs = {name: Log(name, faults) for name in (
            "event", "security", "power", "auxiliary", "boost", "debt_payments", "credits")}
        self.logs |= self.metering.logs | {"voltage": self.quality.log}
        self.activations = Activations(self)
        self._values = Values(self)
        self._dialogue = Dialogue(self, Reception(eui64, self.credentials, faults))
        self._blocks = Blocks(eui64, settings, faults, self._dialogue.answer)
        self._announcer = Announcer(eui64, faults)
        self._outbox: list[bytes] = []
        self._next_synchronisation = self._next_hour()
        self._clock_reported = False
        self._off_since: float | None = None
        self._outages = 0
        self._interference: set[str] = set()

    @property
    def keys(self) -> KeyStore:
        """The keys of the meter and of its remote parties, as they are now."""
        return self.credentials.keys

    # -- the line ------------------------------------------------------------------------------

    def handle(self, octets: bytes) -> list[bytes]:
        """Take one message; return the response, if any, and alerts. Silent without mains."""
        if self._off_since is not None:
            return []
        answer = self._blocks.take(octets)
        self._settle()
        return answer + self.drain()

    def drain(self) -> list[bytes]:
        """Return the alerts that wait to be sent; none while the mains are off."""
        if self._off_since is not None:
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
            self._pass(step - self.clock.true)
            self.clock.run_to(step, powered=self._off_since is None)
            self._settle()

    def shift_reference(self, seconds: float) -> None:
        """Move the hub's clock against the meter's."""
        self.clock.shift_reference(seconds)

    def synchronise(self, *, routine: bool = False) -> None:
        """Have the meter compare its clock with the hub's; a routine one reports once."""
        outcome = self.clock.synchronise()
        if outcome is Outcome.REFUSED:
            if not (routine and self._clock_reported):
                self._clock_refused()
            self._clock_reported = True
            return
        self._clock_reported = False
        if outcome is Outcome.CORRECTED:
            if "clock-silent-correction-logged" in self.faults:
                self.event(0x8145)
            self._clock_changed()

    def set_load(self, flow: Flow) -> None:
        """Change what flows."""
        self.load.flow = flow
        self._settle()

    def set_voltage(self, volts: float) -> None:
        """Change the supply's voltage, 0 to 500 V."""
        if not 0 <= volts <= 500:
            raise RigError(f"{volts} V is outside 0..500")
        self.quality.set_voltage(volts, self.clock.true)
        self._settle()

    def mains_off(self) -> None:
        """Interrupt the supply; the meter falls silent, its clock and stores keep."""
        if self._off_since is None:
            self.event(0x8F57, Data(Tag.DOUBLE_LONG_UNSIGNED, 0))
            self._off_since = self.clock.now
            self.credentials.interrupt()
            self.credential_commands.updates.interrupt()
            if "register-not-persistent-over-outage" in self.faults:
                self.metering.forget()
            if "supply-enabled-by-outage" in self.faults:
                self.supply.state = State.ENABLED
            if "log-lost-over-outage" in self.faults:
                self.logs["event"].clear()
                self.logs["security"].clear()

    def mains_on(self) -> None:
        """Restore the supply; the meter announces the outage (R-VOL-05)."""
        if self._off_since is None:
            return
        began, self._off_since = self._off_since, None
        lasted = self.clock.now - began
        limit = 60 if "outage-three-minutes-off" in self.faults else LONG_OUTAGE
        code = 0x8F36 if lasted >= limit else 0x8F35
        stamps = [Data(Tag.OCTET_STRING, instants.octets(at)) for at in (began, self.clock.now)]
        if "restore-times-swapped" in self.faults:
            stamps.reverse()
        self._outages += 1
        announce = "restore-alert-missing" not in self.faults and not (
            "second-restore-alert-missing" in self.faults and self._outages > 1)
        self.event(code, Data(Tag.DOUBLE_LONG_UNSIGNED, int(lasted)), content=stamps,
                   announce=announce)
        self._settle()

    def press(self, control: str) -> None:
        """Operate the consumer's control ``supply_on``."""
        if control != "supply_on":
            raise NotTestableHere(f"this meter has no control {control!r}")
        if self._off_since is None:
            self.event(0x8161 if self.supply.press() else 0x8162)
            self._settle()

    def contactor(self) -> str:
        """Return ``closed`` or ``open``."""
        return "closed" if self.supply.closed else "open"

    def interfere(self, interference: str) -> None:
        """Begin an interference, one of ``events.TAMPERS``."""
        begins, _ = events.tamper(interference)
        if interference in self._interference:
            return
        self._interference.add(interference)
        if "tamper-not-logged" in self.faults:
            self.announce(begins)
        elif "tamper-alert-missing" in self.faults:
            self.event(begins, announce=False)
        else:
            self.event(begins)
        locks = self.store.get(TAMPER_STATE).value
        if "tamper-state-ignored" in self.faults:
            locks = False
        if "tamper-always-disables" in self.faults:
            locks = True
        if locks and self.supply.state != State.DISABLED:
            self.supply.state = State.DISABLED
            self.event(0x81BE)

    def end_interference(self, interference: str) -> None:
        """End an interference."""
        _, ends = events.tamper(interference)
        if interference not in self._interference:
            return
        self._interference.discard(interference)
        if ends == 0x81C1 and "cover-close-not-logged" in self.faults:
            self.announce(ends)
        else:
            self.event(ends)

    def power(self) -> float:
        """Return the active power that the meter imports now, in W."""
        return self._flow().active_import

    def energy(self) -> dict[str, float]:
        """Return what has flowed, in Wh and varh, whatever the meter counted."""
        return dict(self.load.energy)

    # -- what the execution of commands uses ---------------------------------------------------

    def read(self, element: Element) -> Data:
        """Return the value of an attribute that is no log."""
        return self._values.read(element)

    def read_log(self, element: Element, begin: float, end: float) -> Data:
        """Return the entries of a log from ``begin`` to ``end``."""
        log = self.logs[element.live.partition("/")[2]]
        return log.data(log.read(begin, end))

    def clear_log(self, name: str) -> None:
        """Clear the event log or the auxiliary controllers'; no other can be (R-LOG-02)."""
        if "clear-without-effect" not in self.faults:
            self.logs[name].clear()
        if name == "event":
            if "event-log-clear-clears-security" in self.faults:
                self.logs["security"].clear()
            if "event-log-clear-clears-power" in self.faults:
                self.logs["power"].clear()
            if "clear-not-logged" not in self.faults:
                self.event(0x8F52)

    def reset_counter(self, name: str) -> None:
        """Set a counter to zero: ``load_limit``, ``over_voltage`` or ``under_voltage``."""
        if name == "load_limit":
            self.limit.counter = 0
        else:
            self.quality.counters[name] = 0

    def counter(self, name: str) -> int:
        """Return a counter."""
        return self.limit.counter if name == "load_limit" else self.quality.counters[name]

    def activate_emergency_credit(self) -> bool:
        """Activate emergency credit if it is available or active already (R-PRE-09)."""
        limit = self.store.number("112/0-0:19.10.1.255/a9")
        if self.account.emergency_credit:
            return True
        if self.account.balance > self.store.number("112/0-0:19.10.1.255/a10"):
            return False
        self.account.emergency_credit = limit
        self.event(0x81AB)
        return True

    def set_clock(self, begin: float, end: float) -> Outcome:
        """Take the hub's time if it lies between the two (R-CLK-02, R-CLK-03)."""
        outcome = self.clock.set(begin, end)
        if outcome is Outcome.SET:
            if "set-clock-not-logged" not in self.faults:
                self.event(0x8145, Data(Tag.OCTET_STRING, b""))
            self._clock_changed()
        elif outcome is Outcome.REFUSED:
            self._clock_refused()
        return outcome

    def event(self, code: int, other: Data | None = None, *, content: Sequence[Data] = (),
              announce: bool = True) -> None:
        """Store ``code`` in its log and announce it; ``other`` is the entry's own information."""
        rule = events.EVENTS[code]
        name = rule.log
        if name == "power" and "power-event-in-event-log" in self.faults:
            name, other = "event", None
        if name:
            stamp = int(self.clock.now)
            extra: dict[str, tuple[int | bytes, ...]] = {
                "event": (other.value if other else b"",), "security": (),
                "power": (other.value if other else 0,)}
            self.logs[name].add(stamp, code, *extra[name])
        if announce:
            self.announce(code, content)

    def next_counter(self) -> int:
        """Return the meter's next originator counter."""
        return self._announcer.next_counter()

    def announce(self, code: int, content: Sequence[Data] = ()) -> None:
        """Announce ``code`` to those it is for, without storing it."""
        for name in events.EVENTS[code].to:
            party, keys = self.credentials.recipient(name)
            if party is not None and (events.is_critical(code) or self._wants(name)):
                self._outbox.append(
                    self._announcer.alert(code, self.clock.now, party, content, keys))

    def notify(self, message_code: int, payload: bytes, party: bytes) -> None:
        """Send ``party`` an alert of its own message code and payload."""
        self._outbox.append(self._announcer.notice(message_code, payload, party, self.keys))

    # -- inside --------------------------------------------------------------------------------

    def _wants(self, name: str) -> bool:
        # which bit stands for which code is not held, so only all bits off is understood
        key = {"supplier": "1/0-30:97.98.15.255/a2", "network_operator": "1/0-33:97.98.15.255/a2"}
        return name not in key or "1" in self.store.get(key[name]).value

    def _clock_refused(self) -> None:
        self.event(0x8F0C, announce="clock-refusal-silent" not in self.faults)

    def _clock_changed(self) -> None:
        self._next_synchronisation = self._next_hour()
        self._settle()

    def _next_hour(self) -> float:
        return (self.clock.now // SYNCHRONISATION_PERIOD + 1) * SYNCHRONISATION_PERIOD

    def _due(self) -> float:
        clock = self.clock
        first = min(self.metering.next_slot, self._next_synchronisation, self.quality.period_end,
                    self.activations.due(), self.credential_commands.updates.due())
        if self._off_since is not None:
            return clock.true_at(first)
        return min(clock.true_at(first), self.quality.due(), self.limit.due())

    def _pass(self, seconds: float) -> None:
        if seconds <= 0 or self._off_since is not None:
            return
        flow = self._flow()
        self.load.count(flow, seconds)
        self.metering.count(flow, seconds)
        self.quality.accumulate(seconds)

    def _flow(self) -> Flow:
        if self._off_since is not None or not self.supply.closed:
            return Flow()
        return self.load.at(self.clock.now)

    def _settle(self) -> None:
        """Do all that is due now."""
        now, powered = self.clock.now, self._off_since is None
        self.metering.close_slots(now, self._values.in_demand_period)
        if now >= self.quality.period_end:
            for code in self.quality.close_period(now):
                self.event(code)
        if now >= self._next_synchronisation:
            self._next_synchronisation = self._next_hour()
            if powered:
                self.synchronise(routine=True)
        self.activations.run(now)
        self.credential_commands.updates.run(now)
        if powered:
            for code in self.quality.report(self.clock.true):
                self.event(code)
                if code == 0x8020 and "over-voltage-opens-switch" in self.faults:
                    self.supply.state = State.DISABLED
            self.limit.watch(self._flow().active_import, self.clock.true)
            for code in self.limit.act(self.supply, self.clock.true):
                self.event(code)


def _digest(seed: int) -> int:
    return int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:8], "big")
