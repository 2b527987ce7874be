"""Large messages of the device, in blocks: commands put together, answers taken apart (R-SEC-16).

Stands between the line and the dialogue. A block is not protected, so whoever reaches the line can
open transfers: only the latest ``TRANSFERS`` of each direction are held, each within the limits of
the profile. The device has no timer of its own for them; the other side's asking moves it on, and a
transfer that nobody asks for is displaced by later ones. What is no block of GBCS goes to the
dialogue, which refuses it as it refuses other malformed messages. Alerts are never in blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from bench.errors import RemoteProtocolError
from bench.protocols.gbcs.block import LARGEST_WINDOW
from bench.protocols.gbcs.block_transfer import (
    HIGHEST,
    Block,
    Limits,
    Receiver,
    Receiving,
    Route,
    Sender,
    is_block,
    parse_block,
    route_of,
)
from bench.protocols.gbcs.message import Cra, parse
from devices.emulators.gbcs.faults import Faults
from devices.emulators.gbcs.profile import Settings

TRANSFERS = 4
"""Transfers held in each direction (our choice)."""

_MISPLACING = {"block-duplicate-appended", "block-order-of-arrival"}

Transfer = TypeVar("Transfer", Sender, Receiver)


class Blocks:
    """The transfers of one device; ``answer`` takes a whole message and gives the answers to it."""

    def __init__(
        self, eui64: bytes, settings: Settings, faults: Faults,
        answer: Callable[[bytes], list[bytes]],
    ) -> None:
        self._eui64 = eui64
        self._faults = faults
        self._answer = answer
        self._largest = settings.max_message_octets
        window = LARGEST_WINDOW if "block-window-exceeded" in faults else settings.block_window
        self._sending = Limits(settings.block_octets, window, max_octets=1 << 31,
                               max_blocks=HIGHEST)
        self._taking = self._sending if "block-limit-missing" in faults else replace(
            self._sending, max_octets=settings.max_transfer_octets)
        self._commands: dict[Route, Receiver] = {}
        self._arrived: dict[Route, list[Block]] = {}
        self._answers: dict[Route, Sender] = {}
        self._sent: dict[Route, int] = {}

    def take(self, octets: bytes) -> list[bytes]:
        """Return what the device sends on ``octets``: answers, blocks of one, acknowledgements."""
        if not is_block(octets):
            return self._in_pieces(self._answer(octets))
        try:
            block = parse_block(octets)
        except RemoteProtocolError:
            return self._answer(octets)
        if block.route.recipient != self._eui64:
            return []
        if block.route.cra is Cra.COMMAND:
            return self._take_command(block)
        return self._take_acknowledgement(block)

    def _take_command(self, block: Block) -> list[bytes]:
        faults, route = self._faults, block.route
        if "block-command-dropped" in faults or (
                block.aborts and "block-transfer-survives-abort" in faults):
            return []
        if route not in self._commands:
            _remember(self._commands, route, Receiver(route, self._taking))
            self._arrived = {each: self._arrived.get(each, []) for each in self._commands}
        receiver = self._commands[route]
        was_open = receiver.state is Receiving.OPEN
        if was_open and faults & _MISPLACING:
            self._arrived[route].append(block)
        sent = [self._spoil_acknowledgement(each).encode() for each in receiver.receive(block)]
        if receiver.state is not Receiving.OPEN:
            arrived = self._arrived[route]
            self._arrived[route] = []
            if was_open and receiver.message is not None:
                message = _misplaced(arrived, faults) or receiver.message
                return sent + self._in_pieces(self._answer(message))
        return sent

    def _take_acknowledgement(self, block: Block) -> list[bytes]:
        sender = self._answers.get(block.route.back())
        if sender is None or (block.aborts and "block-transfer-survives-abort" in self._faults):
            return []
        if "block-window-exceeded" in self._faults:
            block = replace(block, window=LARGEST_WINDOW)
        return self._send(sender, sender.receive(block))

    def _in_pieces(self, answers: list[bytes]) -> list[bytes]:
        return [piece for answer in answers for piece in self._pieces(answer)]

    def _pieces(self, answer: bytes) -> list[bytes]:
        if len(answer) <= self._largest:
            return [answer]
        route = route_of(parse(answer))
        sender = Sender(route, answer, self._sending)
        _remember(self._answers, route, sender)
        self._sent = {each: self._sent.get(each, 0) for each in self._answers}
        return self._send(sender, sender.start())

    def _send(self, sender: Sender, blocks: list[Block]) -> list[bytes]:
        """Return the octets of ``blocks``, wrong where the device is faulty."""
        faults, route = self._faults, sender.route
        if "block-lost-never-repeated" in faults:
            blocks = [block for block in blocks if block.number > self._sent[route]]
        self._sent[route] = max([self._sent[route], *(block.number for block in blocks)])
        if "block-last-flag-missing" in faults:
            blocks = [replace(block, last=False) for block in blocks]
        if "block-octet-missing" in faults:
            blocks = [replace(block, data=block.data[:-1]) if block.number > 1 else block
                      for block in blocks]
        return [block.encode() for block in blocks]

    def _spoil_acknowledgement(self, block: Block) -> Block:
        if "block-acknowledgement-wrong" in self._faults and not block.aborts:
            return replace(block, acknowledged=block.acknowledged + 1)
        return block


def _remember(held: dict[Route, Transfer], route: Route, transfer: Transfer) -> None:
    held.pop(route, None)
    while len(held) >= TRANSFERS:
        del held[next(iter(held))]
    held[route] = transfer


def _misplaced(arrived: list[Block], faults: Faults) -> bytes:
    """Return the message as a faulty device puts it together; nothing if it does as it should."""
    if "block-duplicate-appended" in faults:
        return b"".join(block.data for block in sorted(arrived, key=lambda block: block.number))
    if "block-order-of-arrival" in faults:
        return b"".join({block.number: block.data for block in arrived}.values())
    return b""
