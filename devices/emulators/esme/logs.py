"""The logs of an ESME: capacity and columns of each, and which a faulty meter makes shorter."""

from __future__ import annotations

from dataclasses import replace

from devices.emulators.cosem import logs
from devices.emulators.cosem.logs import Layout
from devices.emulators.gbcs.faults import NONE, Faults

# SMETS2 5.7.5.x by the use-case mapping; single element only.
_REGISTERS = ("u32", "u32", "u32*48", "u32*8", "u32*8", "u32*8", "u32*8")
_MONEY = ("i32",) * 6
LAYOUTS = {
    "event": Layout(100, ("u32", "u16", "os")),  # 5.7.5.16
    "security": Layout(100, ("u32", "u16")),  # 5.7.5.31
    "power": Layout(100, ("u32", "u16", "u32")),  # 5.7.5.25
    "auxiliary": Layout(100, ("u32", "u16", "enum")),  # 5.7.5.6
    "boost": Layout(25, ("u32", "u32")),  # 5.26.3.1
    "profile_import": Layout(19_056, ("u32", "u32")),  # 5.7.5.27, 397 days
    "profile_export": Layout(4_464, ("u32", "u32", "u32")),  # active and reactive, 93 days
    "profile_reactive": Layout(4_464, ("u32", "u32")),
    "daily_consumption": Layout(731, ("u32", "u32")),  # 5.7.5.14
    "daily_import": Layout(31, _REGISTERS),  # 5.7.5.13
    "daily_export": Layout(31, ("u32", "u32")),
    "daily_prepayment": Layout(31, ("u32", *_MONEY)),  # 5.7.5.26
    "billing": Layout(12, _REGISTERS),  # 5.7.5.10
    "billing_prepayment": Layout(12, ("u32", *_MONEY)),
    "change": Layout(12, (*_REGISTERS, *_MONEY)),
    "debt_payments": Layout(10, ("u32", "u32")),
    "credits": Layout(5, ("u32", "u32")),
    "voltage": Layout(4_320, ("u32", "u32")),  # 5.7.5.9
}

_CODED = ("event", "security", "power")

# Which logs a fault makes shorter, and by how many entries.
_SHORT = {
    "profile-short": (("profile_import",), 48),
    "export-profile-short": (("profile_export",), 48),
    "reactive-profile-short": (("profile_reactive",), 48),
    "daily-consumption-short": (("daily_consumption",), 1),
    "daily-read-log-short": (("daily_import", "daily_export", "daily_prepayment"), 1),
    "log-capacity-short": (_CODED, 10),
}


class Log(logs.Log):
    """One log of the meter, by name."""

    def __init__(self, name: str, faults: Faults = NONE) -> None:
        lacking = sum(entries for fault, (names, entries) in _SHORT.items()
                      if name in names and fault in faults)
        layout = LAYOUTS[name]
        super().__init__(replace(layout, capacity=layout.capacity - lacking), faults,
                         coded=name in _CODED)
