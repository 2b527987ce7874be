"""The event and alert codes, read from ``data/event_codes.json`` on first use.

The codes are GBCS's; criticality, log and recipient are what manuals of three makers print, thus
an expectation to compare a device with (one code each may be wrong: see ``note``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class EventCode:
    """One code; ``None`` where no source says.

    ``logs``: of ``event``, ``security``, ``power``, ``auxiliary_controller``; empty for none.
    ``recipients``: roles that get the alert over the wide area network, of which the event may
    pick one. ``status``: ``mandated``, ``enable``, ``enable-or-disable``, ``placeholder``.
    """

    code: int
    name: str
    criticality: str | None  # critical or non-critical
    status: str | None
    wan_alert: bool | None
    wan_alert_type: int | None  # 1 code and time only, 2 with more
    han_alert: bool | None
    logs: tuple[str, ...] | None
    sensitive: bool | None
    always_on: bool | None  # cannot be configured off
    recipients: tuple[str, ...]
    note: str


class _Events(Mapping[int, EventCode]):
    """The codes in ascending order, loaded when first looked at."""

    def __getitem__(self, key: int) -> EventCode:
        return _load()[key]

    def __iter__(self) -> Iterator[int]:
        return iter(_load())

    def __len__(self) -> int:
        return len(_load())


EVENTS: Mapping[int, EventCode] = _Events()


def name_of(code: int) -> str:
    """Return the name of a code, or the code in hex where it has none."""
    event = _load().get(code)
    return event.name if event else f"{code:04X}"


@cache
def _load() -> dict[int, EventCode]:
    read = json.loads(files(__package__).joinpath("data/event_codes.json").read_text("utf-8"))
    return {entry["code"]: EventCode(**(entry | {
        "logs": None if entry["logs"] is None else tuple(entry["logs"]),
        "recipients": tuple(entry["recipients"])})) for entry in read["codes"]}
