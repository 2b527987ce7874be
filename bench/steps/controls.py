"""Port ``controls``: the consumer's own controls, and the contactor as seen from outside."""

from __future__ import annotations

from typing import Literal

from bench.steps.context import Context
from bench.steps.vocabulary import Arguments, Observation, action


class Press(Arguments):
    """The control to operate."""

    control: Literal["supply_on"]


class Nothing(Arguments):
    """No arguments."""


@action("press", port="controls", arguments=Press, observes={})
def press(context: Context, wanted: Press) -> Observation:
    """Operate a control of the device."""
    context.ports["controls"].press(wanted.control)
    return Observation({})


@action("observe_contactor", port="controls", arguments=Nothing, observes={
    "contactor": "`closed` or `open`, measured at the load terminals",
})
def observe_contactor(context: Context, _: Nothing) -> Observation:
    """Look at the load switch from outside."""
    return Observation({"contactor": context.ports["controls"].contactor()})
