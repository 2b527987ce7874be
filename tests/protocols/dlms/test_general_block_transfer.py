"""General block transfer: exchanges arrive whole over any line that loses some blocks."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import LocalProtocolError
from bench.protocols.dlms.apdu.general_block import GeneralBlock
from bench.protocols.dlms.general_block_transfer import (
    ABORT,
    BY_OTHER_SIDE,
    Limits,
    Side,
    State,
    unconfirmed,
)
from bench.protocols.dlms.general_block_transfer_states import MISUSES, TABLE, Happening

Loses = Callable[[GeneralBlock], bool]
SMALL = Limits(block_octets=4, window=3)


def octets(length: int) -> bytes:
    """Octets of which no part is like another."""
    return hashlib.shake_256(b"message").digest(length)


def nothing(_: GeneralBlock) -> bool:
    return False


def run(
    request: bytes, answer: bytes, limits: Limits = SMALL, *, loses: Loses = nothing,
    others: Limits | None = None, plain_request: bool = False, steps: int = 20_000,
) -> tuple[Side, Side, list[tuple[str, GeneralBlock]]]:
    """Carry out one exchange over a line, with a time-out whenever it falls silent."""
    client, server = Side(limits, begins=True), Side(others or limits, begins=False)
    seen: list[tuple[str, GeneralBlock]] = []
    line = [("S", block) for block in server.send(answer)] if plain_request else [
        ("C", block) for block in client.send(request)]
    while steps and not (client.state in (State.DONE, State.ABORTED) and not line):
        steps -= 1
        if not line:
            line = [("C", block) for block in client.timeout()]
            line += [("S", block) for block in server.timeout()] if not line else []
            continue
        who, block = line.pop(0)
        seen.append((who, block))
        if loses(block):
            continue
        assert GeneralBlock.read(block.encode()) == (block, len(block.encode()))
        if who == "S":
            line += [("C", each) for each in client.receive(block)]
            continue
        line += [("S", each) for each in server.receive(block)]
        if server.state is State.TURN:
            assert server.message == request
            line += [("S", each) for each in server.send(answer)]
    return client, server, seen


def trace(seen: Iterable[tuple[str, GeneralBlock]]) -> str:
    """Return blocks as side, number, acknowledged, flags, window and octets of data."""
    return " ".join(f"{who}{block.number}/{block.acknowledged}{'S' * block.streaming}"
                    f"{'L' * block.last}w{block.window}:{len(block.data)}" for who, block in seen)


def test_a_short_exchange_takes_one_block_each_way() -> None:
    client, server, seen = run(octets(4), octets(3))
    assert trace(seen) == "C1/0Lw3:4 S1/1Lw3:3"
    assert (client.message, client.state) == (octets(3), State.DONE)
    assert not server.delivered  # nobody has said so


def test_who_begins_confirms_the_last_block_where_it_is_asked_to() -> None:
    client, server, seen = run(octets(4), octets(3), replace(SMALL, confirm_last=True))
    assert trace(seen) == "C1/0Lw3:4 S1/1Lw3:3 C2/1Lw3:0"
    assert (client.state, server.state, server.delivered) == (State.DONE, State.DONE, True)


def test_long_messages_go_in_windows_both_ways() -> None:
    _, _, seen = run(octets(18), octets(18))
    assert trace(seen) == (
        "C1/0Sw3:4 C2/0Sw3:4 C3/0w3:4 S1/3w3:0 C4/1Sw3:4 C5/1Lw3:2 "
        "S2/5Sw3:4 S3/5Sw3:4 S4/5w3:4 C6/4Lw3:0 S5/6Sw3:4 S6/6Lw3:2")


def test_the_answer_alone_may_be_in_blocks() -> None:
    client, _, seen = run(b"", octets(14), plain_request=True)
    assert trace(seen) == "S1/0Sw3:4 S2/0Sw3:4 S3/0w3:4 C1/3Lw3:0 S4/1Lw3:2"
    assert client.message == octets(14)


def test_exactly_the_lost_blocks_are_sent_again() -> None:
    lost = {2, 3}

    def loses(block: GeneralBlock) -> bool:
        return bool(block.data) and block.number in lost and not lost.discard(block.number)

    _, server, seen = run(octets(4), octets(20), replace(SMALL, window=5), loses=loses)
    assert trace(seen).split(" ", 6)[-1] == "C2/1Lw2:0 S2/2Sw5:4 S3/2w5:4"
    again = [block.number for who, block in seen if who == "S" and block.data]
    assert again == [1, 2, 3, 4, 5, 2, 3]
    assert server.repeated == 2


@pytest.mark.parametrize("lost", range(14))
def test_any_one_block_may_be_lost(lost: int) -> None:
    count = iter(range(1_000))
    client, server, _ = run(octets(18), octets(18), loses=lambda _: next(count) == lost)
    assert client.message == octets(18)
    assert server.message == octets(18)


@settings(deadline=None)
@given(st.integers(1, 120), st.integers(1, 120), st.integers(1, 9), st.integers(1, 9),
       st.lists(st.booleans(), max_size=60))
def test_an_exchange_arrives_whole_over_a_line_that_loses_blocks(
    request: int, answer: int, window: int, other_window: int, lost: list[bool]
) -> None:
    losses = iter(lost)
    limits = Limits(block_octets=5, window=window, retries=100)
    client, server, seen = run(
        octets(request), octets(answer), limits, others=replace(limits, window=other_window),
        loses=lambda _: next(losses, False))
    assert (server.message, client.message) == (octets(request), octets(answer))
    assert (client.failure, server.failure) == ("", "")
    assert client.beyond_window == server.beyond_window == 0
    assert len(seen) <= 3 * (request + answer) + 10 * len(lost) + 10


def test_a_window_of_the_other_side_is_kept() -> None:
    _, _, seen = run(octets(40), octets(4), replace(SMALL, window=8),
                     others=replace(SMALL, window=2))
    assert [block.number for who, block in seen if who == "C"][:8] == list(range(1, 9))
    later = [(block.number, block.streaming) for who, block in seen if who == "C"][8:]
    assert later == [(9, True), (10, False)]


def test_a_window_exceeded_is_counted() -> None:
    client = Side(SMALL, begins=True)
    client.send(b"abcd")
    for number in range(1, 6):
        client.receive(GeneralBlock(number, 1, b"data", streaming=number < 5))
    assert client.beyond_window == 2


@pytest.mark.parametrize(("blocks", "failure"), [
    ([GeneralBlock(1, 2, b"x")],
     "octet 4: expected an acknowledgement of up to block 1, found 2"),
    ([GeneralBlock(0, 1, b"x")], "octet 2: expected a block number from 1 to 63, found 0"),
    ([GeneralBlock(64, 1, b"x")], "octet 2: expected a block number from 1 to 63, found 64"),
    ([GeneralBlock(1, 1, b"x", streaming=True), GeneralBlock(1, 1, b"y")],
     "octet 6: expected block 1 as it was sent before, found another content"),
    ([GeneralBlock(2, 1, b"x", streaming=True), GeneralBlock(2, 1, b"y")],
     "octet 6: expected block 2 as it was sent before, found another content"),
    ([GeneralBlock(1, 1, bytes(41))], "octet 6: expected at most 40 octets in all, found 41"),
    ([GeneralBlock(2, 1, b"x", streaming=True), GeneralBlock(1, 1, b"x", last=True)],
     "octet 6: expected no data after the last block, found 1 octets"),
])
def test_a_block_that_breaks_a_rule_aborts_the_exchange(
    blocks: list[GeneralBlock], failure: str
) -> None:
    client = Side(Limits(block_octets=4, max_octets=40), begins=True)
    client.send(b"abcd")
    sent = [each for block in blocks for each in client.receive(block)]
    assert sent[-1] == ABORT
    assert (client.state, client.failure, client.message) == (State.ABORTED, failure, None)
    assert client.receive(blocks[0]) == []


def test_blocks_without_end_are_not_taken() -> None:
    client = Side(Limits(block_octets=4, max_blocks=50), begins=True)
    client.send(b"abcd")
    for number in range(1, 52):
        sent = client.receive(GeneralBlock(number, 1, b"x" * (number % 2)))
    assert sent == [ABORT]
    assert client.failure == "octet 2: expected a block number from 1 to 50, found 51"


@pytest.mark.parametrize("begins", [True, False])
def test_a_silent_other_side_is_given_up(begins: bool) -> None:
    side = Side(replace(SMALL, retries=3), begins=begins)
    if begins:
        side.send(octets(4))
    else:
        side.receive(GeneralBlock(1, 0, b"x"))
    sent = [side.timeout() for _ in range(4)]
    assert [len(each) for each in sent] == [1, 1, 1, 1]
    assert sent[-1] == [ABORT]
    assert side.failure == "no progress after 3 retries"
    assert side.timeout() == []


def test_one_who_asks_for_the_same_for_ever_is_given_up() -> None:
    client = Side(replace(SMALL, retries=3), begins=True)
    client.send(octets(12))
    sent = [client.receive(GeneralBlock(1, 0)) for _ in range(9)]
    assert [ABORT] in sent
    assert client.state is State.ABORTED


@pytest.mark.parametrize("begins", [True, False])
def test_an_abort_is_told_and_heard(begins: bool) -> None:
    side, other = Side(SMALL, begins=begins), Side(SMALL, begins=not begins)
    first = (side if begins else other).send(octets(9))[0]
    (other if begins else side).receive(first)
    assert side.abort("enough") == [ABORT]
    assert other.receive(ABORT) == []
    assert (side.failure, other.failure) == ("enough", BY_OTHER_SIDE)
    assert side.state is other.state is State.ABORTED


def test_who_has_the_answer_acknowledges_it_again_when_asked() -> None:
    client, server, _ = run(octets(4), octets(3))
    assert server.state is State.EXCHANGING
    again = server.timeout()
    assert [block.number for block in again] == [1]
    answers = client.receive(again[0])
    assert client.state is State.DONE
    assert [each for block in answers for each in server.receive(block)] == []
    assert (server.state, server.delivered) == (State.DONE, True)


def test_a_notification_goes_without_being_acknowledged() -> None:
    blocks = unconfirmed(octets(10), 4)
    assert trace(("S", block) for block in blocks) == "S1/0Sw0:4 S2/0Sw0:4 S3/0Lw0:2"
    side = Side(SMALL, begins=False)
    assert [side.receive(block) for block in blocks] == [[], [], []]
    assert side.message == octets(10)
    torn = Side(SMALL, begins=False)
    assert [torn.receive(block) for block in (blocks[0], blocks[2])] == [[], []]
    assert torn.message is None
    assert torn.missing == (2,)


def test_an_apdu_is_sent_only_in_turn() -> None:
    client = Side(SMALL, begins=True)
    client.send(octets(4))
    with pytest.raises(LocalProtocolError, match="the exchange is exchanging blocks"):
        client.send(octets(4))
    server = Side(SMALL, begins=False)
    server.receive(GeneralBlock(1, 0, b"x", streaming=True))
    with pytest.raises(LocalProtocolError, match="exchanging"):
        server.send(octets(4))


@pytest.mark.parametrize(("limits", "apdu", "message"), [
    (SMALL, b"", "an empty APDU"),
    (replace(SMALL, max_blocks=2), octets(9), "9 octets are more than 2 blocks of 4"),
    (replace(SMALL, max_octets=8), octets(9), "9 octets are more than"),
])
def test_what_is_too_much_is_not_sent(limits: Limits, apdu: bytes, message: str) -> None:
    with pytest.raises(LocalProtocolError, match=message):
        Side(limits, begins=True).send(apdu)


@pytest.mark.parametrize("field", ["block_octets", "window", "max_octets", "max_blocks"])
def test_limits_are_checked(field: str) -> None:
    with pytest.raises(LocalProtocolError, match=f"{field}: 0 is outside 1"):
        Limits(**{field: 0})


def test_the_table_holds_every_event_of_the_other_side_where_the_exchange_is_open() -> None:
    own = MISUSES | {Happening.TIMEOUT, Happening.EXHAUSTED}
    for happening in set(Happening) - own:
        assert (State.READY, happening) in TABLE
        assert (State.EXCHANGING, happening) in TABLE
    for state in (State.READY, State.EXCHANGING):
        assert (state, Happening.EXHAUSTED) in TABLE
        assert (state, Happening.ABORT) in TABLE


@given(st.booleans(), st.lists(st.builds(
    GeneralBlock, st.integers(0, 6), st.integers(0, 3), st.binary(max_size=3), st.booleans(),
    st.booleans(), st.integers(0, 63)) | st.none(), max_size=30))
def test_any_blocks_leave_a_side_that_can_be_told_more(
    begins: bool, blocks: list[GeneralBlock | None]
) -> None:
    side = Side(SMALL, begins=begins)
    if begins:
        side.send(octets(9))
    for block in blocks:
        sent = side.timeout() if block is None else side.receive(block)
        assert len(sent) <= SMALL.window
        if side.state is State.TURN:
            side.send(octets(9))
    assert bool(side.failure) is (side.state is State.ABORTED)
