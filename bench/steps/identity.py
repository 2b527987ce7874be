"""Which firmware answers: the check that comes before every run."""

from __future__ import annotations

from dataclasses import dataclass

from bench.steps.context import Context
from bench.steps.gbcs import Send, send
from bench.steps.vocabulary import Frame

FIRMWARE_VERSION = "1/0-0:0.2.1.255/a2"


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
    """Return what the device answers to ECS52 (SMETS 5.7.5.17).

    Raises LinkError if the line broke.
    """
    seen = send(context, Send.model_validate({"use_case": "ECS52"}))
    found = str(seen.values["values"].get(FIRMWARE_VERSION, ""))
    return Identity(found, str(seen.values["outcome"]), seen.frames)
