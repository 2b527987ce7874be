"""Alerts in GBZ payloads: alert code, time, and the content that some alerts have behind them.

The content is told by its form (DCC reference test data set 4.5.0, which has the first; the
others as GBCS parsers in the open have them)::

    0E message-code(2) counter(8) cluster(2) frame-control(1) command(1)   future-dated command
    0920 hash(32)                                                          firmware received
    number(2)                                                              integrity warning

Anything else stays octets. Components, as the billing data log alert has, are :mod:`.gbz`'s.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct, error
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.gbcs import events
from bench.protocols.zigbee import zcl
from bench.protocols.zigbee.clusters import CLUSTERS
from bench.protocols.zigbee.data_types import as_octets, utc_seconds

HEADER = Struct(">HI")  # alert code, time

_FUTURE_DATED = Struct(">BHQHBB")
_FUTURE_DATED_LENGTH = _FUTURE_DATED.size - 1
_IMAGE_HASH = bytes.fromhex("0920")
_HASH_LENGTH = 32

INTEGRITY_WARNINGS: Mapping[int, str] = {
    0: "other", 1: "non_volatile_memory", 2: "program_execution", 3: "program_storage",
    4: "ram", 5: "unexpected_hardware_reset", 6: "watchdog",
    7: "metrology_firmware_verification_failure", 8: "measurement_fault",
    9: "unspecified_operational_integrity_error",
}


@dataclass(frozen=True, slots=True)
class Alert:
    """The head of an alert; ``time`` in seconds since 2000, ``content`` but for components.

    ``count`` is the number of components as the alert gives it: 1 also for other content.
    """

    code: int
    time: int
    count: int = 0
    content: bytes = b""

    def encode(self) -> bytes:
        """Return code, time and content; LocalProtocolError if a number does not fit."""
        if not 0x8000 <= self.code <= 0xFFFF:
            raise LocalProtocolError(f"alert_code: {self.code!r} is not from 8000 to FFFF")
        if not 0 <= self.time < 1 << 32:
            raise LocalProtocolError(f"time: {self.time!r} does not fit 4 octets")
        return HEADER.pack(self.code, self.time) + self.content


def plain(alert: Alert) -> dict[str, Any]:
    """Return the alert as plain values; ``alert`` is the code's name, for reading only."""
    record: dict[str, Any] = {
        "alert_code": f"{alert.code:04X}", "alert": events.name_of(alert.code),
        "time": alert.time, "count": alert.count}
    if alert.content:
        record["content"] = _content(alert.content)
    return record


def from_plain(record: Mapping[str, Any]) -> Alert:
    """Return the alert of plain values; LocalProtocolError naming what does not fit."""
    unknown = set(record) - {"alert_code", "alert", "time", "count", "content"}
    if unknown:
        raise LocalProtocolError(f"an alert has no {', '.join(sorted(unknown))}")
    name = "alert_code"
    try:
        code = record["alert_code"]
        number = int(code, 16) if isinstance(code, str) else int(code)
        name = "time"
        time = utc_seconds(record["time"])
        name = "count"
        count = int(record.get("count", 0))
        name = "content"
        content = _content_octets(record.get("content", b""))
    except (KeyError, TypeError, ValueError, OverflowError, AttributeError) as wrong:
        raise LocalProtocolError(f"{name}: {wrong}") from None
    if not 0 <= count <= 0xFF:
        raise LocalProtocolError(f"count: {count} does not fit one octet")
    alert = Alert(number, time, count, content)
    alert.encode()
    return alert


def _content(content: bytes) -> Any:
    if len(content) == _FUTURE_DATED.size and content[0] == _FUTURE_DATED_LENGTH:
        _, code, counter, cluster, control, command = _FUTURE_DATED.unpack(content)
        frame = zcl.Frame(control, 0, command)
        known = CLUSTERS.get(cluster)
        return {"message_code": f"{code:04X}", "originator_counter": counter,
                "cluster": known.name if known else f"0x{cluster:04X}",
                "cluster_id": cluster, "frame_control": control,
                "command": zcl.command_name(cluster, frame), "command_id": command}
    if len(content) == len(_IMAGE_HASH) + _HASH_LENGTH and content.startswith(_IMAGE_HASH):
        return {"image_hash": content[len(_IMAGE_HASH) :].hex().upper()}
    if len(content) == 2:
        number = int.from_bytes(content, "big")
        return {"integrity_warning": INTEGRITY_WARNINGS.get(number, f"0x{number:04X}")}
    return content.hex().upper()


def _content_octets(content: Any) -> bytes:
    if not isinstance(content, Mapping):
        return as_octets(content)
    if "image_hash" in content:
        return _IMAGE_HASH + as_octets(content["image_hash"])
    if "integrity_warning" in content:
        name = content["integrity_warning"]
        numbers = {text: number for number, text in INTEGRITY_WARNINGS.items()}
        number = numbers[name] if name in numbers else int(str(name), 16)
        return number.to_bytes(2, "big")
    try:
        return _FUTURE_DATED.pack(
            _FUTURE_DATED_LENGTH, int(content["message_code"], 16),
            content["originator_counter"], content["cluster_id"], content["frame_control"],
            content["command_id"])
    except error as wrong:
        raise ValueError(f"no outcome of a future-dated command: {wrong}") from None
