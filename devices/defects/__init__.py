"""Named ways in which an emulated device may be wrong."""

from __future__ import annotations

from collections.abc import Mapping

from devices.defects.dlms_link import DLMS_LINK
from devices.defects.dlms_meter import DLMS_METER
from devices.defects.esme import ESME
from devices.defects.record import Defect
from devices.defects.shared import SHARED

__all__ = ["DEFECTS", "Defect", "of_device"]

DEFECTS: Mapping[str, Defect] = {one.name: one for one in (*ESME, *SHARED, *DLMS_METER, *DLMS_LINK)}
"""All defects by name."""


def of_device(name: str) -> Mapping[str, Defect]:
    """Return the defects of a kind of emulated device, by name."""
    return {key: one for key, one in DEFECTS.items() if name in one.devices}
