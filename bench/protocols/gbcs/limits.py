"""Limits of values that a service request sets (DUIS 5.4), where one element carries the value.

Tighter than the types of the mapping rows: a device is never sent more by the service, and must
itself refuse some. A test that wants to see that builds beyond them. Duty cycles and percentages
are in hundredths on the wire (reference test data set).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs.templates import Shape, misfit

# Key of the row, name of the element -> least, greatest.
_NUMBERS: Mapping[tuple[str, str], tuple[int, int]] = {
    ("1/0-0:94.44.0.1/a2", "value"): (0, 1799),  # RandomisedOffsetLimit
    ("104/0-0:30.3.0.255/a3", "join_timeout"): (1, 3600),  # JoinTimePeriod
    ("113/0-0:19.20.3.255/a13", "proportion"): (0, 10_000),  # DebtRecoveryPerPayment
    **{("1/0-0:94.44.10.0/a2", name): limits for name, limits in {
        "normalLimitedDutyCycleThreshold": (50, 200),
        "limitedCriticalDutyCycleThreshold": (151, 249),
        "channelChangesPerWeek": (1, 7), "gsmeCurfew": (2, 65_535),
        "quieterDecibelsLimit": (1, 255), "noisierDecibelsLimit": (0, 20),
        "nonGsmePoorCommsPercentage": (100, 10_000), "nonGsmeMeasurementPeriods": (50, 150),
        "localChNoiseMeasurementPeriod": (61, 65_535), "localChFailurePercentage": (100, 10_000),
        "localChRetryPercentage": (100, 10_000)}.items()},
}
_TEXTS: Mapping[str, str] = {
    "1/0-2:96.13.1.255/a2": "[ -~]{1,116}",  # SupplierMessage
    "1/0-3:96.13.1.255/a2": "[0-9]{4}",  # CustomerIdentificationNumber
    "9000/0-0:96.13.0.255/a2": "[0-9 ]{0,18}",  # SupplierTelephoneNumber
    "9000/0-0:96.13.1.255/a2": "[ -~]{0,15}",  # SupplierName
    "115/0-0:19.40.0.255/m1": "[0-9]{20}",  # UTRN
}


def applies(shape: Shape | None) -> bool:
    """Return whether there are limits for any value of ``shape``."""
    if shape is None:
        return False
    if shape.row is None:
        return any(map(applies, shape.members.values()))
    return (shape.row.key, shape.name) in _NUMBERS or shape.row.key in _TEXTS


def check(shape: Shape | None, data: Data) -> None:
    """Raise LocalProtocolError, naming the row, if a value in ``data`` is beyond its limits."""
    if shape is None:
        return
    if shape.row is None:
        members = [shape.element] * len(data.value) if shape.bounds is not None \
            else shape.fields(len(data.value))
        for member, element in zip(members, data.value, strict=False):
            check(member, element)
        return
    limits = _NUMBERS.get((shape.row.key, shape.name))
    if limits and not limits[0] <= data.value <= limits[1]:
        raise misfit(shape, f"{limits[0]}..{limits[1]}", f"{data.value}")
    pattern = _TEXTS.get(shape.row.key)
    if pattern and data.tag is Tag.OCTET_STRING:
        text = data.value.decode("latin-1")
        if not re.fullmatch(pattern, text):
            raise misfit(shape, f"text {pattern}", repr(text))
