"""Asking a device what it is, by the port that it is asked over.

One row for each protocol: how the firmware version is read, what it must be by the profile, and
what to look at where the device does not say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bench.errors import RigError
from bench.steps.context import Context
from bench.steps.dlms.identity import read_dlms_identity
from bench.steps.identity import Identity, read_identity
from devices.device_types import DEVICE_TYPES
from devices.profile import Profile
from devices.rig import Rig

GBCS, DLMS = "gbcs", "dlms"  # ports


@dataclass(frozen=True, slots=True)
class Asking:
    """How the devices behind one port are asked for their firmware version."""

    read: Callable[[Context], Identity]
    declared: Callable[[Profile], str]
    doubt: Callable[[Profile, Rig], str]  # what may be wrong where it does not say


def port_of(profile: Profile) -> str:
    """Return the port over which a device of this profile is asked what it is."""
    return GBCS if DEVICE_TYPES[profile.subject.device_type.casefold()].gbcs else DLMS


def asking(profile: Profile, rig: Rig) -> Asking:
    """Return how the device on ``rig`` is asked; :class:`RigError` if the rig has no way to."""
    port = port_of(profile)
    if port not in rig.ports:
        raise RigError(f"rig {rig.name}: expected the port {port}, over which a "
                       f"{profile.subject.device_type} is asked what it is; it has "
                       f"{', '.join(sorted(rig.ports))}")
    return IDENTITIES[port]


def _doubt_of_party(profile: Profile, rig: Rig) -> str:
    return (f"is it {profile.ixit['entity_id']}, is it on, and are the keys in {rig.keys} its "
            "own?")


def _doubt_of_line(profile: Profile, rig: Rig) -> str:
    dlms = profile.ixit["dlms"]
    association = dlms["associations"][dlms["firmware"]["association"]]
    keys = f", and are the keys in {rig.keys} its own" if association["keys"] else ""
    return (f"is it {dlms['logical_device_name']}, is it on, is dlms.link its own, does "
            f"{association['name']} (client {association['client']}, server "
            f"{association['server']}) read {dlms['firmware']['object']}{keys}?")


def _declared_version(profile: Profile) -> str:
    return profile.subject.firmware_version


def _declared_octets(profile: Profile) -> str:
    return str(profile.ixit["dlms"]["firmware"]["octets"])


IDENTITIES: Mapping[str, Asking] = {
    GBCS: Asking(read_identity, _declared_version, _doubt_of_party),
    DLMS: Asking(read_dlms_identity, _declared_octets, _doubt_of_line),
}
