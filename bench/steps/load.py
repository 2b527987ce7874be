"""Port ``load``: what flows through the meter, and how much has flowed."""

from __future__ import annotations

from pydantic import Field

from bench.steps.context import Context
from bench.steps.vocabulary import Arguments, Observation, action


class Load(Arguments):
    """Constant power until changed, in W and var."""

    active_import_w: float = Field(0, ge=0)
    active_export_w: float = Field(0, ge=0)
    reactive_import_var: float = Field(0, ge=0)
    reactive_export_var: float = Field(0, ge=0)


class Nothing(Arguments):
    """No arguments."""


@action("set_load", port="load", arguments=Load, observes={})
def set_load(context: Context, wanted: Load) -> Observation:
    """Apply a load."""
    context.ports["load"].set(**wanted.model_dump())
    return Observation({})


@action("read_energy", port="load", arguments=Nothing, observes={
    "active_import_wh": "energy imported since the rig was activated, by its own measurement, Wh",
    "active_export_wh": "energy exported, Wh",
    "reactive_import_varh": "reactive energy imported, varh",
    "reactive_export_varh": "reactive energy exported, varh",
})
def read_energy(context: Context, _: Nothing) -> Observation:
    """Read the rig's own measurement of the energy that has flowed."""
    return Observation(dict(context.ports["load"].energy()))
