"""What a device says of itself when it is asked, before the plan of a run is frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Disclosure:
    """Rows of the tables that cases are generated from (:data:`bench.plan.tables.DISCLOSED`).

    ``failures`` say, one line each, what could not be asked or was not answered: cases stand for
    it. Rows hold plain JSON values.
    """

    tables: Mapping[str, tuple[Mapping[str, object], ...]] = field(default_factory=dict)
    failures: tuple[str, ...] = ()
