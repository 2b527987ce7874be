"""The parties that talk to an emulated meter in these tests, and what they make of its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from bench.protocols.cosem.access import AccessResponse, DataNotification, decode_payload
from bench.protocols.gbcs import asn1, commands, protection
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.use_cases import USE_CASES
from devices import pki
from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import Settings
from devices.emulators.gbcs import instants, keyring

START = datetime(2026, 2, 27, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Alert:
    """An alert: its code, message code, recipient's name, content, and whether it is authentic."""

    code: int
    message_code: int
    to: str
    content: tuple[Any, ...]
    accepted: bool


@dataclass(frozen=True)
class Answer:
    """What a command brought: the response (if any) and the alerts behind it."""

    response: Message | None
    codes: tuple[int, ...]
    values: Mapping[str, Any]
    accepted: bool
    alerts: tuple[Alert, ...]
    content: Any = None  # of a credential response: its plain value

    @property
    def value(self) -> Any:
        """The last value."""
        return list(self.values.values())[-1]

    @property
    def alert_codes(self) -> list[int]:
        return [alert.code for alert in self.alerts]


@cache
def _keys(folder: Path) -> tuple[KeyStore, bytes, dict[str, bytes], KeyStore]:
    device, parties, held = keyring.load(folder)
    return KeyStore.load(folder, strict=True), device, parties, held


class Correspondence:
    """A meter and its correspondents; counters rise by one with each command."""

    def __init__(self, folder: Path, *, faults: Iterable[str] = (), seed: int = 0,
                 **settings: Any) -> None:
        self.keys, self.device, parties, held = _keys(folder)
        self.parties = dict(pki.read_parties(folder))
        self.meter = Esme(replace(Settings(), **settings), held, self.device, parties, seed=seed,
                          faults=frozenset(faults))
        self.counter = 1000

    def command(self, use_case: str, role: str = "supplier",
                values: Mapping[str, Any] | None = None, *, counter: int | None = None,
                **fields: Any) -> Message:
        """Return the protected command; ``fields`` replace fields before it is protected."""
        if counter is None:
            self.counter += 1
            counter = self.counter
        originator = self.parties[role]
        request = commands.build_command(use_case, values, counter=counter, originator=originator,
                                         recipient=self.device)
        message = Message(Cra.COMMAND, counter, originator, self.device,
                          USE_CASES[use_case].code, request.encode())
        message = replace(message, **fields)
        return protection.protect(message, self.keys, USE_CASES[use_case].category)

    def send(self, use_case: str, role: str = "supplier",
             values: Mapping[str, Any] | None = None, **more: Any) -> Answer:
        """Send a command and read what comes back."""
        return self.exchange(self.command(use_case, role, values, **more).encode(), use_case)

    def exchange(self, octets: bytes, use_case: str = "") -> Answer:
        """Send octets and read what comes back."""
        return self.read(self.meter.handle(octets), use_case)

    def drained(self) -> list[Alert]:
        """Return the alerts that the meter has sent on its own."""
        return list(self.read(self.meter.drain()).alerts)

    def read(self, sent: list[bytes], use_case: str = "") -> Answer:
        """Return what the meter sent, in our words."""
        response, codes, values, accepted, content = None, (), {}, True, None
        alerts = []
        for octets in sent:
            message = parse(octets)
            valid = protection.check(message, self.keys).accepted
            if (message.message_code, message.cra) in asn1.PAYLOADS:
                plain = asn1.decode(message.message_code, message.cra, message.payload)
                if message.cra is Cra.ALERT:
                    alerts.append(Alert(plain["alertCode"], message.message_code,
                                        self._name(message.recipient), (plain,), valid))
                else:
                    response, accepted, content = message, valid, plain
                continue
            payload = decode_payload(message.payload)
            if isinstance(payload, DataNotification):
                alerts.append(self._alert(message, payload, valid))
                continue
            assert isinstance(payload, AccessResponse)
            response, accepted = message, valid
            codes = tuple(result.code for result in payload.results)
            if use_case:
                values = dict(commands.read_response(use_case, payload, message=message,
                                                     keys=self.keys))
        return Answer(response, codes, values, accepted, tuple(alerts), content)

    def log(self, name: str, **limits: Any) -> list[list[Any]]:
        """Return the entries of the ``event``, ``security`` or ``power`` log."""
        use_case = {"event": "ECS35a", "security": "ECS35b", "power": "ECS35e"}[name]
        found: list[list[Any]] = self.send(use_case, values=limits or None).value
        return found

    def codes(self, name: str) -> list[int]:
        """Return the codes in a log, oldest first."""
        return [entry[1] for entry in self.log(name)]

    def supply_state(self) -> int:
        """Return 0 disabled, 1 enabled, 2 armed, as read remotely."""
        state: int = self.send("ECS45").value
        return state

    def now(self) -> datetime:
        """The hub's time."""
        return instants.to_datetime(self.meter.clock.reference)

    def set_clock(self, begin: float = -60, end: float = 60, role: str = "supplier") -> Answer:
        """Send Set Clock with an interval from ``begin`` to ``end`` seconds from the hub's time."""
        limits = {"from": self.now() + timedelta(seconds=begin),
                  "to": self.now() + timedelta(seconds=end)}
        return self.send("ECS70", role, limits)

    def device_time(self) -> datetime:
        """The meter's time, read from inside: GBCS reads it only after Set Clock."""
        return instants.to_datetime(self.meter.clock.now)

    def _alert(self, message: Message, payload: DataNotification, valid: bool) -> Alert:
        code, _, *content = payload.body.value
        return Alert(code.value, message.message_code, self._name(message.recipient),
                     tuple(item.value for item in content), valid)

    def _name(self, party: bytes) -> str:
        return {known: name for name, known in self.parties.items()}[party]
