"""General block transfer: what each side sends, what it refuses, and that messages arrive whole."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.block_transfer import (
    Block,
    Limits,
    Receiver,
    Receiving,
    Route,
    Sender,
    Sending,
    is_block,
    parse_block,
    route_of,
)
from bench.protocols.gbcs.block_transfer_states import (
    ENDED,
    MISUSES,
    RECEIVER,
    SENDER,
    Happening,
)
from bench.protocols.gbcs.message import Cra, Message

PARTY, DEVICE = bytes.fromhex("90B3D51F30010000"), bytes.fromhex("00DB123456789000")
ROUTE = Route(Cra.RESPONSE, 1000, DEVICE, PARTY, 0x0037)

routes = st.builds(
    Route, st.sampled_from(Cra), st.integers(0, (1 << 64) - 1), st.binary(min_size=8, max_size=8),
    st.binary(min_size=8, max_size=8), st.integers(0, 0xFFFF))
blocks = st.builds(
    Block, routes, st.integers(0, 0xFFFF), st.integers(0, 0xFFFF), st.binary(max_size=300),
    st.booleans(), st.booleans(), st.integers(0, 63))


def octets(length: int) -> bytes:
    """Octets of which no part is like another."""
    return hashlib.shake_256(b"message").digest(length)


def numbers(sent: Iterable[Block]) -> list[int]:
    return [block.number for block in sent]


def read_or_refused(received: bytes) -> bool:
    """Return whether ``received`` is a block that is written back, or refused at an octet of it."""
    try:
        return parse_block(parse_block(received).encode()) == parse_block(received)
    except RemoteProtocolError as wrong:
        return 0 <= wrong.offset <= len(received)


# -- octets ----------------------------------------------------------------------------------------


@given(blocks)
def test_a_block_is_read_as_it_was_written(block: Block) -> None:
    written = block.encode()
    assert is_block(written)
    assert parse_block(written) == block
    assert parse_block(written).encode() == written


def test_a_block_is_laid_out_as_described() -> None:
    block = Block(ROUTE, 3, 2, b"\xaa\xbb", streaming=True, window=8)
    assert block.encode() == bytes.fromhex(
        "DD 09 02 00000000000003E8 08 00DB123456789000 08 90B3D51F30010000 00 02 0037 00"
        "0E 0100000000 E0 48 0003 0002 02 AABB")


@given(st.binary(max_size=200) | st.binary(max_size=80).map(lambda end: b"\xdd\x09" + end))
def test_any_octets_are_a_block_or_a_wrong_message(received: bytes) -> None:
    assert read_or_refused(received)


@given(blocks, st.data())
def test_a_changed_block_is_a_block_or_a_wrong_message(block: Block, data: st.DataObject) -> None:
    changed = bytearray(block.encode())
    at = data.draw(st.integers(0, len(changed) - 1))
    changed[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    assert read_or_refused(bytes(changed))


@pytest.mark.parametrize(("at", "octet", "offset"), [
    (0, 0xDE, 0), (1, 8, 1), (2, 4, 2), (11, 7, 11), (20, 9, 20), (29, 12, 29), (30, 10, 30),
    (33, 1, 33), (34, 0x0D, 34), (35, 0x11, 35), (35, 0x21, 35), (40, 0xDF, 40), (46, 3, 46)])
def test_each_wrong_field_is_named_by_its_offset(at: int, octet: int, offset: int) -> None:
    changed = bytearray(Block(ROUTE, 3, 2, b"\xaa\xbb").encode())
    changed[at] = octet
    with pytest.raises(RemoteProtocolError) as found:
        parse_block(bytes(changed))
    assert found.value.offset == offset


@pytest.mark.parametrize("block", [
    Block(ROUTE, 1 << 16, 0), Block(ROUTE, 0, -1), Block(ROUTE, 1, 0, window=64),
    Block(replace(ROUTE, originator=b""), 1, 0), Block(replace(ROUTE, message_code=-1), 1, 0)])
def test_a_field_that_does_not_fit_is_our_mistake(block: Block) -> None:
    with pytest.raises(LocalProtocolError):
        block.encode()


def test_a_message_in_one_piece_is_no_block() -> None:
    message = Message(Cra.COMMAND, 1, PARTY, DEVICE, 0x0062, b"\xd9", mac=bytes(12))
    assert not is_block(message.encode())
    assert route_of(message) == Route(Cra.COMMAND, 1, PARTY, DEVICE, 0x0062)


# -- the two sides, step by step -------------------------------------------------------------------

LIMITS = Limits(block_octets=10, window=3, retries=2)


def opened(length: int = 75, limits: Limits = LIMITS) -> tuple[Sender, Receiver, list[Block]]:
    sender, receiver = Sender(ROUTE, octets(length), limits), Receiver(ROUTE, limits)
    return sender, receiver, sender.start()


def given_all(side: Sender | Receiver, blocks: Iterable[Block]) -> list[Block]:
    return [answer for block in blocks for answer in side.receive(block)]


def test_a_message_goes_in_windows_and_each_is_acknowledged() -> None:
    sender, receiver, stream = opened()
    seen = []
    while stream:
        seen.append([(block.number, block.streaming, block.last) for block in stream])
        acknowledgements = given_all(receiver, stream)
        assert len(acknowledgements) == 1
        stream = given_all(sender, acknowledgements)
    assert seen == [
        [(1, True, False), (2, True, False), (3, False, False)],
        [(4, True, False), (5, True, False), (6, False, False)],
        [(7, True, False), (8, False, True)]]
    assert receiver.message == octets(75)
    assert (sender.state, receiver.state) == (Sending.DELIVERED, Receiving.COMPLETE)
    assert sender.repeated == 0


def test_an_acknowledgement_carries_no_data_and_goes_the_way_back() -> None:
    _, receiver, stream = opened()
    (acknowledgement,) = given_all(receiver, stream)
    assert acknowledgement == Block(ROUTE.back(), 1, 3, last=True, window=3)


def test_exactly_the_lost_blocks_are_asked_for_and_repeated() -> None:
    sender, receiver, stream = opened(limits=replace(LIMITS, window=6))
    (acknowledgement,) = given_all(receiver, [stream[0], stream[3], stream[5]])
    assert receiver.missing == (2, 3, 5)
    assert (acknowledgement.acknowledged, acknowledgement.window) == (1, 2)
    repeated = sender.receive(acknowledgement)
    assert numbers(repeated) == [2, 3]
    (acknowledgement,) = given_all(receiver, repeated)
    assert (acknowledgement.acknowledged, acknowledgement.window) == (4, 1)
    repeated = sender.receive(acknowledgement)
    assert numbers(repeated) == [5]
    (acknowledgement,) = given_all(receiver, repeated)
    assert (acknowledgement.acknowledged, acknowledgement.window) == (6, 6)
    assert numbers(sender.receive(acknowledgement)) == [7, 8]
    assert sender.repeated == 3


def test_a_lost_end_of_window_is_asked_for_by_whoever_waits_first() -> None:
    sender, receiver, stream = opened()
    assert given_all(receiver, stream[:2]) == []
    (poll,) = sender.timeout()
    assert poll.number == 3
    sender, receiver, stream = opened()
    given_all(receiver, stream[:2])
    (acknowledgement,) = receiver.timeout()
    assert numbers(sender.receive(acknowledgement)) == [3, 4, 5]


def test_a_lost_acknowledgement_is_repeated_unchanged() -> None:
    sender, receiver, stream = opened()
    lost = given_all(receiver, stream)
    assert given_all(receiver, sender.timeout()) == lost
    assert numbers(given_all(sender, lost)) == [4, 5, 6]


def test_the_last_acknowledgement_is_repeated_too() -> None:
    sender, receiver, stream = opened(length=30)
    lost = given_all(receiver, stream)
    assert receiver.message == octets(30)
    assert given_all(receiver, sender.timeout()) == lost
    given_all(sender, lost)
    assert sender.state is Sending.DELIVERED


def test_an_acknowledgement_that_came_twice_is_answered_once() -> None:
    sender, receiver, stream = opened()
    (acknowledgement,) = given_all(receiver, stream)
    assert sender.receive(acknowledgement)
    assert sender.receive(acknowledgement) == []


def test_duplicates_are_not_appended() -> None:
    _, receiver, stream = opened(length=30)
    given_all(receiver, [stream[0], stream[0], stream[1], stream[0], stream[2], stream[2]])
    assert receiver.message == octets(30)


def test_blocks_may_come_in_any_order() -> None:
    _, receiver, stream = opened(length=30)
    given_all(receiver, reversed(stream))
    assert receiver.message == octets(30)


def test_an_empty_message_is_one_empty_block() -> None:
    sender, receiver, stream = opened(length=0)
    given_all(sender, given_all(receiver, stream))
    assert (receiver.message, sender.state) == (b"", Sending.DELIVERED)


def test_the_receiver_slows_the_sender_down() -> None:
    sender = Sender(ROUTE, octets(100), replace(LIMITS, window=9))
    given_all(sender, ())
    sender.start()
    assert numbers(sender.receive(Block(ROUTE.back(), 1, 2, window=2))) == [3, 4]


# -- what is refused -------------------------------------------------------------------------------


def refusal(blocks: Iterable[Block], limits: Limits = LIMITS) -> str:
    """Return why a receiver aborts at the last of ``blocks``."""
    receiver = Receiver(ROUTE, limits)
    answers = [receiver.receive(block) for block in blocks]
    assert [block.aborts for block in answers[-1]] == [True]
    assert answers[-1][0].route == ROUTE.back()
    assert receiver.state is Receiving.ABORTED
    assert receiver.message is None
    assert receiver.receive(Block(ROUTE, 1, 0, b"more")) == []
    return receiver.failure


def data(number: int, content: bytes = b"data", **fields: bool) -> Block:
    return Block(ROUTE, number, 0, content, **fields)


@pytest.mark.parametrize(("blocks", "reason"), [
    ([data(0)], "a block number from 1 to 63, found 0"),
    ([data(64)], "a block number from 1 to 63, found 64"),
    ([data(2, last=True), data(3)], "a block number from 1 to 2, found 3"),
    ([data(3), data(2, last=True)], "no last block before 3, found 2"),
    ([data(1), data(1, b"other")], "block 1 as it was sent before"),
    ([data(1), data(1, last=True)], "block 1 as it was sent before"),
    ([data(1, b"")], "expected data, found none"),
    ([data(2, b"", last=True)], "expected data, found none"),
])
def test_a_wrong_block_aborts_the_transfer(blocks: list[Block], reason: str) -> None:
    assert reason in refusal(blocks)
    assert refusal(blocks).startswith("octet 42: ")


def test_more_octets_than_allowed_abort_the_transfer() -> None:
    limits = Limits(max_octets=10)
    assert "at most 10 octets in all, found 12" in refusal([data(1), data(2), data(3)], limits)


def test_more_blocks_than_allowed_abort_the_transfer() -> None:
    limits = Limits(max_blocks=2)
    assert "a block number from 1 to 2, found 3" in refusal([data(1), data(2), data(3)], limits)


def test_a_receiver_never_holds_more_than_allowed() -> None:
    receiver = Receiver(ROUTE, Limits(max_octets=1000, max_blocks=50))
    for number in range(1, 0x10000):
        receiver.receive(Block(ROUTE, number, 0, bytes(100)))
    assert receiver.state is Receiving.ABORTED
    assert not receiver._held


@pytest.mark.parametrize("acknowledgement", [
    Block(ROUTE.back(), 1, 4), Block(ROUTE.back(), 1, 1, b"data"), Block(ROUTE.back(), 0, 1)])
def test_a_wrong_acknowledgement_aborts_the_transfer(acknowledgement: Block) -> None:
    sender, _, _ = opened()
    assert [block.aborts for block in sender.receive(acknowledgement)] == [True]
    assert sender.state is Sending.ABORTED
    assert "an acknowledgement of up to block 3" in sender.failure


def test_either_side_may_abort_and_the_other_ends() -> None:
    sender, receiver, _ = opened()
    (abort,) = sender.abort()
    assert receiver.receive(abort) == []
    assert receiver.state is Receiving.ABORTED
    assert receiver.failure == "aborted by the other side"
    sender, receiver, stream = opened()
    given_all(receiver, stream[:1])
    assert given_all(sender, receiver.abort()) == []
    assert (sender.state, sender.failure) == (Sending.ABORTED, "aborted by the other side")


def test_both_sides_give_up_after_the_last_retry() -> None:
    sender, receiver, _ = opened()
    for side in (sender, receiver):
        sent = [side.timeout() for _ in range(LIMITS.retries + 1)]
        assert [block.aborts for (block,) in sent] == [False, False, True]
        assert side.state in ENDED
        assert side.failure == "no progress after 2 retries"
        assert side.timeout() == []


def test_a_sender_gives_up_on_who_asks_for_the_same_without_end() -> None:
    sender, _, _ = opened()
    for number in range(1, 10):
        sent = sender.receive(Block(ROUTE.back(), number, 0, window=1))
        if sent[0].aborts:
            break
    assert number == LIMITS.retries + 1


def test_what_belongs_to_another_transfer_is_our_mistake() -> None:
    sender, receiver, stream = opened()
    with pytest.raises(LocalProtocolError):
        sender.receive(stream[0])
    with pytest.raises(LocalProtocolError):
        receiver.receive(replace(stream[0], route=replace(ROUTE, originator_counter=1)))
    with pytest.raises(LocalProtocolError):
        sender.start()


def test_a_message_beyond_the_limits_is_our_mistake() -> None:
    Sender(ROUTE, bytes(20), Limits(block_octets=10, max_blocks=2))
    with pytest.raises(LocalProtocolError):
        Sender(ROUTE, bytes(21), Limits(block_octets=10, max_blocks=2))
    with pytest.raises(LocalProtocolError):
        Sender(ROUTE, bytes(11), Limits(max_octets=10))
    with pytest.raises(LocalProtocolError):
        Limits(window=64)


def test_the_tables_name_every_event_of_an_open_transfer() -> None:
    assert {event for state, event in SENDER if state is Sending.WAITING} | {
        event for state, event in RECEIVER if state is Receiving.OPEN} | MISUSES == set(Happening)


# -- any message under any loss, duplication and disorder ------------------------------------------

fates = st.lists(st.tuples(
    st.sampled_from(("lose", "twice", "late", "first", "sender times out", "receiver times out")),
    st.integers(0, 20)), max_size=60)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 200_000), st.integers(1, 250), st.integers(1, 63), st.integers(1, 63), fates)
def test_any_message_arrives_whole_over_a_line_that_loses_repeats_and_disorders(
    length: int, count: int, window: int, taken: int, fates: list[tuple[str, int]]
) -> None:
    size = min(max(1, -(-length // count)), 60_000)
    retries = 2 * len(fates) + 2
    message = octets(length)
    sender = Sender(ROUTE, message, Limits(size, window, retries=retries))
    receiver = Receiver(ROUTE, Limits(window=taken, retries=retries))
    # one line for both ways; each fate befalls the packet that is sent as the n-th after the last
    plan, wait = iter(fates), 0
    fate, wait = next(plan, ("", 0))
    line: list[Block] = []

    def put(sent: list[Block]) -> None:
        nonlocal fate, wait
        for block in sent:
            wait -= 1
            if wait >= 0 or not fate:
                line.append(block)
                continue
            if fate in ("twice", "late", "first"):
                line.insert(0 if fate == "first" else len(line), block)
            if fate == "twice":
                line.insert(len(line) // 2, block)
            if fate == "late":
                line.append(line.pop(0))
            due, (fate, wait) = fate, next(plan, ("", 0))
            if due.endswith("out"):
                line.append(block)
                put((sender if due.startswith("sender") else receiver).timeout())

    put(sender.start())
    steps = 0
    while not (sender.state in ENDED and receiver.state in ENDED):
        steps += 1
        assert steps < 40 * (count + 30)
        if line:
            block = parse_block(line.pop(0).encode())
            put((receiver if block.route == ROUTE else sender).receive(block))
        elif sender.state is Sending.WAITING:
            put(sender.timeout())
        else:
            put(receiver.timeout())
    assert sender.state is Sending.DELIVERED
    assert receiver.message == message


@settings(max_examples=100, deadline=None)
@given(st.lists(st.builds(
    Block, st.just(ROUTE), st.integers(0, 70), st.integers(0, 9), st.binary(max_size=4),
    st.booleans(), st.booleans(), st.integers(0, 63)), max_size=60))
def test_no_order_of_blocks_does_more_than_abort(arriving: list[Block]) -> None:
    receiver = Receiver(ROUTE, Limits(max_octets=60, max_blocks=20))
    for block in arriving:
        sent = receiver.receive(block)
        assert len(sent) <= 1
        assert sum(map(len, receiver._held.values())) <= 60
        assert len(receiver._held) <= 20
    assert (receiver.message is not None) == (receiver.state is Receiving.COMPLETE)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.builds(
    Block, st.just(ROUTE.back()), st.integers(0, 9), st.integers(0, 9), st.binary(max_size=1),
    st.booleans(), st.booleans(), st.integers(0, 63)), max_size=60))
def test_no_order_of_acknowledgements_makes_the_sender_send_without_end(
    arriving: list[Block],
) -> None:
    sender, _, _ = opened()
    sent = sum(len(sender.receive(block)) for block in arriving)
    assert sent <= sender.blocks * (LIMITS.retries + 1) * LIMITS.window + 1
