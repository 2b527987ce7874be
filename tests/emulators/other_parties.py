"""The parties that talk to an emulated device that is no ESME, whatever its payloads are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from bench.protocols.gbcs import payloads, protection, use_cases
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.readings import Reading
from bench.steps.parties import category
from devices import pki
from devices.emulators.catalogue import emulated
from devices.emulators.gbcs import keyring


@dataclass(frozen=True)
class Heard:
    """What one command brought."""

    response: Message | None
    reading: Reading | None
    alerts: tuple[tuple[Message, Reading], ...]

    @property
    def result(self) -> str:
        return self.reading.result if self.reading else "none"

    @property
    def values(self) -> Mapping[str, Any]:
        assert self.reading is not None
        return self.reading.plain_values()

    @property
    def codes(self) -> list[str]:
        assert self.reading is not None
        return [code for _, code in self.reading.codes]

    @property
    def alert_codes(self) -> list[int]:
        return [reading.alert_code or 0 for _, reading in self.alerts]


@cache
def _pki(folder: Path) -> tuple[KeyStore, bytes, dict[str, bytes], KeyStore]:
    return KeyStore.load(folder, strict=True), *keyring.load(folder)


class OtherParties:
    """A device of a kind and its correspondents; counters rise by one with each command."""

    def __init__(self, folder: Path, kind: str, *, faults: Iterable[str] = (),
                 **settings: Any) -> None:
        self.keys, self.eui64, known, held = _pki(folder)
        self.parties = pki.read_parties(folder)
        make, fresh = emulated(kind)
        self.device: Any = make(replace(fresh, **settings), held, self.eui64, known,
                                faults=frozenset(faults))
        self.counter = 1000

    def command(self, use_case: str, role: str, payload: bytes | None = None,
                values: Mapping[str, Any] | None = None) -> Message:
        """Return the protected command, with ``payload`` in place of its own."""
        self.counter += 1
        known, originator = use_cases.use_case(use_case), self.parties[role]
        if payload is None:
            payload = payloads.build(use_case, values or {}, counter=self.counter,
                                     originator=originator, recipient=self.eui64)
        return protection.protect(
            Message(Cra.COMMAND, self.counter, originator, self.eui64, known.code, payload),
            self.keys, category(known, role))

    def send(self, use_case: str, values: Mapping[str, Any] | None = None,
             role: str = "supplier", *, payload: bytes | None = None) -> Heard:
        """Send a command and read what comes back; all of it must be authentic."""
        command = self.command(use_case, role, payload, values)
        return self._read(self.device.handle(command.encode()), command)

    def drained(self) -> Heard:
        """Return what the device has sent on its own."""
        return self._read(self.device.drain(), None)

    def _read(self, sent: list[bytes], command: Message | None) -> Heard:
        response, reading, alerts = None, None, []
        for message in map(parse, sent):
            assert protection.check(message, self.keys).accepted
            if message.cra is Cra.ALERT:
                alerts.append((message, payloads.read(message, self.keys)))
            else:
                response, reading = message, payloads.read(message, self.keys, command)
        return Heard(response, reading, tuple(alerts))
