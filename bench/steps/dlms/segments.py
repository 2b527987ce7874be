"""Port ``dlms``, HDLC: how a long answer came in segments, and what becomes of a lost one."""

from __future__ import annotations

from itertools import groupby

from pydantic import Field

from bench.errors import RigError
from bench.protocols.dlms.hdlc_frame import Frame, FrameType
from bench.steps.context import Context
from bench.steps.dlms.carriers import HdlcCarrier
from bench.steps.dlms.dialogue import ask, dialogue_of
from bench.steps.dlms.references import AttributeName, attribute
from bench.steps.dlms.services import CARRIED, carried, observed, result_name
from bench.steps.vocabulary import Arguments, Observation, action


class ReadSegments(Arguments):
    """An attribute whose value is long; ``lose`` is the number of the segment that gets lost."""

    object: AttributeName
    lose: int = Field(0, ge=0)


@action("read_segments", port="dlms", arguments=ReadSegments, observes=CARRIED | {
    "segments": "how many information frames came, repeated ones included",
    "again": "how many of them came once more",
    "longest_window": "most information frames in a row up to one with the final bit",
    "longest_information": "octets of the longest information field",
})
def read_segments(context: Context, wanted: ReadSegments) -> Observation:
    """Read an attribute and tell how its segments came."""
    dialogue, reference = dialogue_of(context), attribute(wanted.object)
    carrier = dialogue.carrier
    if not isinstance(carrier, HdlcCarrier):
        raise RigError("read_segments needs an open link of HDLC")
    carrier.watch({wanted.lose} if wanted.lose else set())
    ran = ask(dialogue, lambda client: client.get(reference))
    frames = [frame for frame in carrier.traffic if frame.type is FrameType.I]
    carrier.watch(set())
    return observed(dialogue, {
        **carried(dialogue, ran, ran.kind if ran.value is None else result_name(ran.value)),
        "segments": len(frames), "again": _again(frames), "longest_window": _window(frames),
        "longest_information": max((len(frame.information) for frame in frames), default=0)})


def _again(frames: list[Frame]) -> int:
    """Return how many frames are like the one before them or the one before that."""
    seen: list[tuple[int, bytes]] = []
    again = 0
    for frame in frames:
        mark = frame.send_number, frame.information
        again += mark in seen[-7:]
        seen.append(mark)
    return again


def _window(frames: list[Frame]) -> int:
    """Return the most frames that came without the final bit, and the one that has it."""
    runs = [len(list(run)) for final, run in groupby(frames, lambda frame: frame.final)
            if not final]
    return max(runs, default=0) + 1
