"""Port ``tamper``: physical interference with the device."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bench.steps.context import Context
from bench.steps.vocabulary import Arguments, Observation, action

Interference = Literal["meter_cover", "terminal_cover", "battery_cover", "magnetic_field"]


class Tamper(Arguments):
    """What is interfered with, and whether the interference begins or ends."""

    interference: Interference
    state: Literal["apply", "clear"] = "apply"


@action("tamper", port="tamper", arguments=Tamper, observes={})
def tamper(context: Context, wanted: Tamper) -> Observation:
    """Begin or end an interference."""
    port = context.ports["tamper"]
    (port.apply if wanted.state == "apply" else port.clear)(wanted.interference)
    return Observation({})


class TamperCycle(Arguments):
    """Begin and end the same interference so many times."""

    interference: Interference
    cycles: int = Field(ge=1, le=1000)


@action("tamper_cycle", port="tamper", arguments=TamperCycle, observes={})
def tamper_cycle(context: Context, wanted: TamperCycle) -> Observation:
    """Begin and end an interference again and again."""
    for _ in range(wanted.cycles):
        context.ports["tamper"].apply(wanted.interference)
        context.ports["tamper"].clear(wanted.interference)
    return Observation({})
