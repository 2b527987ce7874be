"""What a defect is: a named way of being wrong, of some kinds of emulated device."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from devices.dlms_names import SHORT_NAMES


@dataclass(frozen=True, slots=True)
class Defect:
    """One way of being wrong; ``breaks`` names at least one requirement.

    ``devices`` are the kinds of emulated device (:data:`devices.device_types.DEVICE_TYPES`) of
    which the plan has a case that catches it. ``links`` are traits of a rig's link
    (:data:`devices.dlms_names.TRAITS`): the defect is there on links that have one of them, without
    any on all; on those of a meter by short names only if it shows ``by_short_names`` too.
    ``anew`` are traits of rigs whose meter does by other code what the defect is in, so that it is
    looked for there once more.
    """

    name: str
    breaks: tuple[str, ...]
    description: str
    devices: tuple[str, ...]
    links: tuple[str, ...] = ()
    by_short_names: bool = False
    anew: tuple[str, ...] = ()

    def is_on(self, traits: Collection[str]) -> bool:
        """Return whether a device behind a link with these traits can have it."""
        if not self.links:
            return self.by_short_names or SHORT_NAMES not in traits
        return any(trait in traits for trait in self.links)

    def is_of(self, traits: Collection[str]) -> bool:
        """Return whether a rig with these traits is one to look for it on, be it the first or
        not."""
        return any(trait in traits for trait in (*self.links, *self.anew))


def defect(name: str, breaks: str, description: str, devices: str, links: str = "", *,
           by_short_names: bool = False, anew: str = "") -> Defect:
    """Return a defect; requirements, kinds of device and traits are given with spaces between
    them."""
    return Defect(name, tuple(breaks.split()), description, tuple(devices.split()),
                  tuple(links.split()), by_short_names, tuple(anew.split()))
