"""The bench's end of a transfer in blocks, with an emulated meter at the other (R-SEC-16)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from emulated_line import Line

from bench.errors import NotTestableHere
from bench.protocols.gbcs.block_transfer import is_block, parse_block
from bench.records.answers import Answers
from bench.steps.blocks import SendInBlocks, send_in_blocks
from bench.steps.context import Context
from bench.steps.gbcs import Send, send
from bench.steps.vocabulary import Observation
from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import Settings
from devices.emulators.gbcs import keyring
from devices.ports import Received, Reception

BLOCKS = {"max_message_octets": 100, "block_octets": 40, "block_window": 4, "block_timeout_s": 1,
          "max_transfer_octets": 5_000}


@pytest.fixture
def blocks(context: Context, line: Line, keys: Path, request: pytest.FixtureRequest) -> Context:
    """A context whose meter takes and sends in blocks what is longer than 100 octets."""
    device, parties, held = keyring.load(keys)
    line.meter = Esme(Settings(max_message_octets=100, block_octets=40, block_window=4,
                               max_transfer_octets=5_000), held, device, parties,
                      faults=frozenset(getattr(request, "param", ())))
    return replace(context, answers=Answers(ixit={**context.ixit, **BLOCKS}))


def command(use_case: str) -> Send:
    return Send.model_validate({"use_case": use_case})


def in_blocks(context: Context, use_case: str = "ECS52", **more: Any) -> Observation:
    return send_in_blocks(context, SendInBlocks.model_validate({"use_case": use_case, **more}))


def test_a_long_answer_is_put_together_and_each_block_is_a_frame(
    blocks: Context, line: Line
) -> None:
    seen = send(blocks, command("ECS17b"))
    assert (seen.values["result"], seen.values["deviations"]) == ("success", [])
    received = [frame.octets for frame in seen.frames
                if frame.direction == "received" and frame.decoded["cra"] == "response"]
    assert list(map(is_block, received)) == [True] * (len(received) - 1) + [False]
    assert b"".join(parse_block(octets).data for octets in received[:-1]) == received[-1]
    acknowledgements = [parse_block(frame.octets) for frame in seen.frames
                        if frame.decoded.get("block") == "acknowledgement"]
    assert acknowledgements[-1].acknowledged == len(received) - 1


def test_a_device_without_block_transfer_is_spoken_to_without(
    context: Context, line: Line
) -> None:
    assert send(context, command("ECS17b")).values["result"] == "success"
    without = replace(context, answers=Answers(ixit={**context.ixit, "max_message_octets": 0}))
    with pytest.raises(NotTestableHere, match="no block transfer"):
        in_blocks(without)


def test_a_command_goes_in_blocks(blocks: Context) -> None:
    seen = in_blocks(blocks).values
    assert (seen["result"], seen["delivered"], seen["aborted"]) == ("success", True, "no")
    assert seen["blocks_sent"] == -(-seen["octets_sent"] // 20)
    assert seen["blocks_repeated"] == 0


@pytest.mark.parametrize(("disturbance", "repeated"), [
    ({"lose": [1]}, 1), ({"lose": [2, 3]}, 2), ({"repeat": [1, 2]}, 0), ({"reverse": True}, 0)])
def test_a_disturbed_command_arrives(
    blocks: Context, disturbance: dict[str, Any], repeated: int
) -> None:
    seen = in_blocks(blocks, blocks=disturbance).values
    assert (seen["result"], seen["delivered"]) == ("success", True)
    assert seen["blocks_repeated"] == repeated


def test_a_lost_end_of_a_command_is_sent_again_in_time(blocks: Context, line: Line) -> None:
    seen = in_blocks(blocks, size=50, blocks={"lose": [2]}).values
    assert (seen["result"], seen["delivered"], seen["blocks_repeated"]) == ("success", True, 1)
    assert line.waited == [pytest.approx(1)]  # block_timeout_s


def test_lost_blocks_of_an_answer_come_again_and_no_others(blocks: Context) -> None:
    seen = in_blocks(blocks, "ECS17b", answer={"lose": [1, 3]}).values
    assert seen["result"] == "success"
    assert seen["blocks_again"] == [1, 3]
    assert seen["longest_stream"] == 4


def test_an_answer_broken_off_is_not_gone_on_with(blocks: Context, line: Line) -> None:
    seen = in_blocks(blocks, "ECS17b", answer={"abort_at": 4}).values
    assert (seen["outcome"], seen["aborted"], seen["after_abort"]) == ("silence", "bench", 0)
    assert seen["deviations"] == []
    assert line.waited == [pytest.approx(3, abs=0.5)]  # quiet_s, not response_timeout_s
    assert in_blocks(blocks).values["result"] == "success"


def test_a_command_broken_off_is_not_answered(blocks: Context) -> None:
    seen = in_blocks(blocks, blocks={"abort_at": 2}).values
    assert (seen["outcome"], seen["aborted"], seen["delivered"]) == ("silence", "bench", False)


def test_a_command_beyond_the_limit_is_broken_off_by_the_device(blocks: Context) -> None:
    seen = in_blocks(blocks, size=500, overrun=True).values
    assert (seen["outcome"], seen["aborted"], seen["deviations"]) == ("silence", "device", [])
    assert in_blocks(blocks).values["result"] == "success"


def test_a_transfer_that_stops_is_asked_for_and_then_given_up(
    blocks: Context, line: Line
) -> None:
    line.meter.handle = lambda octets: []  # type: ignore[method-assign]
    seen = in_blocks(blocks).values
    assert (seen["outcome"], seen["aborted"]) == ("silence", "bench")
    assert seen["deviations"] == ["block transfer: no progress after 5 retries"]
    assert line.waited[:6] == [pytest.approx(1)] * 6


def test_what_is_no_block_is_named(blocks: Context, line: Line) -> None:
    line.arrived.append(Received(Reception.MESSAGE, bytes.fromhex("DD0905")))
    seen = send(blocks, command("ECS52")).values
    assert seen["result"] == "success"
    assert seen["deviations"] == ["no block of GBCS: octet 3: expected more octets, found the end"]


def test_a_device_cannot_open_transfers_without_end(blocks: Context, line: Line) -> None:
    answers = line.meter.handle(
        blocks.parties.command("ECS17b", "supplier", {}, 1_000).encode())
    first = parse_block(answers[0])
    line.arrived.extend(Received(Reception.MESSAGE, replace(
        first, route=replace(first.route, originator_counter=number)).encode())
        for number in range(20))
    seen = send(blocks, command("ECS52")).values
    assert seen["deviations"] == ["more than 8 transfers at once"] * 12


@pytest.mark.parametrize(("blocks", "arguments", "variable", "right", "wrong"), [
    (["block-transfer-survives-abort"], {"answer": {"abort_at": 4}}, "after_abort", 0, 1),
    (["block-window-exceeded"], {}, "longest_stream", 4, 5),
    (["block-lost-never-repeated"], {"answer": {"lose": [2]}}, "blocks_again", [2], []),
    (["block-acknowledgement-wrong"], {}, "delivered", True, False),
    (["block-limit-missing"], {"overrun": True, "size": 500}, "aborted", "device", "no"),
], indirect=["blocks"])
def test_what_a_meter_does_wrong_is_seen(
    blocks: Context, arguments: dict[str, Any], variable: str, right: Any, wrong: Any
) -> None:
    assert in_blocks(blocks, "ECS17b", **arguments).values[variable] == wrong != right
