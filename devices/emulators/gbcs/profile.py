"""What makes one device differ from another: identity, firmware, start of time, maker's choices.

A profile file is the device profile that declares a device under test; from it the emulator takes
``subject`` (what of it the device has a setting for), ``ixit.set_clock_once_in_24h`` and what
``ixit`` says of block transfer and, where it is there, ``emulator`` with settings by name. Other
keys are not the emulator's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bench.errors import ProfileError

DEFAULT_START = 825_498_000
"""2026-02-27T09:00:00Z, in seconds since 2000-01-01."""


@dataclass(frozen=True, slots=True)
class Settings:
    """One emulated device; each has a default, so that a device needs no file."""

    manufacturer_id: str = "0000"  # 4 characters, sent as such (SMETS2 5.7.1.2)
    model: str = "EMULATED"  # the first 8 characters are sent (SMETS2 5.7.1.3)
    firmware_version: str = "00000001"  # 8 hexadecimal digits, sent as 4 octets (SMETS2 5.7.5.17)
    start: int = DEFAULT_START  # seconds since 2000-01-01
    set_clock_once_a_day: bool = True  # R-NEW-01, one maker's behaviour
    malformed_burst: int = 10  # bad messages in a row that make 8F60 (R-SEC-14; our number)
    max_message_octets: int = 65_000  # a longer answer goes in blocks; 65,535 is a line's limit
    block_octets: int = 1_024  # of a block of an answer
    block_window: int = 8  # blocks sent before an acknowledgement, and taken likewise
    max_transfer_octets: int = 262_144  # of a command in blocks; more are refused

    def __post_init__(self) -> None:
        _check_hex("manufacturer_id", self.manufacturer_id, 4)
        _check_hex("firmware_version", self.firmware_version, 8)
        if not (self.model.isascii() and self.model):
            raise ProfileError(f"model: expected ASCII text, found {self.model!r}")
        for name, (lowest, highest) in _BLOCK_LIMITS.items():
            if not lowest <= getattr(self, name) <= highest:
                raise ProfileError(f"{name}: expected {lowest} to {highest:,}, "
                                   f"found {getattr(self, name)}")


Kind = TypeVar("Kind", bound=Settings)


def load_settings(path: Path, fresh: Kind) -> Kind:
    """Return ``fresh`` with what a profile file says; ProfileError starting with its name."""
    try:
        read: Any = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as wrong:
        raise ProfileError(f"{path}: cannot be read: {wrong}") from wrong
    if not isinstance(read, Mapping):
        raise ProfileError(f"{path}: expected a mapping")
    subject, own, ixit = (read.get(part, {}) for part in ("subject", "emulator", "ixit"))
    if not all(isinstance(part, Mapping) for part in (subject, own, ixit)):
        raise ProfileError(f"{path}: subject, emulator and ixit must be mappings")
    names = {field.name for field in fields(fresh)}
    unknown = sorted(set(own) - names)
    if unknown:
        raise ProfileError(f"{path}: emulator has no setting {unknown[0]!r}")
    identity = names & {"manufacturer_id", "model", "firmware_version", "variant"}
    taken: dict[str, Any] = {name: str(subject[name]) for name in identity if name in subject}
    if "set_clock_once_in_24h" in ixit:
        taken["set_clock_once_a_day"] = bool(ixit["set_clock_once_in_24h"])
    taken |= {name: ixit[name] for name in _BLOCK_LIMITS if ixit.get(name)}
    try:
        lists = {name: tuple(value) for name, value in own.items() if isinstance(value, list)}
        return replace(replace(fresh, **taken), **{**own, **lists})
    except (ProfileError, TypeError) as wrong:
        raise ProfileError(f"{path}: {wrong}") from None


# Of block transfer: setting, also an IXIT item of the same name -> the lowest and highest value.
_BLOCK_LIMITS = {"max_message_octets": (1, 65_535), "block_octets": (16, 30_000),
                 "block_window": (1, 63), "max_transfer_octets": (1, 4_000_000)}


def _check_hex(name: str, text: str, digits: int) -> None:
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        octets = b""
    if len(octets) * 2 != digits:
        raise ProfileError(f"{name}: expected {digits} hexadecimal digits, found {text!r}")
