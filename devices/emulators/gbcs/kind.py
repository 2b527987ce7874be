"""What makes one kind of device differ from another in its dialogue with the remote parties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bench.protocols.gbcs.use_cases import UseCase
from devices.emulators.gbcs.events import EventRule
from devices.emulators.gbcs.trust_anchors import Cell


class AlertForm(Protocol):
    """How a kind of device writes alerts: in DLMS or in GBZ."""

    def message_code(self, code: int) -> int:
        """Return the message code of the alert of an event."""

    def payload(self, code: int, now: float, counter: int, content: object) -> bytes:
        """Return the payload; ``content`` is what stands behind code and time."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of device.

    ``type`` is its name in the use-case tables, ``cells`` its trust anchor cells in the order in
    which they are reported. ``others`` are the use cases in ASN.1, by message code, that it
    carries out beside those of credentials, with whether they are replay protected.
    """

    type: str
    cells: tuple[Cell, ...]
    events: Mapping[int, EventRule]
    alerts: AlertForm
    others: Mapping[int, bool] = field(default_factory=dict)

    def takes(self, use_case: UseCase) -> bool:
        """Return whether a use case of the tables is a command for this kind of device."""
        return use_case.category.startswith("SME.C.") and self.type in use_case.target
