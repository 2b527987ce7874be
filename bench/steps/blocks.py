"""Port ``gbcs``: a command in blocks over a line that loses, repeats, disorders or breaks off.

See :mod:`bench.steps.block_line` for what the line does, and GBCS 7.2.11 (R-SEC-16) for why.
"""

from __future__ import annotations

from dataclasses import replace

from pydantic import Field

from bench.errors import NotTestableHere
from bench.protocols.gbcs.block_transfer import Sending
from bench.steps.block_line import BlockLine, Disturbance
from bench.steps.context import Context
from bench.steps.gbcs import EXCHANGE, Send, send
from bench.steps.vocabulary import Arguments, Observation, action

BLOCKS = {
    "blocks_sent": "number of blocks of the command that were sent",
    "delivered": "whether the device has acknowledged all of the command",
    "blocks_repeated": "number of those that the device asked for again or did not acknowledge",
    "blocks_received": "number of blocks of the answer that arrived",
    "blocks_again": "numbers of the blocks of the answer that arrived more than once",
    "longest_stream": "most blocks that the device sent before one that ends a stream",
    "aborted": "who broke off a transfer: `no`, `device` or `bench`",
    "after_abort": "number of blocks that the device sent after a transfer was broken off",
}


class Line(Arguments):
    """What the line does to the blocks of one direction, by their numbers."""

    lose: list[int] = Field(default_factory=list, description="lost the first time that they go")
    repeat: list[int] = Field(default_factory=list, description="they arrive twice")
    reverse: bool = Field(
        default=False, description="each stream arrives last block first, but its end")
    abort_at: int = Field(
        default=0, ge=0,
        description="the bench breaks off with this block, and goes on as if nothing were")

    def disturbance(self) -> Disturbance:
        """Return it in the line's own form."""
        return Disturbance(set(self.lose), set(self.repeat), self.reverse, self.abort_at)


class AnswerLine(Arguments):
    """What the line does to the blocks of the answer."""

    lose: list[int] = Field(default_factory=list, description="lost the first time that they go")
    abort_at: int = Field(
        default=0, ge=0,
        description="the bench breaks off at its first acknowledgement from this block on, and "
                    "acknowledges nevertheless")

    def disturbance(self) -> Disturbance:
        """Return it in the line's own form."""
        return Disturbance(set(self.lose), abort_at=self.abort_at)


class SendInBlocks(Send):
    """A command of a remote party, in blocks of ``size`` octets."""

    size: int = Field(20, ge=1, le=30_000)
    blocks: Line = Line()
    answer: AnswerLine = AnswerLine()
    overrun: bool = Field(
        default=False,
        description="as many octets as IXIT max_transfer_octets follow the message")


@action("send_in_blocks", port="gbcs", arguments=SendInBlocks, observes=EXCHANGE | BLOCKS)
def send_in_blocks(context: Context, wanted: SendInBlocks) -> Observation:
    """Send a command in blocks and observe what comes back.

    Raises NotTestableHere for a device that declares no block transfer.
    """
    if not context.ixit["max_message_octets"]:
        raise NotTestableHere("the device has no block transfer (IXIT max_message_octets is 0)")
    padding = int(context.ixit["max_transfer_octets"]) if wanted.overrun else 0
    line = BlockLine(context, size=wanted.size, sent=wanted.blocks.disturbance(),
                     received=wanted.answer.disturbance(), padding=padding)
    seen = send(replace(context, ports={**context.ports, "gbcs": line}), wanted)
    traffic, sender = line.traffic, line.sender
    return Observation({
        **seen.values,
        "blocks_sent": traffic.sent,
        "delivered": sender is not None and sender.state is Sending.DELIVERED,
        "blocks_repeated": sender.repeated if sender is not None else 0,
        "blocks_received": len(traffic.received),
        "blocks_again": traffic.again,
        "longest_stream": traffic.longest_stream,
        "aborted": traffic.aborted,
        "after_abort": traffic.after_abort,
    }, seen.frames)
