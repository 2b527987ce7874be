"""The whole meter: what an ESME has beside what all devices share.

Energy, supply, voltage, payment and their logs are parts of their own; here they are put together
and moved by time and stimuli.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from bench.errors import NotTestableHere, RigError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from devices.emulators.cosem import execution
from devices.emulators.cosem.store import Element, Store
from devices.emulators.esme import events, stimuli
from devices.emulators.esme.account import Account
from devices.emulators.esme.activation import Activations
from devices.emulators.esme.execution import Execution
from devices.emulators.esme.kind import KIND
from devices.emulators.esme.limiting import LoadLimit
from devices.emulators.esme.load import Flow, LoadModel
from devices.emulators.esme.logs import Log
from devices.emulators.esme.metering import Metering
from devices.emulators.esme.objects import elements
from devices.emulators.esme.profile import DELIVERED, Settings
from devices.emulators.esme.quality import LONG_OUTAGE, Quality
from devices.emulators.esme.supply import State, Supply
from devices.emulators.esme.values import Values
from devices.emulators.gbcs import instants
from devices.emulators.gbcs.device import Device
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.reception import Command
from devices.emulators.gbcs.stimuli import Calls

TAMPER_STATE = "1/0-0:94.44.0.4/a2"  # true: tamper disables the supply

_UPSET_SETTING = "1/0-0:94.44.0.1/a2"  # the randomised offset limit

FRESH = Settings()


class Esme(Device):
    """One emulated meter."""

    kind = KIND
    settings: Settings

    def __init__(
        self, settings: Settings, keys: KeyStore, eui64: bytes, parties: Mapping[str, bytes], *,
        seed: int = 0, faults: Faults = NONE,
    ) -> None:
        super().__init__(settings, keys, eui64, parties, seed=seed, faults=faults)
        self.randomised_offset_number = 1 + _digest(seed) % 10_000
        self.store = Store(elements())
        self.load = LoadModel(settings.load_shape)
        self.metering = Metering(settings.start, faults)
        self.supply = Supply(faults, DELIVERED[settings.supply])
        self.account = Account()
        self.metering.money = self.account.snapshot
        self.quality = Quality(settings.start, self.store.number, faults)
        self.limit = LoadLimit(self.store.number)
        self.logs = {name: Log(name, faults) for name in (
            "event", "security", "power", "auxiliary", "boost", "debt_payments", "credits")}
        self.logs |= self.metering.logs | {"voltage": self.quality.log}
        self.activations = Activations(self)
        self._values = Values(self)
        self._execution = Execution(self)
        self._outages = 0

    # -- what a device does --------------------------------------------------------------------

    def execute(self, command: Command, head: Message) -> tuple[bytes, bool]:
        """Carry out an access request."""
        return self._execution.answer(command, head)

    def keep(self, log: str, code: int, other: bytes | int | None) -> None:
        """Store an event; which information an entry has is the log's."""
        if code == 0x81C1 and "cover-close-not-logged" in self.faults:
            return
        if log == "power" and "power-event-in-event-log" in self.faults:
            log, other = "event", None
        extra: dict[str, tuple[int | bytes, ...]] = {
            "event": (other or b"",), "security": (), "power": (other or 0,)}
        self.logs[log].add(int(self.clock.now), code, *extra[log])

    def pretence(self, counter: int) -> bytes:
        """Return an access response that says success."""
        return execution.pretence(counter)

    def upset(self) -> None:
        """Count up the randomised offset limit."""
        stored = self.store.number(_UPSET_SETTING)
        self.store.set(_UPSET_SETTING, elements()[_UPSET_SETTING].type.build((stored + 1) % 1_800))

    def calls(self) -> Calls:
        """Return the stimuli of a meter."""
        return {**super().calls(), **stimuli.calls(self), ("mains", "off"): self.mains_off,
                ("mains", "on"): self.mains_on}

    def interferences(self) -> Mapping[str, tuple[int, int]]:
        """Return what the meter notices (R-SEC-13)."""
        return events.TAMPERS

    def wants(self, party: str) -> bool:
        """Return whether the party's mask is not all off."""
        # which bit stands for which code is not held, so only all bits off is understood
        key = {"supplier": "1/0-30:97.98.15.255/a2", "network_operator": "1/0-33:97.98.15.255/a2"}
        return party not in key or "1" in self.store.get(key[party]).value

    def due(self) -> float:
        """Return when a half-hour ends, a limit's time is up, or something is to be activated."""
        clock = self.clock
        first = clock.true_at(min(self.metering.next_slot, self.quality.period_end,
                                  self.activations.due()))
        return min(first, self.quality.due(), self.limit.due()) if self.powered else first

    def passes(self, seconds: float) -> None:
        """Count energy, demand and voltage."""
        flow = self._flow()
        self.load.count(flow, seconds)
        self.metering.count(flow, seconds)
        self.quality.accumulate(seconds)

    def close(self) -> None:
        """End half-hours and the period of the average voltage."""
        now = self.clock.now
        self.metering.close_slots(now, self._values.in_demand_period)
        if now >= self.quality.period_end:
            for code in self.quality.close_period(now):
                self.event(code)

    def settle(self) -> None:
        """Activate what is to be, report the voltage and act on the load limit."""
        self.activations.run(self.clock.now)
        if not self.powered:
            return
        for code in self.quality.report(self.clock.true):
            self.event(code)
            if code == 0x8020 and "over-voltage-opens-switch" in self.faults:
                self.supply.state = State.DISABLED
        self.limit.watch(self._flow().active_import, self.clock.true)
        for code in self.limit.act(self.supply, self.clock.true):
            self.event(code)

    # -- stimuli -------------------------------------------------------------------------------

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
        if not self.powered:
            return
        self.event(0x8F57, 0)
        self.interrupt()
        if "register-not-persistent-over-outage" in self.faults:
            self.metering.forget()
        if "supply-enabled-by-outage" in self.faults:
            self.supply.state = State.ENABLED
        if "log-lost-over-outage" in self.faults:
            self.logs["event"].clear()
            self.logs["security"].clear()

    def mains_on(self) -> None:
        """Restore the supply; the meter announces the outage (R-VOL-05)."""
        if self.powered:
            return
        began = self.resume()
        lasted = self.clock.now - began
        limit = 60 if "outage-three-minutes-off" in self.faults else LONG_OUTAGE
        code = 0x8F36 if lasted >= limit else 0x8F35
        stamps = [Data(Tag.OCTET_STRING, instants.octets(at)) for at in (began, self.clock.now)]
        if "restore-times-swapped" in self.faults:
            stamps.reverse()
        self._outages += 1
        announce = "restore-alert-missing" not in self.faults and not (
            "second-restore-alert-missing" in self.faults and self._outages > 1)
        self.event(code, int(lasted), content=stamps, announce=announce)
        self._settle()

    def press(self, control: str) -> None:
        """Operate the consumer's control ``supply_on``."""
        if control != "supply_on":
            raise NotTestableHere(f"this meter has no control {control!r}")
        if self.powered:
            self.event(0x8161 if self.supply.press() else 0x8162)
            self._settle()

    def contactor(self) -> str:
        """Return ``closed`` or ``open``."""
        return "closed" if self.supply.closed else "open"

    def interfere(self, interference: str) -> None:
        """Begin an interference, which disables the supply if the tamper state says so."""
        begun = interference in self._interference
        super().interfere(interference)
        if begun:
            return
        locks = self.store.get(TAMPER_STATE).value
        if "tamper-state-ignored" in self.faults:
            locks = False
        if "tamper-always-disables" in self.faults:
            locks = True
        if locks and self.supply.state != State.DISABLED:
            self.supply.state = State.DISABLED
            self.event(0x81BE)

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

    # -- inside --------------------------------------------------------------------------------

    def _flow(self) -> Flow:
        if not self.powered or not self.supply.closed:
            return Flow()
        return self.load.at(self.clock.now)


def _digest(seed: int) -> int:
    return int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:8], "big")
