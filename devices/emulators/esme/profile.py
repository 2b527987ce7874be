"""What makes one emulated meter differ from another, beyond what every device has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.errors import ProfileError
from devices.emulators.esme.supply import State
from devices.emulators.gbcs import profile

DELIVERED = {state.name.lower(): state for state in State}

@dataclass(frozen=True, slots=True)
class Settings(profile.Settings):
    """One emulated ESME."""

    model: str = "EMULATED-ESME-A"
    variant: str = "A"  # (SMETS2 5.7.1.4)
    load_shape: tuple[float, ...] = ()  # 48 factors of active import, one for each half-hour
    supply: str = "enabled"  # as it is delivered: enabled, disabled or armed

    def __post_init__(self) -> None:
        profile.Settings.__post_init__(self)
        if len(self.load_shape) not in (0, 48):
            raise ProfileError(f"load_shape: expected 48 factors, found {len(self.load_shape)}")
        if self.supply not in DELIVERED:
            raise ProfileError(f"supply: expected {', '.join(DELIVERED)}, found {self.supply!r}")


def load_settings(path: Path) -> Settings:
    """Return the settings in a profile file; ProfileError starting with the file's name."""
    return profile.load_settings(path, Settings())
