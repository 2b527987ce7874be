"""What a device profile can and must declare: the ICS and IXIT proformas (ISO/IEC 9646-1).

ICS items say what the device *is*: each must be answered, an unanswered question is a mistake of
the profile and never a "no". IXIT items say what the *test* needs to know of it; those with a
default may be left out. Test plans name them as ``ics.<item>`` and ``ixit.<item>``.

An item is asked of the kinds of device that it names. Clauses are SMETS v5; variants are those of
DUIS ``ESMEVariant`` 5.4. Of gas meters and hubs only what the plans so far ask is asked. What a
DLMS meter declares beyond single answers is a section of its own (:mod:`devices.dlms_declaration`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from devices.declaration import show
from devices.device_types import DEVICE_TYPES

Answer = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Item:
    """One question; ``default`` None means that it must be answered.

    Numbers have a ``unit`` and an inclusive range, texts a ``pattern`` that all of them matches.
    """

    meaning: str
    kind: type  # bool, int, float or str; float takes whole numbers too
    default: Answer | None = None
    minimum: float = 0
    maximum: float = 0
    unit: str = ""
    pattern: str = ""
    devices: frozenset[str] = frozenset()  # kinds of device that are asked; empty for all

    def concerns(self, device: str) -> bool:
        """Return whether a device of the kind ``device`` (``esme``) is asked."""
        return not self.devices or device in self.devices

    @property
    def expected(self) -> str:
        """What a good answer looks like."""
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return f"text: {self.meaning}"
        number = "a whole number" if self.kind is int else "a number"
        unit = f" of {self.unit}" if self.unit else ""
        return f"{number}{unit} from {self.minimum:,} to {self.maximum:,}"

    def mistake(self, answer: object) -> str:
        """Return what is wrong with ``answer``, or nothing."""
        return "" if self._accepts(answer) else f"expected {self.expected}, found {show(answer)}"

    def _accepts(self, answer: object) -> bool:
        if isinstance(answer, bool) or self.kind is bool:
            return isinstance(answer, bool) and self.kind is bool
        if isinstance(answer, str) or self.kind is str:
            return (isinstance(answer, str) and self.kind is str
                    and re.fullmatch(self.pattern, answer) is not None)
        if not isinstance(answer, int | float) or (self.kind is int and isinstance(answer, float)):
            return False
        return self.minimum <= answer <= self.maximum


_ESME = frozenset({"esme"})
_DLMS = frozenset({"dlms-meter"})
_METERS = frozenset({"esme", "gsme"})
_SWITCHED = _METERS | _DLMS
_GBCS = frozenset(name for name, kind in DEVICE_TYPES.items() if kind.gbcs)
_HUB = frozenset({"chf"})

ICS_ITEMS: Mapping[str, Item] = {
    "smets_version": Item("SMETS version that it was built to, e.g. '5.1'", str,
                          pattern=r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}", devices=_GBCS),
    "gbcs_version": Item("GBCS version that it was built to, e.g. '4.1'", str,
                         pattern=r"[0-9]{1,2}(\.[0-9]{1,2}){0,2}", devices=_GBCS),
    "opted_out": Item("it serves a non-domestic site that is opted out of the DCC", bool,
                      devices=_GBCS),
    "supply_switch": Item("it can disable the supply (contactor or valve)", bool,
                          devices=_SWITCHED),
    "load_limiting": Item("it acts on the load limit (5.7.4.19 to .22)", bool, devices=_ESME),
    "export_metering": Item("it measures active export", bool, devices=_ESME),
    "reactive_metering": Item("it measures reactive import and export", bool, devices=_ESME),
    "prepayment": Item("it can be put in prepayment mode", bool, devices=_SWITCHED),
    "polyphase": Item("it has three elements (SMETS section 5 part C)", bool, devices=_ESME),
    "twin_element": Item("it has two elements (part B)", bool, devices=_ESME),
    "auxiliary_controllers": Item("it has auxiliary load control switches (part D)", bool,
                                  devices=_ESME),
    "boost": Item("it has the boost function (part E)", bool, devices=_ESME),
    "proportional_control": Item("it has auxiliary proportional controllers (part F, v5)", bool,
                                 devices=_ESME),
    "voltage_quality": Item("it monitors the supply voltage (5.7.4.34 to .41)", bool,
                            devices=_ESME),
    "tamper_detection": Item("it detects the opening of its covers", bool, devices=_METERS),
    "battery_cover": Item("it has a battery cover of its own, and detects its opening", bool,
                          devices=_METERS),
    "magnetic_field_detection": Item("it detects a foreign magnetic field", bool, devices=_METERS),
    "user_interface": Item("it has a display and controls of its own", bool, devices=_METERS),
    "local_port": Item("it has a local (optical) port that is open in the field", bool,
                       devices=_METERS),
    "dual_band": Item("it has a sub-GHz radio beside that of 2.4 GHz (CHTS 4.6.2.5)", bool,
                      devices=_HUB),
    "hdlc": Item("it is reached by HDLC (IEC 62056-46)", bool, devices=_DLMS),
    "wrapper": Item("it is reached by the wrapper over TCP (IEC 62056-47)", bool, devices=_DLMS),
    "short_names": Item("it has an association by short names", bool, devices=_DLMS),
    "load_profile": Item("it keeps a load profile (class 7)", bool, devices=_DLMS),
    "image_transfer": Item("it takes firmware by image transfer (class 18)", bool, devices=_DLMS),
    "push": Item("it sends data notifications of its own (class 40)", bool, devices=_DLMS),
    "key_transfer": Item("its keys can be replaced through a security setup (class 64)", bool,
                         devices=_DLMS),
}

IXIT_ITEMS: Mapping[str, Item] = {
    "entity_id": Item("EUI-64 of the device, 16 hexadecimal digits in upper case", str,
                      pattern=r"[0-9A-F]{16}", devices=_GBCS),
    "response_timeout_s": Item("longest time from a command to its response", float,
                               minimum=0.01, maximum=600, unit="seconds", devices=_GBCS),
    "quiet_s": Item("how long a command that must not be answered is watched for an answer",
                    float, minimum=0.01, maximum=600, unit="seconds"),
    "alert_timeout_s": Item("longest time from an event to its alert", float,
                            minimum=0.01, maximum=3600, unit="seconds", devices=_GBCS),
    "max_message_octets": Item("longest message that it takes or sends in one piece, longer ones "
                               "go in blocks (GBCS 7.2.11); 0: it has no block transfer", int,
                               default=0, minimum=0, maximum=65_535, unit="octets", devices=_GBCS),
    "block_octets": Item("block in which it takes a long message", int, default=1_024,
                         minimum=16, maximum=30_000, unit="octets", devices=_GBCS),
    "block_window": Item("blocks that it takes before it acknowledges", int, default=8,
                         minimum=1, maximum=63, unit="blocks", devices=_GBCS),
    "block_timeout_s": Item("longest time from a block to the next one, or to its acknowledgement",
                            float, default=10, minimum=0.01, maximum=600, unit="seconds",
                            devices=_GBCS),
    "max_transfer_octets": Item("longest message that it takes in blocks", int, default=262_144,
                                minimum=1, maximum=4_000_000, unit="octets", devices=_GBCS),
    "set_clock_window_s": Item("validity interval given to Set Clock, on either side of now",
                               int, minimum=1, maximum=86_400, unit="seconds", devices=_GBCS),
    "keys": Item("folder with the keys of the remote parties and the certificates of all (of a "
                 "DLMS meter: with its dlms-keys file), relative to the profile", str, default="",
                 pattern=r".+"),
    "push_timeout_s": Item("longest time from what makes it push to its data notification", float,
                           default=30, minimum=0.01, maximum=3600, unit="seconds", devices=_DLMS),
    "recordings": Item("folder of recorded commands that a plan may send, relative to the profile",
                       str, default="", pattern=r".+", devices=_GBCS),
    "set_clock_once_in_24h": Item("a second Set Clock within 24 h has no effect (R-NEW-01)", bool,
                                  default=False, devices=_GBCS),
    "clock_holdover_s": Item("how long the clock runs without mains, by the maker (R-NEW-04)",
                             int, default=0, minimum=0, maximum=315_576_000, unit="seconds",
                             devices=_GBCS),
    "screen_return_s": Item("idle time after which the display returns to its first screen, "
                            "0 for never (R-NEW-12)", float, default=0, minimum=0,
                            maximum=3600, unit="seconds", devices=_GBCS),
    "mains_return_s": Item("longest time from the return of the mains to the first response",
                           float, default=120, minimum=0, maximum=3600, unit="seconds"),
}

# Which letter of a variant stands for which ICS answer (DUIS ESMEVariant, SMETS parts B to F).
VARIANT_LETTERS: Mapping[str, str] = {
    "B": "twin_element", "C": "polyphase", "D": "auxiliary_controllers", "E": "boost",
}
PROPORTIONAL_LETTERS = frozenset("FG")

ESME_VARIANTS: tuple[str, ...] = (
    "A", "B", "C", "AD", "BD", "CD", "ADE", "BDE", "CDE", "ADF", "BDF", "CDF", "ADEF", "BDEF",
    "CDEF", "ADG", "ADEG", "AF", "BF", "CF", "AEF", "BEF", "CEF", "AG", "AEG",
)
