"""Port ``gbcs``: the supply brought into a state by the supplier's commands.

A load flows only while the supply is enabled, and a meter may be delivered with it disabled or
armed (SMETS2 5.6.3.7, .11, .12, 5.7.5.32).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from bench.steps.context import Context
from bench.steps.gbcs import Send, send
from bench.steps.vocabulary import Arguments, Frame, Observation, action

_READ, _STATE = "ECS45", "70/0-0:96.3.10.255/a3"
_STATES = {0: "disabled", 1: "enabled", 2: "armed"}  # IEC 62056-6-2, 4.5.8: control_state
_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "enabled": ("ECS42",), "disabled": ("ECS43",), "armed": ("ECS43", "ECS44")}


class Supply(Arguments):
    """The state that the supply has to be in."""

    state: Literal["enabled", "disabled", "armed"]


@action("supply", port="gbcs", arguments=Supply, observes={
    "found": "state before: `enabled`, `disabled` or `armed`; absent if the device says none",
    "state": "state after the step, likewise; without a switch, by the ICS, both are `enabled`",
})
def supply(context: Context, wanted: Supply) -> Observation:
    """Read the supply state, change it by command where it is another, and read it again.

    Nothing is sent where the device does not say: it could not be put back.
    """
    if not context.answers.ics["supply_switch"]:
        return Observation({"found": "enabled", "state": "enabled"})
    frames: list[Frame] = []
    found = state = _read(context, frames)
    if found and found != wanted.state:
        for use_case in _COMMANDS[wanted.state]:
            frames += send(context, Send.model_validate({"use_case": use_case})).frames
        state = _read(context, frames)
    seen = {"found": found, "state": state}
    return Observation({name: word for name, word in seen.items() if word}, tuple(frames))


def _read(context: Context, frames: list[Frame]) -> str:
    """Return the word for the state that the device says, "" if none; adds to ``frames``."""
    seen = send(context, Send.model_validate({"use_case": _READ}))
    frames += seen.frames
    told = seen.values["values"].get(_STATE)
    return _STATES.get(told, "") if isinstance(told, int) else ""
