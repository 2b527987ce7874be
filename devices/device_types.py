"""The kinds of device that the bench knows, by the name that plans, rigs and baselines use.

``type`` is the field's own name (SMETS, CHTS), as a profile's subject has it. ``emulated`` says
that the bench has an emulator with named defects of that kind; only for those can it prove that a
case notices what is wrong. CHF and GPF are the two functions of a communications hub, each of which
is a device to GBCS. A DLMS meter is any DLMS/COSEM server that is no GBCS device, or the local port
of one: nothing of GBCS is asked of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class DeviceType:
    """One kind of device."""

    type: str
    emulated: bool = False
    gbcs: bool = True  # it speaks GBCS, so that remote parties and their keys are needed
    rigs: tuple[str, ...] = ()  # names of the shipped rigs that launch it, the quickest first
    profiles: Mapping[str, str] = field(default_factory=dict)  # rig -> profile, if not its own


DEVICE_TYPES: Mapping[str, DeviceType] = {
    "esme": DeviceType("ESME", emulated=True),
    "gsme": DeviceType("GSME", emulated=True),
    "chf": DeviceType("CHF", emulated=True),
    "gpf": DeviceType("GPF", emulated=True),
    "ppmid": DeviceType("PPMID"),
    "hcalcs": DeviceType("HCALCS"),
    "ihd": DeviceType("IHD"),
    "dlms-meter": DeviceType("DLMS-METER", emulated=True, gbcs=False, rigs=(
        "dlms-wrapper", "dlms-hdlc", "dlms-mode-e", "dlms-hdlc-tcp", "dlms-sn", "dlms-suite-1",
        "dlms-suite-2"),
        profiles={name: name for name in ("dlms-sn", "dlms-suite-1", "dlms-suite-2")}),
}
