"""Port ``dlms``, the way to the server: connecting it, frames past the link, and whether it lives.

``send_frame`` sends what no link would send and tells what came back; ``still_answers`` asks, after
anything, whether the server serves its public client on this connection and on a fresh one.
"""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal

from pydantic import Field

from bench.errors import Inapplicable, RemoteProtocolError, RigError
from bench.protocols.dlms import hdlc_mutation, wrapper
from bench.protocols.dlms.apdu import Variable
from bench.protocols.dlms.hdlc_frame import Frame as HdlcFrame
from bench.protocols.dlms.hdlc_frame import FrameType, decode
from bench.steps.context import Context
from bench.steps.dlms import apdus
from bench.steps.dlms.associating import open_association
from bench.steps.dlms.carriers import CLOSED, SILENCE, Carrier, HdlcCarrier, WrapperCarrier
from bench.steps.dlms.dialogue import Dialogue, dialogue_of
from bench.steps.gbcs import one_of
from bench.steps.vocabulary import Arguments, Observation, action

_LLC = bytes.fromhex("E6E600")
_RESPONSE_LLC = bytes.fromhex("E6E700")

_CONNECTION = {
    "outcome": "`ua` or `connected`, else `dm`, `frmr`, `silence`, `closed`, or "
               "`no-connection`: the meter takes none",
    "parameters": "the parameters agreed on, as the bench sees them; empty but for HDLC",
    "deviations": "rules of the link that what arrived breaks",
}


class Connect(Arguments):
    """A fresh connection for an association; what is left out is as declared."""

    association: str = Field("", alias="as")
    client: int | None = Field(None, ge=0, le=16_383)
    server: int | None = Field(None, ge=0, le=16_383)
    lower: int | None = Field(None, ge=0, le=16_383)
    address_octets: Literal[1, 2, 4] | None = None
    max_information_transmit: int | None = Field(None, ge=1, le=2_030)
    max_information_receive: int | None = Field(None, ge=1, le=2_030)
    window_transmit: int | None = Field(None, ge=1, le=7)
    window_receive: int | None = Field(None, ge=1, le=7)
    line_only: bool = False


class Nothing(Arguments):
    """No arguments."""


class SendFrame(Arguments):
    """One HDLC frame from the client, right or wrong.

    ``pause`` is in times of the declared inter-octet time-out, after ``pause_after`` octets;
    ``silence`` of as many of them goes before the frame.
    """

    frame: Literal["snrm", "disc", "i", "rr", "rnr", "ui", "dm", "ua", "frmr"]
    apdu: str = ""
    mutation: Annotated[str, one_of(("", *hdlc_mutation.MUTATIONS), "mutation")] = ""
    final: bool = True
    information: str = Field("", pattern="^([0-9A-Fa-f]{2})*$")
    silence: float = Field(0, ge=0, le=100)
    pause_after: int = Field(0, ge=0)
    pause: float = Field(0, ge=0, le=100)


class SendHeader(Arguments):
    """An APDU behind a wrapper header, right or wrong; an answer is watched for ``watch`` times as
    long as IXIT ``quiet_s`` says."""

    apdu: str = "get"
    mutation: Annotated[str, one_of(("", *wrapper.MUTATIONS), "mutation")] = ""
    watch: float = Field(1, ge=1, le=1_000)


class Idle(Arguments):
    """Silence, in times of the declared inactivity time-out."""

    times: float = Field(1.5, gt=0, le=10)


@action("connect", port="dlms", arguments=Connect, observes=_CONNECTION)
def connect(context: Context, wanted: Connect) -> Observation:
    """Drop what is open and connect anew."""
    dialogue = dialogue_of(context)
    association = wanted.association or dialogue.public
    changes = wanted.model_dump(exclude={"association", "line_only"}, exclude_none=True)
    dialogue.part()
    carrier = dialogue.carry(association, **changes)
    opening = carrier.dial() if wanted.line_only else carrier.open()
    return Observation({"outcome": opening.outcome, "parameters": dict(opening.parameters),
                        "deviations": dialogue.deviations()}, dialogue.evidence.take())


@action("disconnect", port="dlms", arguments=Nothing, observes={
    "outcome": "`ua`, `dm`, `silence` or `closed`"})
def disconnect(context: Context, _: Nothing) -> Observation:
    """End the link: DISC in HDLC, else the connection."""
    dialogue = dialogue_of(context)
    outcome = CLOSED if dialogue.carrier is None else dialogue.carrier.close()
    dialogue.reached = -1.0
    return Observation({"outcome": outcome}, dialogue.evidence.take())


@action("idle", port="time", arguments=Idle, observes={})
def idle(context: Context, wanted: Idle) -> Observation:
    """Let time pass without traffic: an emulator jumps, a real rig waits or says it cannot."""
    dialogue = dialogue_of(context)
    inactivity = float(dialogue.declared["link"][dialogue.port.framing]["inactivity_s"])
    if not inactivity:
        raise Inapplicable("the declared link has no inactivity time-out")
    context.ports["time"].advance(wanted.times * inactivity)
    if wanted.times > 1 and isinstance(dialogue.carrier, HdlcCarrier):
        dialogue.carrier.lapsed = True
    return Observation({}, ())


@action("send_frame", port="dlms", arguments=SendFrame, observes={
    "answer": "type of the first frame that came: `ua`, `dm`, `frmr`, `i`, `rr`, `rnr`; "
              "`garbage` for what is no frame; `silence`, `closed`",
    "answers": "types of all that came",
    "apdu": "hexadecimal APDU of an I frame that came; empty without one",
    "receive_number": "N(R) of the first frame, -1 without one",
    "addresses_turned": "whether each frame came from whom it was sent to, and to whom it was from",
})
def send_frame(context: Context, wanted: SendFrame) -> Observation:
    """Send a frame past the link and gather what comes back."""
    dialogue = dialogue_of(context)
    carrier = _hdlc(dialogue)
    frame = _frame(carrier, wanted)
    octets = frame.encode()
    if wanted.mutation:
        octets = hdlc_mutation.mutate(octets, wanted.mutation)
    inter_octet = float(dialogue.declared["link"]["hdlc"]["inter_octet_s"])
    time.sleep(wanted.silence * inter_octet)
    if wanted.pause_after:
        carrier.send_raw(octets[:wanted.pause_after])
        time.sleep(wanted.pause * inter_octet)
        octets = octets[wanted.pause_after:]
    carrier.send_raw(octets)
    quiet = float(context.ixit["quiet_s"])
    right = not wanted.mutation and not wanted.pause_after
    came = carrier.gather(dialogue.response_s if right else quiet, quiet)
    return Observation(_frames(came, frame, carrier), dialogue.evidence.take())


@action("send_header", port="dlms", arguments=SendHeader, observes={
    "answer": "`apdu`, `silence` or `closed`",
    "apdu": "hexadecimal APDU that came; empty without one"})
def send_header(context: Context, wanted: SendHeader) -> Observation:
    """Send an APDU behind a wrong header and gather what comes back."""
    dialogue = dialogue_of(context)
    carrier = dialogue.carrier
    if not isinstance(carrier, WrapperCarrier):
        raise RigError("send_header needs an open connection with wrapper headers")
    octets = wrapper.encode(carrier.client, carrier.server, apdus.written(wanted.apdu))
    carrier.send_raw(wrapper.mutate(octets, wanted.mutation) if wanted.mutation else octets)
    quiet = float(context.ixit["quiet_s"])
    came = carrier.gather(wanted.watch * quiet, quiet)
    answer = "apdu" if came else CLOSED if carrier.closed else SILENCE
    return Observation({"answer": answer, "apdu": came[0][8:].hex().upper() if came else ""},
                       dialogue.evidence.take())


@action("still_answers", port="dlms", arguments=Nothing, observes={
    "same": "whether the logical device name is read on this connection, or the server closed it",
    "fresh": "whether it is read on a fresh one",
    "outcomes": "how far each went"})
def still_answers(context: Context, _: Nothing) -> Observation:
    """Ask for the logical device name (by short names, the association's), as the public client, on
    this connection and a fresh one."""
    dialogue = dialogue_of(context)
    same = _asked(context, dialogue, fresh=False)
    fresh = _asked(context, dialogue, fresh=True)
    return Observation({
        "same": same in ("success", CLOSED), "fresh": fresh == "success",
        "outcomes": [same, fresh],
    }, dialogue.evidence.take())


def _asked(context: Context, dialogue: Dialogue, *, fresh: bool) -> str:
    """Return ``success`` or how far the read of the device name went."""
    if fresh or dialogue.carrier is None:
        opening = dialogue.connect(dialogue.public)
    else:
        opening = dialogue.again(dialogue.public)
    if opening.outcome not in ("ua", "connected"):
        return opening.outcome
    opened = open_association(dialogue, dialogue.public, context.clock())
    if opened.outcome != "accepted" or dialogue.client is None:
        return opened.outcome
    client = dialogue.client
    if dialogue.of(dialogue.public)["short_names"]:
        several = dialogue.run(client.read((Variable(client.base_name),)))
        return several.kind if not several.value else several.value[0].name
    ran = dialogue.run(client.get(apdus.DEVICE_NAME))
    return ran.kind if ran.value is None else ran.value.name


def _hdlc(dialogue: Dialogue) -> HdlcCarrier:
    if dialogue.carrier is None:
        dialogue.carry(dialogue.public).dial()
    if not isinstance(dialogue.carrier, HdlcCarrier):
        raise RigError("send_frame needs a link of HDLC")
    return dialogue.carrier


def _frame(carrier: HdlcCarrier, wanted: SendFrame) -> HdlcFrame:
    """Return the frame as the link would send it now, were it right."""
    link = carrier.link
    information = bytes.fromhex(wanted.information)
    kind = FrameType[wanted.frame.upper()]
    if wanted.apdu:
        information = _LLC + apdus.written(wanted.apdu)
    if kind is FrameType.SNRM and not information:
        information = link.parameters.encode()
    draft = link.draft(b"")
    return draft._replace(type=kind, final=wanted.final, information=information)


def _frames(came: list[bytes], sent: HdlcFrame, carrier: Carrier) -> dict[str, Any]:
    found: list[HdlcFrame | None] = []
    for octets in came:
        try:
            found.append(decode(octets))
        except RemoteProtocolError:
            found.append(None)
    answers = ["garbage" if frame is None else frame.type.value.lower() for frame in found]
    first = found[0] if found else None
    whole = next((frame.information for frame in found
                  if frame is not None and frame.type is FrameType.I), b"")
    return {
        "answer": answers[0] if answers else CLOSED if carrier.closed else SILENCE,
        "answers": answers,
        "apdu": whole.removeprefix(_RESPONSE_LLC).hex().upper(),
        "receive_number": -1 if first is None else first.receive_number,
        "addresses_turned": all(frame is not None and frame.source == sent.destination
                                and frame.destination == sent.source for frame in found),
    }
