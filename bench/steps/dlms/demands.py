"""Port ``dlms``: what a case needs of the maker's declaration, else it does not apply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from bench.errors import Inapplicable, Inconclusive
from bench.protocols.dlms.security import hls
from bench.steps.context import Context
from bench.steps.dlms.associating import MECHANISMS
from bench.steps.dlms.dialogue import Dialogue, dialogue_of
from bench.steps.dlms.policies import Asked, policy_of
from bench.steps.vocabulary import Arguments, Observation, action


class Demand(Arguments):
    """What the association ``as`` must be declared with, or without a name any one.

    ``policy`` is what its security policy asks for; ``apart_from`` is an association with another
    logical device; ``challenge_octets`` is a length of a challenge that its mechanism takes.
    """

    association: str = Field("", alias="as")
    policy: Asked | None = None
    mechanism: str | None = None
    ciphered: bool | None = None
    short_names: bool | None = None
    apart_from: str = ""
    challenge_octets: int | None = None
    services: list[str] = Field(default_factory=list)
    objects: list[str] = Field(default_factory=list)


class Untried(Arguments):
    """Why something is left untried."""

    reason: str


@action("leave_untried", port="dlms", arguments=Untried, observes={})
def leave_untried(context: Context, wanted: Untried) -> Observation:  # noqa: ARG001  its form
    """End the case as inconclusive: it stands for what the bench will not do to a device."""
    raise Inconclusive(wanted.reason)


@action("demand", port="dlms", arguments=Demand, observes={
    "association": "the name of the first association that is declared with all this"})
def demand(context: Context, wanted: Demand) -> Observation:
    """End the case as inapplicable unless the declaration has what it needs."""
    dialogue = dialogue_of(context)
    named = [dialogue.name_of(wanted.association)] if wanted.association \
        else dialogue.declared["associations"]
    reasons: list[str] = []
    for name in named:
        reason = _lack(name, dialogue.of(name), wanted, dialogue)
        if not reason:
            return Observation({"association": name}, ())
        reasons.append(reason)
    raise Inapplicable("; ".join(reasons))


def _lack(name: str, one: Mapping[str, Any], wanted: Demand, dialogue: Dialogue) -> str:
    """Return the first thing that an association lacks, in words; empty for none."""
    policy = policy_of(one, dialogue.declared)
    if wanted.policy is not None and not policy.asks_for(wanted.policy):
        return f"the policy of {name} asks for {policy.text}, the case is about {wanted.policy}"
    for item in ("mechanism", "ciphered", "short_names"):
        value = getattr(wanted, item)
        if value is not None and one[item] != value:
            return (f"{name} is declared with {item.replace('_', ' ')} {one[item]}, the case is "
                    f"about {value}")
    if wanted.apart_from and dialogue.of(wanted.apart_from)["server"] == one["server"]:
        return f"{name} is of the logical device of {wanted.apart_from}"
    octets, least = wanted.challenge_octets, hls.shortest(MECHANISMS[one["mechanism"]])
    if octets is not None and not least <= octets <= hls.LONGEST:
        return (f"{name} is declared with mechanism {one['mechanism']}, whose challenges have "
                f"{least} to {hls.LONGEST} octets, the case is about {octets}")
    lists = (("service", wanted.services, one["conformance"]),
             ("object", wanted.objects, [each["object"] for each in one["objects"]]))
    return next((f"{name} is declared without the {kind} {each}"
                 for kind, needed, held in lists for each in needed if each not in held), "")
