"""The class that GBCS adds: extended data, 9000, a value with its successor (GBCS, section 20).

The passive value becomes the active one at a time that is set. Which type a value has is the
matter of the instance, given by the use case (``bench.protocols.gbcs.use_cases``).
"""

from __future__ import annotations

from bench.protocols.cosem.classes.declarations import (
    InterfaceClass,
    dynamic,
    interface_class,
    method,
    static,
)
from bench.protocols.cosem.classes.shared_types import SCALER_UNIT
from bench.protocols.cosem.classes.types import ANYTHING, DATE_TIME

CLASSES: tuple[InterfaceClass, ...] = (
    interface_class(9000, 0, "Extended data", [
        dynamic("value_active", ANYTHING),
        static("scaler_unit_active", SCALER_UNIT),
        static("value_passive", ANYTHING),
        static("scaler_unit_passive", SCALER_UNIT),
        static("activate_passive_value_time", DATE_TIME),
    ], [method("reset"), method("activate_passive_value")]),
)
