"""Port ``gbcs``: the device's own messages sent back to it, which it must not take for commands."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from bench.errors import PlanError, RemoteProtocolError
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.steps.context import Context
from bench.steps.exchange import Answer
from bench.steps.gbcs import EXCHANGE, Wait, observe
from bench.steps.vocabulary import Arguments, EarlierStep, Observation, action

_KINDS = {"response": Cra.RESPONSE, "alert": Cra.ALERT}


class Reflect(Arguments):
    """A response or an alert that an earlier step received, as it was or called a command.

    Called a command it goes from whom it was for to the device, its signature and MAC unchanged.
    """

    of: Annotated[str, Field(pattern="^[a-z_][a-z_0-9]*$"), EarlierStep(("send",))]
    what: Literal["response", "alert"] = "response"
    as_command: bool = False
    wait: Wait = "quiet"


@action("reflect", port="gbcs", arguments=Reflect, observes=EXCHANGE | {
    "reflected": "whether there was such a message to send back"})
def reflect(context: Context, wanted: Reflect) -> Observation:
    """Send back what the device itself sent in an earlier step."""
    if wanted.of not in context.sent:
        raise PlanError(f"no step {wanted.of} has sent a message")
    message = _received(context, wanted)
    if message is None:
        return Observation({"reflected": False})
    if wanted.as_command:
        message = replace(message, cra=Cra.COMMAND, originator=message.recipient,
                          recipient=message.originator)
    answer: Answer = context.sent[wanted.of][1]
    seen = observe(context, message.encode(), answer, wanted.wait)
    return Observation({**seen.values, "reflected": True}, seen.frames)


def _received(context: Context, wanted: Reflect) -> Message | None:
    for octets in context.received.get(wanted.of, ()):
        try:
            message = parse(octets)
        except RemoteProtocolError:  # an observation of the step that received it
            continue
        if message.cra is _KINDS[wanted.what]:
            return message
    return None
