"""What makes one emulated meter differ from another, beyond what every device has."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from bench.errors import ProfileError
from devices.emulators.gbcs import profile


@dataclass(frozen=True, slots=True)
class Settings(profile.Settings):
    """One emulated ESME."""

    model: str = "EMULATED-ESME-A"
    variant: str = "A"  # (SMETS2 5.7.1.4)
    load_shape: tuple[float, ...] = ()  # 48 factors of active import, one for each half-hour

    def __post_init__(self) -> None:
        profile.Settings.__post_init__(self)
        if len(self.load_shape) not in (0, 48):
            raise ProfileError(f"load_shape: expected 48 factors, found {len(self.load_shape)}")


def load_settings(path: Path) -> Settings:
    """Return the settings in a profile file; ProfileError starting with the file's name."""
    return profile.load_settings(path, Settings())
