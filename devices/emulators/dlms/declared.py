"""What the emulated meter takes from its profile and its folder of keys.

Section ``emulator`` says what the meter is (:mod:`.profile`), section ``dlms`` how it is reached
and which set of keys an association uses (:mod:`devices.dlms_declaration`). Without a profile a
meter has the defaults, and the sets ``lls`` and ``hls``, the one with low and the other with high
security.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import ConfigDict, Field

from bench.errors import ProfileError, RigError
from devices import dlms_keys
from devices.declaration import Declaration, Schema
from devices.dlms_declaration import DlmsDeclaration, Hdlc
from devices.dlms_keys import DlmsKeys
from devices.emulators.dlms.hdlc_server import DEFAULT
from devices.emulators.dlms.keys import MeterKeys
from devices.emulators.dlms.meter import FRESH
from devices.emulators.dlms.profile import Place, Settings, load_settings

LOW, HIGH = "lls", "hls"
"""Sets of keys of a meter without a profile."""


class _File(Schema):
    """A profile file, of which one section says how the meter is reached."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    dlms: DlmsDeclaration | None = Field(None, description="a mapping of what the meter declares")


@dataclass(frozen=True, slots=True)
class Declared:
    """One meter as its profile has it; ``low`` and ``high`` are sets of low and of high security,
    ``further`` has those of associations whose set of high security is another one."""

    settings: Settings = FRESH
    hdlc: Hdlc = DEFAULT
    address: str = ""  # that of the sign-on; the serial number where empty
    low: str = LOW
    high: str = HIGH
    further: Mapping[Place, str] = field(default_factory=dict)

    @property
    def sets(self) -> Mapping[str, int]:
        """The sets of keys that it needs, each with its suite."""
        return {self.low: 0} | dict.fromkeys((self.high, *self.further.values()),
                                             self.settings.suite)


def load(path: Path) -> Declared:
    """Return what the profile at ``path`` says; ProfileError, ``file:line: ...`` for mistakes."""
    settings = load_settings(path)
    dlms = Declaration(path, ProfileError).validate(_File).dlms
    if dlms is None:
        return Declared(settings)
    named = [one for one in dlms.associations.values() if one.keys]
    lows, highs = ([one.keys or "" for one in named if (one.mechanism == "lls") is wanted]
                   for wanted in (True, False))
    high = (highs or lows or [HIGH])[0]
    further = {(one.client, one.server): one.keys or "" for one in named
               if one.mechanism != "lls" and one.keys != high}
    low = (lows or highs or [LOW])[-1]
    address = dlms.link.sign_on.address if dlms.link.sign_on else ""
    return Declared(settings, dlms.link.hdlc or DEFAULT, address, low, high, further)


def meter_keys(folder: Path, declared: Declared) -> MeterKeys:
    """Return the meter's side of the keys in ``folder``; RigError where one is missing."""
    return _side(dlms_keys.load(folder), declared, declared.high)


def further_keys(folder: Path, declared: Declared) -> Mapping[Place, MeterKeys]:
    """Return the same for each association that has keys of its own."""
    held = dlms_keys.load(folder)
    return {place: _side(held, declared, name) for place, name in declared.further.items()}


def _side(held: DlmsKeys, declared: Declared, name_of_high: str) -> MeterKeys:
    low, high = held.of(declared.low).server, held.of(name_of_high).server
    for name in (*dlms_keys.SYMMETRIC, "secret"):
        if getattr(high, name) is None:
            raise RigError(f"{held.path}: sets.{name_of_high}: expected {name}, found none")
    if low.secret is None:
        raise RigError(f"{held.path}: sets.{declared.low}: expected secret, found none")
    return MeterKeys(
        title=held.server_title, master=high.master or b"",
        global_unicast=high.global_unicast or b"", global_broadcast=high.global_broadcast or b"",
        authentication=high.authentication or b"", low_secret=low.secret,
        high_secret=high.secret or b"", signing=high.signing, agreement=high.agreement,
        client_signing=high.peer_signing, client_agreement=high.peer_agreement)
