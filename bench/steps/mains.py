"""Port ``mains``: the supply of the meter."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bench.steps.context import Context
from bench.steps.vocabulary import Arguments, Observation, action


class Mains(Arguments):
    """Whether the meter is supplied."""

    state: Literal["on", "off"]


class Voltage(Arguments):
    """RMS voltage between line and neutral, V."""

    volts: float = Field(ge=0, le=500)


@action("mains", port="mains", arguments=Mains, observes={})
def mains(context: Context, wanted: Mains) -> Observation:
    """Cut or restore the supply."""
    supply = context.ports["mains"]
    (supply.on if wanted.state == "on" else supply.off)()
    return Observation({})


@action("set_voltage", port="mains", arguments=Voltage, observes={})
def set_voltage(context: Context, wanted: Voltage) -> Observation:
    """Apply a voltage."""
    context.ports["mains"].set_voltage(wanted.volts)
    return Observation({})


class Outages(Arguments):
    """So many cuts of so many seconds, with as long a supply after each."""

    cycles: int = Field(1, ge=1, le=1000)
    seconds: float = Field(gt=0)


@action("outages", port="mains", arguments=Outages, observes={})
def outages(context: Context, wanted: Outages) -> Observation:
    """Cut and restore the supply; needs the port ``time`` too."""
    supply, time = context.ports["mains"], context.ports["time"]
    for _ in range(wanted.cycles):
        supply.off()
        time.advance(wanted.seconds)
        supply.on()
        time.advance(wanted.seconds)
    return Observation({})
