"""What the emulated meter takes from its profile and its folder of keys.

Section ``emulator`` says what the meter is (:mod:`.profile`), section ``dlms`` how it is reached
and which set of keys an association uses (:mod:`devices.dlms_declaration`). Without a profile a
meter has the defaults, and the sets ``lls`` and ``hls``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict, Field

from bench.errors import ProfileError, RigError
from devices import dlms_keys
from devices.declaration import Declaration, Schema
from devices.dlms_declaration import DlmsDeclaration, Hdlc
from devices.emulators.dlms.hdlc_server import DEFAULT
from devices.emulators.dlms.keys import MeterKeys
from devices.emulators.dlms.meter import FRESH
from devices.emulators.dlms.profile import Settings, load_settings

LOW, HIGH = "lls", "hls"
"""Sets of keys of a meter without a profile."""


class _File(Schema):
    """A profile file, of which one section says how the meter is reached."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)

    dlms: DlmsDeclaration | None = Field(None, description="a mapping of what the meter declares")


@dataclass(frozen=True, slots=True)
class Declared:
    """One meter as its profile has it; ``sets`` are those of low and of high security."""

    settings: Settings = FRESH
    hdlc: Hdlc = DEFAULT
    address: str = ""  # that of the sign-on; the serial number where empty
    low: str = LOW
    high: str = HIGH

    @property
    def sets(self) -> Mapping[str, int]:
        """The sets of keys that it needs, each with its suite."""
        return {self.low: 0} | {self.high: self.settings.suite}


def load(path: Path) -> Declared:
    """Return what the profile at ``path`` says; ProfileError, ``file:line: ...`` for mistakes."""
    settings = load_settings(path)
    dlms = Declaration(path, ProfileError).validate(_File).dlms
    if dlms is None:
        return Declared(settings)
    named = [(one.mechanism == "lls", one.keys) for one in dlms.associations.values() if one.keys]
    lows, highs = ([keys for is_low, keys in named if is_low is wanted] for wanted in (True, False))
    low = (lows or highs or [LOW])[-1]
    address = dlms.link.sign_on.address if dlms.link.sign_on else ""
    high = (highs or lows or [HIGH])[-1]
    return Declared(settings, dlms.link.hdlc or DEFAULT, address, low, high)


def meter_keys(folder: Path, declared: Declared) -> MeterKeys:
    """Return the meter's side of the keys in ``folder``; RigError where one is missing."""
    held = dlms_keys.load(folder)
    low, high = held.of(declared.low).server, held.of(declared.high).server
    for name in (*dlms_keys.SYMMETRIC, "secret"):
        if getattr(high, name) is None:
            raise RigError(f"{held.path}: sets.{declared.high}: expected {name}, found none")
    if low.secret is None:
        raise RigError(f"{held.path}: sets.{declared.low}: expected secret, found none")
    return MeterKeys(
        title=held.server_title, master=high.master or b"",
        global_unicast=high.global_unicast or b"", global_broadcast=high.global_broadcast or b"",
        authentication=high.authentication or b"", low_secret=low.secret,
        high_secret=high.secret or b"", signing=high.signing, agreement=high.agreement,
        client_signing=high.peer_signing, client_agreement=high.peer_agreement)
