"""What a defect is: a named way of being wrong, of some kinds of emulated device."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defect:
    """One way of being wrong; ``breaks`` names at least one requirement.

    ``devices`` are the kinds of emulated device (:data:`devices.device_types.DEVICE_TYPES`) of
    which the plan has a case that catches it.
    """

    name: str
    breaks: tuple[str, ...]
    description: str
    devices: tuple[str, ...]


def defect(name: str, breaks: str, description: str, devices: str) -> Defect:
    """Return a defect; requirements and kinds of device are given with spaces between them."""
    return Defect(name, tuple(breaks.split()), description, tuple(devices.split()))
