"""Which firmware answers: the check that comes before every run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import RigError
from bench.steps.context import Context
from bench.steps.gbcs import Send, send
from bench.steps.vocabulary import Frame

_DLMS, _ZIGBEE = "1/0-0:0.2.1.255/a2", "Metering/current_meter_id"

FIRMWARE_VERSION: Mapping[str, tuple[str, str, str]] = {
    "ESME": ("ECS52", "supplier", _DLMS), "CHF": ("ECS52", "access_control_broker", _DLMS),
    "GSME": ("GCS38", "supplier", _ZIGBEE), "GPF": ("GCS38", "supplier", _ZIGBEE),
}
"""Device type -> use case that reads its firmware version, as whom, and the value's name (SMETS
5.7.5.17 and 4.6.5.10, CHTS 4.6.3.9)."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What the device said of itself, and the octets that it was asked and answered with.

    ``firmware_version`` is 8 hexadecimal digits, "" if it did not say; ``outcome`` is one as in
    :data:`~bench.steps.gbcs.EXCHANGE`.
    """

    firmware_version: str
    outcome: str
    frames: tuple[Frame, ...]


def read_identity(context: Context) -> Identity:
    """Return what the device says its firmware is.

    Raises LinkError if the line broke, RigError for a device type that no read is known for.
    """
    kind = str(context.answers.subject["device_type"])
    if kind not in FIRMWARE_VERSION:
        raise RigError(f"no command is known that reads the firmware version of a {kind}")
    use_case, role, name = FIRMWARE_VERSION[kind]
    seen = send(context, Send.model_validate({"use_case": use_case, "as": role}))
    found = str(seen.values["values"].get(name, ""))
    return Identity(found, str(seen.values["outcome"]), seen.frames)
