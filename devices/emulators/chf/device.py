"""The whole hub function: its device logs, its sub-GHz radio's settings, its logs of events.

No device joins it and nothing goes through it. A change of the device log is announced with the
whole of it (R-SEC-08), a change of the radio's settings with them (DBCH09). A channel scan that is
asked for finds nothing better: the channel stays, and nothing is announced.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Message
from devices.emulators.chf.device_log import DeviceLog
from devices.emulators.chf.kind import CONFIGURATION_CHANGED, DEVICE_LOG_CHANGED, KIND
from devices.emulators.cosem import execution
from devices.emulators.cosem.execution import OTHER, AccessExecution, Refused
from devices.emulators.cosem.logs import Layout, Log
from devices.emulators.cosem.store import Element, Store, read_elements
from devices.emulators.gbcs import instants
from devices.emulators.gbcs.device import Device
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.profile import Settings
from devices.emulators.gbcs.reception import Command
from devices.emulators.gbcs.stimuli import Calls

FRESH = Settings(model="EMULATED-CHF")

_LAYOUTS = {  # CHTS 4.6.3.3, 4.6.3.5, 4.6.3.13
    "event": Layout(100, ("u32", "u16", "os")), "security": Layout(100, ("u32", "u16")),
    "channel": Layout(100, ("u32", "u16", "os"))}
_CONFIGURATION = "1/0-0:94.44.10.0/a2"


@cache
def elements() -> Mapping[str, Element]:
    """Return the table of objects, by key."""
    return read_elements(Path(__file__).with_name("objects.tsv"))


class Chf(Device):
    """One emulated hub function."""

    kind = KIND

    def __init__(
        self, settings: Settings, keys: KeyStore, eui64: bytes, parties: Mapping[str, bytes], *,
        seed: int = 0, faults: Faults = NONE,
    ) -> None:
        super().__init__(settings, keys, eui64, parties, seed=seed, faults=faults)
        self.store = Store(elements())
        self.logs = {name: Log(layout) for name, layout in _LAYOUTS.items()}
        self.device_log = DeviceLog()
        self._execution = _Execution(self)

    def execute(self, command: Command, head: Message) -> tuple[bytes, bool]:
        """Carry out an access request."""
        return self._execution.answer(command, head)

    def keep(self, log: str, code: int, other: bytes | int | None) -> None:
        """Store an event."""
        extra: tuple[bytes, ...] = ()
        if log == "event":
            extra = (other if isinstance(other, bytes) else b"",)
        self.logs[log].add(int(self.clock.now), code, *extra)

    def pretence(self, counter: int) -> bytes:
        """Return an access response that says success."""
        return execution.pretence(counter)

    def upset(self) -> None:
        """Count up the id of the network."""
        number = int.from_bytes(self.device_log.network, "big")
        self.device_log.network = (number + 1 & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "big")

    def calls(self) -> Calls:
        """Return the stimuli: it has mains."""
        return {**super().calls(), ("mains", "off"): self.interrupt, ("mains", "on"): self.resume}

    # -- what the execution of commands uses ---------------------------------------------------

    def read(self, element: Element) -> Data:
        """Return the value of an attribute that is no log."""
        live = {
            "firmware_version": lambda: bytes.fromhex(self.settings.firmware_version),
            "manufacturer_id": self.settings.manufacturer_id.encode,
            "model": lambda: self.settings.model[:8].ljust(8).encode(),
            "active_devices": self._active_devices,
        }.get(element.live)
        return element.type.build(live()) if live else self.store.get(element.key)

    def read_log(self, element: Element, begin: float, end: float) -> Data:
        """Return the entries of a log from ``begin`` to ``end``."""
        log = self.logs[element.live.partition("/")[2]]
        return log.data(log.read(begin, end))

    def device_log_changed(self) -> None:
        """Store and announce that the device log was changed, with what it is now (CS14)."""
        self.event(DEVICE_LOG_CHANGED, content=(self.backed_up(self.device_log.devices),))

    def configuration_changed(self) -> None:
        """Announce the settings of the radio (DBCH09)."""
        self.event(CONFIGURATION_CHANGED, content=(self.store.get(_CONFIGURATION),))

    def backed_up(self, devices: Mapping[bytes, bytes]) -> Data:
        """Return a device log as it is backed up: time, network, devices with their keys' hash."""
        entries = tuple(Data(Tag.STRUCTURE, (_octets(eui64), _octets(key)))
                        for eui64, key in sorted(devices.items()))
        return Data(Tag.STRUCTURE, (
            _octets(instants.octets(self.clock.now)), _octets(self.device_log.network),
            Data(Tag.ARRAY, entries)))

    def _active_devices(self) -> list[Any]:
        """Return the devices with what is known of their communication: none ever had any."""
        never = bytes.fromhex("FFFFFFFFFFFFFFFFFF8000FF")
        return [(eui64, "0" * 8, 0, 0, 0, 0, 0, 0, never, 0, 0, 0, 0, 0)
                for eui64 in sorted(self.device_log.devices)]


class _Execution(AccessExecution):
    """Executes commands on one hub."""

    def __init__(self, hub: Chf) -> None:
        super().__init__(hub, elements())
        self._hub = hub
        self._effects |= {
            "add_device": self._add_device, "remove_device": self._remove_device,
            "restore": self._restore, "back_up": self._back_up, "configure": self._configure,
            "scan": lambda *_: None,
        }

    def _add_device(self, _: Element, __: str, given: Data) -> None:
        if not self._hub.device_log.add(given.value[0].value):
            raise Refused(OTHER)
        self._hub.device_log_changed()

    def _remove_device(self, _: Element, __: str, given: Data) -> None:
        # what is not there need not be removed: that is what was asked for
        if self._hub.device_log.remove(given.value):
            self._hub.device_log_changed()

    def _restore(self, _: Element, __: str, given: Data) -> None:
        network, devices = given.value
        self._hub.device_log.restore(network.value, {
            entry.value[0].value: entry.value[1].value for entry in devices.value})
        self._hub.device_log_changed()

    def _back_up(self, _: Element, which: str, __: Data) -> Data:
        return self._hub.backed_up(getattr(self._hub.device_log, which))

    def _configure(self, element: Element, _: str, given: Data) -> None:
        self._hub.store.set(element.key, given)
        self._hub.configuration_changed()


def _octets(value: bytes) -> Data:
    return Data(Tag.OCTET_STRING, value)
