"""The emulated devices by the name of their kind; each is imported when it is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from devices.emulators.gbcs.device import Device
from devices.emulators.gbcs.profile import Settings

Made = tuple[type[Device], Settings]
"""The class of an emulated device, and what a fresh one is."""

_PLACES: Mapping[str, str] = {
    "esme": "devices.emulators.esme.device:Esme",
    "gsme": "devices.emulators.gsme.device:Gsme",
    "gpf": "devices.emulators.gpf.device:Gpf",
    "chf": "devices.emulators.chf.device:Chf",
}


def emulated(name: str) -> Made:
    """Return the device of a kind (:mod:`devices.device_types`); KeyError without one."""
    module, _, kind = _PLACES[name].partition(":")
    found = import_module(module)
    return getattr(found, kind), found.FRESH
