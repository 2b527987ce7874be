"""Port ``gbcs``: commands of the remote parties, and all that the device sends in return.

A response counts as ``response`` only if its protection, counter and addresses are right; anything
else that arrives is a ``deviation`` and is named. What the device does wrong is an observation.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from bench.errors import LocalProtocolError, PlanError, ProfileError, RemoteProtocolError, RigError
from bench.protocols.gbcs import payloads
from bench.protocols.gbcs.message import Cra, parse
from bench.protocols.gbcs.mutation import MUTATIONS, mutate
from bench.protocols.gbcs.use_cases import every_use_case, name_of
from bench.steps.context import Context
from bench.steps.exchange import Answer, exchange
from bench.steps.parties import SPEAKERS
from bench.steps.vocabulary import Arguments, EarlierStep, Observation, action
from devices.message_files import inside, read_message

Wait = Literal["response", "alert", "quiet"]

EXCHANGE = {
    "outcome": "`response`, `silence`, `deviation`, `garbage`, `partial` or `closed`",
    "result": "`success`, `failure` (any element of the response), `none` without a response",
    "codes": "the result of each element, by its name: of an access, a ZigBee or ASN.1 status",
    "values": "value of each element that carries data, by name: class/obis/member, "
              "Cluster/attribute, Cluster/Command/field, or members joined by dots",
    "alerts": "codes of the alerts that arrived, four hexadecimal digits each",
    "alert_counters": "originator counters of those alerts",
    "deviations": "rules that the received messages break",
    "misfits": "elements whose value has not the type that the use case's table gives",
    "encrypted": "whether sensitive attributes came encrypted, and could be opened",
    "signature": "of the response: valid, invalid, absent, not verifiable",
    "mac": "of the response, likewise",
    "device_time": "the device's time in the response, seconds since 1970; absent without one",
    "octets_sent": "length of the command",
    "octets_received": "length of the response, 0 without one",
}


def one_of(known: Collection[str], what: str) -> AfterValidator:
    """Return the check that a text is one of ``known``; its complaint names the nearest."""

    def check(given: str) -> str:
        if given not in known:
            near = difflib.get_close_matches(given, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
            raise PydanticCustomError("unknown_name", "{text}", {
                "text": f"no {what} {given!r}; {hint}"})
        return given

    return AfterValidator(check)


UseCase = Annotated[str, one_of([known.id for known in every_use_case()], "use case")]
PartyRole = Annotated[str, one_of(SPEAKERS, "party")]
SentStep = Annotated[str, Field(pattern="^[a-z_][a-z_0-9]*$"),
                     EarlierStep(("send", "send_recorded", "update_credentials"))]


class Send(Arguments):
    """A command of a remote party."""

    use_case: UseCase
    role: PartyRole = Field("supplier", alias="as")
    values: dict[str, Any] = Field(default_factory=dict)
    counter: Literal["next", "same", "lower", "far_ahead"] = "next"
    mutation: Annotated[str, one_of(("", *MUTATIONS), "mutation")] = ""
    wait: Wait = "response"

    @field_validator("values")
    @classmethod
    def _can_be_built(cls, values: dict[str, Any], given: ValidationInfo) -> dict[str, Any]:
        """Find wrong names and values when the plan is read, where no template hides them."""
        if values and "use_case" in given.data and "${" not in repr(values):
            try:
                payloads.build(given.data["use_case"], values, beyond_limits=True)
            except LocalProtocolError as wrong:
                raise PydanticCustomError("values", "{text}", {"text": str(wrong)}) from wrong
        return values


class SendRecorded(Arguments):
    """A command as it was recorded: its counter and protection are what they were.

    ``file`` is relative to the folder that IXIT ``recordings`` names. ``use_case`` is the one by
    which the response is read, by default that of the command's message code.
    """

    file: str = Field(min_length=1)
    use_case: UseCase | None = None
    wait: Wait = "response"


class Replay(Arguments):
    """The very octets that an earlier step sent."""

    of: SentStep
    wait: Wait = "response"


class AwaitAlert(Arguments):
    """Listen for what the device sends on its own."""

    code: str = Field(pattern="^[0-9A-F]{4}$")


@action("send", port="gbcs", arguments=Send, observes=EXCHANGE)
def send(context: Context, wanted: Send) -> Observation:
    """Send a command as a remote party and observe what comes back."""
    parties = context.parties
    originator = parties.entity(wanted.role)
    counter = {
        "next": lambda: parties.next_counter(originator),
        "same": lambda: parties.last_counter(originator),
        "lower": lambda: parties.last_counter(originator) - 1,
        "far_ahead": lambda: parties.counter_ahead(originator),
    }[wanted.counter]()
    message = parties.command(wanted.use_case, wanted.role, wanted.values, counter)
    octets = message.encode()
    if wanted.mutation:
        octets = mutate(message, wanted.mutation, keys=parties.keys)
    return observe(context, octets, Answer(message, wanted.use_case), wanted.wait)


@action("send_recorded", port="gbcs", arguments=SendRecorded, observes=EXCHANGE | {
    "unanswered": "why a recording holds no answer to it; absent with any other device",
})
def send_recorded(context: Context, wanted: SendRecorded) -> Observation:
    """Send, octet for octet, a command of the folder of recordings."""
    if context.recordings is None:
        raise ProfileError("expected ixit.recordings, because a recorded command is to be sent; "
                           "found none")
    file = inside(context.recordings, wanted.file)
    octets = read_message(file)
    try:
        command = parse(octets)
    except RemoteProtocolError as wrong:
        raise RigError(f"{file}: {wrong}") from wrong
    if command.cra is not Cra.COMMAND or command.pre_command:
        raise RigError(f"{file}: expected a command, found a "
                       f"{'pre-command' if command.pre_command else command.cra.name.lower()}")
    answer = Answer(command, wanted.use_case or name_of(command.message_code))
    seen = observe(context, octets, answer, wanted.wait)
    unanswered = getattr(context.ports["gbcs"], "unanswered", "")
    return Observation(
        {**seen.values, **({"unanswered": unanswered} if unanswered else {})}, seen.frames)


@action("replay", port="gbcs", arguments=Replay, observes=EXCHANGE)
def replay(context: Context, wanted: Replay) -> Observation:
    """Send again, octet for octet, what an earlier step sent."""
    if wanted.of not in context.sent:
        raise PlanError(f"no step {wanted.of} has sent a message")
    octets, answer = context.sent[wanted.of]
    return observe(context, octets, answer, wanted.wait)


@action("await_alert", port="gbcs", arguments=AwaitAlert, observes={
    "arrived": "whether an alert with the code came in time",
    "alerts": "codes of all alerts that arrived meanwhile",
    "deviations": "rules that the received messages break",
    "recipients": "EUI-64 of whom each of those alerts went to; absent without one",
    "content": "what the alert carries after code and time; absent without one",
})
def await_alert(context: Context, wanted: AwaitAlert) -> Observation:
    """Wait for an alert, at most IXIT ``alert_timeout_s``."""
    heard = exchange(context, None, None, "alert", code=wanted.code)
    content = [alert.content for alert in heard.alerts if alert.code == wanted.code]
    return Observation({
        "arrived": bool(content),
        "alerts": [alert.code for alert in heard.alerts],
        "deviations": heard.deviations,
        **({"recipients": [alert.recipient for alert in heard.alerts]} if heard.alerts else {}),
        **({"content": content[0]} if content else {}),
    }, tuple(heard.frames))


def observe(context: Context, octets: bytes, answer: Answer, wait: Wait) -> Observation:
    """Send ``octets``, gather what comes back and flatten it for expressions."""
    if context.step_name:
        context.sent[context.step_name] = (octets, answer)
    heard = exchange(context, octets, answer, wait)
    if context.step_name:
        context.received[context.step_name] = tuple(
            frame.octets for frame in heard.frames if frame.direction == "received")
    return Observation(heard.variables(), tuple(heard.frames))
