"""Port ``dlms``: what a case needs of the maker's declaration, else it does not apply."""

from __future__ import annotations

from pydantic import Field

from bench.errors import Inapplicable, Inconclusive
from bench.steps.context import Context
from bench.steps.dlms.dialogue import dialogue_of
from bench.steps.vocabulary import Arguments, Observation, action


class Demand(Arguments):
    """What the association must be declared with."""

    association: str = Field(alias="as")
    policy: int | None = Field(None, ge=0, le=255)
    mechanism: str | None = None
    ciphered: bool | None = None
    short_names: bool | None = None
    services: list[str] = Field(default_factory=list)
    objects: list[str] = Field(default_factory=list)


class Untried(Arguments):
    """Why something is left untried."""

    reason: str


@action("leave_untried", port="dlms", arguments=Untried, observes={})
def leave_untried(context: Context, wanted: Untried) -> Observation:  # noqa: ARG001  its form
    """End the case as inconclusive: it stands for what the bench will not do to a device."""
    raise Inconclusive(wanted.reason)


@action("demand", port="dlms", arguments=Demand, observes={})
def demand(context: Context, wanted: Demand) -> Observation:
    """End the case as inapplicable unless the declaration has what it needs."""
    dialogue = dialogue_of(context)
    name = wanted.association
    declared = dialogue.declared["associations"].get(name)
    if declared is None:
        raise Inapplicable(f"no association {name} is declared")
    for item in ("policy", "mechanism", "ciphered", "short_names"):
        value = getattr(wanted, item)
        if value is not None and declared[item] != value:
            raise Inapplicable(f"{name} is declared with {item.replace('_', ' ')} "
                               f"{declared[item]}, the case is about {value}")
    for service in wanted.services:
        if service not in declared["conformance"]:
            raise Inapplicable(f"{name} is declared without the service {service}")
    listed = {one["object"] for one in declared["objects"]}
    for one in wanted.objects:
        if one not in listed:
            raise Inapplicable(f"{name} is declared without the object {one}")
    return Observation({}, ())
