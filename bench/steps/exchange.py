"""One exchange with a device: octets out, everything that comes back read and named."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from bench.errors import LinkError, ProtocolError, RemoteProtocolError
from bench.protocols.cosem import date_time
from bench.protocols.gbcs import payloads
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.protocols.gbcs.protection import Protection, State
from bench.steps.block_line import over
from bench.steps.context import Context
from bench.steps.vocabulary import Frame
from devices.ports import Reception

LIMITS = {"response": "response_timeout_s", "alert": "alert_timeout_s", "quiet": "quiet_s"}
"""What an exchange waits for -> the IXIT item that says how long, s."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the response to a command must fit: the command before any mutation, its use case."""

    command: Message
    use_case: str


@dataclass(frozen=True, slots=True)
class Alert:
    """An alert of the device: code as four hexadecimal digits, what follows code and time."""

    code: str
    content: Any
    recipient: str = ""  # EUI-64, 16 hexadecimal digits


@dataclass(slots=True)
class Heard:
    """All that came back in one exchange."""

    outcome: str = "silence"
    response: Message | None = None
    protection: Protection | None = None
    codes: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    deviations: list[str] = field(default_factory=list)
    frames: list[Frame] = field(default_factory=list)
    alert_counters: list[int] = field(default_factory=list)
    misfits: list[str] = field(default_factory=list)
    encrypted: bool = False
    verdict: str = "none"  # what the payload of the response says: success, failure or none
    octets_sent: int = 0
    octets_received: int = 0

    @property
    def result(self) -> str:
        """Return ``success``, ``failure`` or ``none``."""
        return self.verdict if self.outcome == "response" else "none"

    def variables(self) -> Mapping[str, Any]:
        """Return what expressions may name."""
        absent = State.ABSENT.value
        seen = {
            "outcome": self.outcome,
            "result": self.result,
            "codes": self.codes,
            "values": self.values,
            "alerts": [alert.code for alert in self.alerts],
            "alert_counters": self.alert_counters,
            "deviations": self.deviations,
            "misfits": self.misfits,
            "encrypted": self.encrypted,
            "signature": self.protection.signature.value if self.protection else absent,
            "mac": self.protection.mac.value if self.protection else absent,
            "device_time": device_time(self.response),
            "octets_sent": self.octets_sent,
            "octets_received": self.octets_received,
        }
        # What the device did not deliver is absent, not null: an expectation on it fails.
        return {name: value for name, value in seen.items() if value is not None}


def exchange(
    context: Context, octets: bytes | None, answer: Answer | None, wait: str, *, code: str = ""
) -> Heard:
    """Send ``octets`` (nothing if None) and listen.

    ``wait`` says for what: a ``response`` (IXIT ``response_timeout_s``), an ``alert``
    (``alert_timeout_s``; with ``code``, for that one), or ``quiet``: that nothing comes
    (``quiet_s``). Alerts that come meanwhile are gathered. A response that is not the command's
    own (an earlier one's, come late) makes the exchange a ``deviation``; ``quiet_s`` are left for
    the right one, so that one late response does not spoil every exchange after it.

    Raises :class:`~bench.errors.LinkError` where the line broke, or dropped on a rig that
    launched the device itself.
    """
    heard = Heard()
    port = over(context, heard.frames, heard.deviations)
    if octets is not None:
        heard.octets_sent = len(octets)
        heard.frames.append(_frame(context, "sent", octets, _reading_of(octets)))
        port.send(octets)
    deadline = time.monotonic() + float(context.ixit[LIMITS[wait]])
    quiet = float(context.ixit["quiet_s"])
    while True:
        received = port.receive(max(0.0, deadline - time.monotonic()))
        if received.reception is Reception.SILENCE:
            return heard
        if received.reception is Reception.CLOSED and context.launched:
            raise LinkError("the emulator ended or dropped its line", received.octets)
        if received.reception is not Reception.MESSAGE:
            heard.outcome = received.reception.value
            heard.frames.append(_frame(context, "received", received.octets, {}))
            heard.deviations.append(f"{received.reception.value} on the line")
            return heard
        arrived = _take(context, heard, received.octets, answer)
        if arrived == "response":
            return heard
        if arrived == "stray":
            deadline = min(deadline, time.monotonic() + quiet)
        elif wait == "alert" and arrived != "other" and code in ("", arrived):
            # An alert that refuses a command has come; a response must still not follow it.
            wait = "quiet"
            deadline = time.monotonic() + (quiet if answer is not None else 0.0)


def _take(context: Context, heard: Heard, octets: bytes, answer: Answer | None) -> str:
    """Read one message into ``heard``; return what it is: ``response`` to the command, ``stray``
    for another response, an alert's code, or ``other``."""
    try:
        message = parse(octets)
    except RemoteProtocolError as wrong:
        heard.deviations.append(f"no GBCS message: {wrong}")
        heard.outcome = "deviation"
        heard.frames.append(_frame(context, "received", octets, {"error": str(wrong)}))
        return "other"
    heard.frames.append(_frame(context, "received", octets, _reading(message)))
    protection = context.parties.protection(message)
    wrong_protection = [] if protection.accepted else [
        f"{message.cra.name.lower()} {message.message_code:04X}: {protection.reason}"]
    if message.cra is Cra.ALERT:
        heard.deviations += wrong_protection
        return _take_alert(context, heard, message)
    return _take_response(context, heard, message, protection, wrong_protection, answer)


def _take_alert(context: Context, heard: Heard, message: Message) -> str:
    try:
        reading = payloads.read(message, context.parties.keys)
    except RemoteProtocolError as wrong:
        heard.deviations.append(f"alert {message.message_code:04X}: {wrong}")
        return "other"
    if reading.alert_code is None:
        heard.deviations.append(f"alert {message.message_code:04X}: expected an alert code, "
                                f"found {reading.kind}")
        return "other"
    alert = Alert(f"{reading.alert_code:04X}", reading.content, message.recipient.hex().upper())
    heard.alerts.append(alert)
    heard.alert_counters.append(message.originator_counter)
    return alert.code


def _take_response(
    context: Context, heard: Heard, message: Message, protection: Protection,
    deviations: list[str], answer: Answer | None,
) -> str:
    heard.response, heard.protection = message, protection
    heard.octets_received = len(message.encode())
    if answer is None:
        heard.deviations.append("a response that no command asked for")
        heard.outcome = "deviation"
        return "other"
    mismatches = _mismatches(message, answer.command)
    deviations += mismatches
    if not deviations:
        deviations += _take_payload(context, heard, message, answer)
    heard.deviations += deviations
    if heard.outcome != "deviation":  # what was wrong before is not made good
        heard.outcome = "deviation" if deviations else "response"
    return "stray" if mismatches else "response"


def _take_payload(
    context: Context, heard: Heard, message: Message, answer: Answer
) -> list[str]:
    try:
        reading = payloads.read(message, context.parties.keys, answer.command,
                                use_case_id=answer.use_case)
    except RemoteProtocolError as wrong:
        return [f"payload: {wrong}"]
    expected = payloads.ANSWERS.get(payloads.payload_kind(answer.command.payload))
    if expected not in (None, reading.kind):
        return [f"expected {expected}, found {reading.kind}"]
    heard.verdict = reading.result
    heard.codes = [code for _, code in reading.codes]
    heard.values = reading.plain_values()
    heard.misfits = list(reading.misfits)
    heard.encrypted = reading.encrypted and reading.decrypted
    return []


def _mismatches(response: Message, command: Message) -> list[str]:
    """Return what of a response does not fit its command."""
    wanted = {
        "message code": (command.message_code, response.message_code),
        "originator": (command.recipient.hex(), response.originator.hex()),
        "recipient": (command.originator.hex(), response.recipient.hex()),
        "originator counter": (command.originator_counter, response.originator_counter),
    }
    return [f"{name}: expected {expected}, found {found}"
            for name, (expected, found) in wanted.items() if expected != found]


def device_time(response: Message | None) -> int | None:
    """Return the device's own time in a response, whole seconds since 1970-01-01 UTC, if any."""
    if response is None or not response.date_time:
        return None
    try:
        return int(date_time.decode(response.date_time).as_datetime().astimezone(UTC).timestamp())
    except (ProtocolError, ValueError):  # octets that name no instant
        return None


def _reading_of(octets: bytes) -> dict[str, Any]:
    try:
        return _reading(parse(octets))
    except RemoteProtocolError as wrong:  # a mutation, sent on purpose
        return {"error": str(wrong)}


def _reading(message: Message) -> dict[str, Any]:
    """Return what a message says, for people: the headers and the payload."""
    reading: dict[str, Any] = {
        "cra": message.cra.name.lower(),
        "message_code": f"{message.message_code:04X}",
        "originator": message.originator.hex().upper(),
        "recipient": message.recipient.hex().upper(),
        "originator_counter": message.originator_counter,
    }
    try:
        reading["payload"] = payloads.plain(message)
    except RemoteProtocolError as wrong:
        reading["error"] = str(wrong)
    return reading


def _frame(context: Context, direction: str, octets: bytes, reading: Mapping[str, Any]) -> Frame:
    return Frame(direction, octets, reading, context.clock().isoformat())
