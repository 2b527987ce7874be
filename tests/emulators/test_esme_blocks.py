"""The meter takes commands and gives answers in blocks, within its limits (R-SEC-16)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from block_correspondence import Arrange, BlockCorrespondence
from remote_parties import Correspondence

from bench.errors import ProfileError
from bench.protocols.gbcs.block_transfer import Block, Sending, is_block, parse_block, route_of
from devices.emulators.esme.load import Flow
from devices.emulators.esme.profile import Settings, load_settings
from devices.emulators.gbcs.blocks import TRANSFERS


@pytest.fixture
def small(correspond: Callable[..., Correspondence]) -> Correspondence:
    """A meter that answers in blocks of 40 octets whatever exceeds 100."""
    return correspond(max_message_octets=100, block_octets=40, block_window=4,
                      max_transfer_octets=5_000)


def test_a_whole_profile_comes_in_blocks(meter: Correspondence) -> None:
    meter.meter.set_load(Flow(500))
    meter.meter.advance(400 * 86_400)
    command = meter.command("ECS22b")
    line = BlockCorrespondence(meter)
    (answer,) = line.whole(command.encode(), lose=(1, 7, 30))
    assert len(answer) > Settings().max_message_octets
    assert len(meter.read([answer], "ECS22b").value) == 19_056
    assert max(len(block.data) for block in line.sent_by_meter) == Settings().block_octets


def test_an_answer_that_fits_comes_in_one_piece(meter: Correspondence) -> None:
    (answer,) = meter.meter.handle(meter.command("ECS52").encode())
    assert not is_block(answer)


@pytest.mark.parametrize("arrange", [
    list,
    lambda blocks: blocks[1:],
    lambda blocks: blocks[:-1],
    lambda blocks: [*blocks[:2], *blocks[3:]],
    lambda blocks: [block for block in blocks for _ in range(2)],
    lambda blocks: blocks[::-1],
], ids=["in order", "first lost", "last lost", "one lost", "twice", "reversed"])
def test_a_command_in_blocks_runs_once(small: Correspondence, arrange: Arrange) -> None:
    line = BlockCorrespondence(small)
    answers = line.send(small.command("ECS52").encode(), arrange=arrange)
    assert len(answers) == 1
    assert small.read(answers, "ECS52").value == "00000001"
    assert line.sender is not None
    assert line.sender.state is Sending.DELIVERED


def test_blocks_for_another_device_are_not_answered(small: Correspondence) -> None:
    stranger = replace(route_of(small.command("ECS52")), recipient=bytes(8))
    assert small.meter.handle(Block(stranger, 1, 0, b"data", last=True).encode()) == []


def test_what_is_no_block_is_refused_as_malformed(small: Correspondence) -> None:
    octets = Block(route_of(small.command("ECS52")), 1, 0, b"data", last=True).encode()
    small.meter.handle(octets[:-1])
    assert small.codes("security")[-1] == 0x8F1E


def test_a_command_beyond_the_limit_is_aborted_and_the_next_is_taken(
    small: Correspondence,
) -> None:
    line = BlockCorrespondence(small)
    command = small.command("ECS52").encode()
    assert line.send(command + bytes(5_001 - len(command)), size=500, message=command) == []
    assert line.sent_by_meter[-1].aborts
    answers = line.send(small.command("ECS52").encode())
    assert len(answers) == 1


def test_the_meter_holds_no_more_than_a_few_transfers(small: Correspondence) -> None:
    route = route_of(small.command("ECS52"))
    for counter in range(100):
        small.meter.handle(
            Block(replace(route, originator_counter=counter), 1, 0, b"data").encode())
    blocks = small.meter._blocks
    assert len(blocks._commands) == TRANSFERS
    assert len(blocks._arrived) == TRANSFERS


def test_a_block_that_comes_without_end_takes_no_memory(small: Correspondence) -> None:
    block = Block(route_of(small.command("ECS52")), 1, 0, b"data", streaming=True).encode()
    for _ in range(1_000):
        assert small.meter.handle(block) == []
    assert not any(small.meter._blocks._arrived.values())


def test_an_aborted_answer_is_not_gone_on_with(small: Correspondence) -> None:
    sent = small.meter.handle(small.command("ECS17b").encode())
    assert [parse_block(octets).number for octets in sent] == [1, 2, 3, 4]
    line = BlockCorrespondence(small)
    assert line.broken_off(small.command("ECS17b").encode()) == []


def test_a_profile_says_how_the_meter_transfers_blocks(tmp_path: Path) -> None:
    profile = tmp_path / "meter.yaml"
    profile.write_text("ixit: {max_message_octets: 500, block_window: 3}\n"
                       "emulator: {block_octets: 64}\n")
    found = load_settings(profile)
    assert (found.max_message_octets, found.block_window, found.block_octets) == (500, 3, 64)
    profile.write_text("emulator: {block_octets: 8}\n")
    with pytest.raises(ProfileError, match="block_octets: expected 16 to 30,000, found 8"):
        load_settings(profile)
