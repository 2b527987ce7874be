"""Transfer of an image to a device, step by step (class 18, image transfer; IEC 62056-6-2).

The order of things is the caller's: initiate, blocks, look for missing ones, verify, look at what
is to be activated, activate. Blocks go by a plan, a tuple of :class:`ImageBlock`; functions here
leave blocks out of a right plan, repeat, alter or move them. Steps are exchanges of a client.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method
from bench.protocols.dlms.client import Client
from bench.protocols.dlms.exchange import Exchange
from bench.protocols.dlms.result import Result

CLASS_ID = 18
INSTANCE = obis.parse("0-0:44.0.0.255")

BLOCK_SIZE, TRANSFERRED, FIRST_MISSING, ENABLED, STATUS, TO_ACTIVATE = range(2, 8)
"""Indices of the attributes."""
INITIATE, BLOCK, VERIFY, ACTIVATE = range(1, 5)
"""Indices of the methods."""

TEMPORARY_FAILURE = 2
"""The action-result of a verification or activation that goes on after the answer."""


class Status(enum.IntEnum):
    """Image transfer status, attribute 6."""

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFICATION_INITIATED = 2
    VERIFICATION_SUCCESSFUL = 3
    VERIFICATION_FAILED = 4
    ACTIVATION_INITIATED = 5
    ACTIVATION_SUCCESSFUL = 6
    ACTIVATION_FAILED = 7


class ImageBlock(NamedTuple):
    """One block as it is sent; ``number`` counts from 0."""

    number: int
    octets: bytes


Plan = tuple[ImageBlock, ...]


class ToActivate(NamedTuple):
    """One image of attribute 7: its octets in number, its identification and signature."""

    size: int
    identification: bytes
    signature: bytes


def plan(image: bytes, block_octets: int) -> Plan:
    """Return all blocks of ``image`` in their order; the last may be shorter."""
    if block_octets < 1:
        raise LocalProtocolError(f"image blocks of {block_octets} octets")
    return tuple(ImageBlock(number, image[start : start + block_octets])
                 for number, start in enumerate(range(0, len(image), block_octets)))


def without(blocks: Plan, *numbers: int) -> Plan:
    """Return the plan without the blocks of those numbers."""
    return tuple(block for block in blocks if block.number not in numbers)


def only(blocks: Plan, *numbers: int) -> Plan:
    """Return what is left of the plan: the blocks of those numbers."""
    return tuple(block for block in blocks if block.number in numbers)


def repeated(blocks: Plan, *numbers: int) -> Plan:
    """Return the plan with the blocks of those numbers twice, one after the other."""
    return tuple(each for block in blocks
                 for each in (block,) * (1 + (block.number in numbers)))


def altered(blocks: Plan, number: int, bit: int = 0) -> Plan:
    """Return the plan with one bit of one block changed; bit 0 is the lowest of its last octet."""
    def change(octets: bytes) -> bytes:
        if not 0 <= bit < 8 * len(octets):
            raise LocalProtocolError(f"block {number} has no bit {bit}")
        return (int.from_bytes(octets, "big") ^ 1 << bit).to_bytes(len(octets), "big")

    return tuple(block._replace(octets=change(block.octets)) if block.number == number else block
                 for block in blocks)


def truncated(blocks: Plan, number: int, octets: int = 1) -> Plan:
    """Return the plan with one block shorter by ``octets``."""
    return tuple(block._replace(octets=block.octets[: -octets or None])
                 if block.number == number else block for block in blocks)


def numbered(blocks: Plan, number: int, other: int) -> Plan:
    """Return the plan with one block sent under another number."""
    return tuple(block._replace(number=other) if block.number == number else block
                 for block in blocks)


def reversed_order(blocks: Plan) -> Plan:
    """Return the plan from the last block to the first."""
    return blocks[::-1]


def shuffled(blocks: Plan, seed: int) -> Plan:
    """Return the plan in another order, the same for the same seed."""
    order = list(blocks)
    Random(seed).shuffle(order)  # noqa: S311  an order, no secret
    return tuple(order)


@dataclass(frozen=True, slots=True)
class ImageTransfer:
    """The image transfer object of a device, as ``client`` reaches it."""

    client: Client
    instance: bytes = INSTANCE

    def get(self, index: int) -> Exchange[Result]:
        """Read an attribute by its index."""
        return self.client.get(Attribute(CLASS_ID, self.instance, index))

    def invoke(self, index: int, parameter: Data) -> Exchange[Result]:
        """Invoke a method by its index, with any parameter."""
        return self.client.action(Method(CLASS_ID, self.instance, index), parameter)

    def initiate(self, identifier: bytes, octets: int) -> Exchange[Result]:
        """Announce an image of so many octets."""
        return self.invoke(INITIATE, _structure(
            Data(Tag.OCTET_STRING, identifier), Data(Tag.DOUBLE_LONG_UNSIGNED, octets)))

    def send(self, block: ImageBlock) -> Exchange[Result]:
        """Send one block."""
        return self.invoke(BLOCK, _structure(
            Data(Tag.DOUBLE_LONG_UNSIGNED, block.number), Data(Tag.OCTET_STRING, block.octets)))

    def send_all(self, blocks: Iterable[ImageBlock], *, past_refusals: bool = False
                 ) -> Exchange[tuple[Result, ...]]:
        """Send blocks in their order, up to the first that is refused unless told otherwise.

        One result for each block sent.
        """
        results = []
        for block in blocks:
            result = yield from self.send(block)
            results.append(result)
            if not result.succeeded and not past_refusals:
                break
        return tuple(results)

    def verify(self) -> Exchange[Result]:
        """Have the image verified; ``TEMPORARY_FAILURE`` where the device is still at it."""
        return self.invoke(VERIFY, _ZERO)

    def activate(self) -> Exchange[Result]:
        """Have the image activated; ``TEMPORARY_FAILURE`` where the device is still at it."""
        return self.invoke(ACTIVATE, _ZERO)

    def block_octets(self) -> Exchange[int]:
        """Return the size of blocks that the device asks for."""
        return self._value(BLOCK_SIZE)

    def enabled(self) -> Exchange[bool]:
        """Return whether the device takes images at all."""
        return self._value(ENABLED)

    def status(self) -> Exchange[int]:
        """Return the state of the transfer, one of :class:`Status` unless the device is wrong."""
        return self._value(STATUS)

    def first_missing(self) -> Exchange[int]:
        """Return the number of the first block that has not arrived."""
        return self._value(FIRST_MISSING)

    def transferred(self) -> Exchange[str]:
        """Return a 1 or 0 for each block, from block 0 on: arrived or not."""
        return self._value(TRANSFERRED)

    def to_activate(self) -> Exchange[tuple[ToActivate, ...]]:
        """Return what is ready to be activated."""
        images: tuple[Data, ...] = yield from self._value(TO_ACTIVATE)
        for image in images:
            if image.tag is not Tag.STRUCTURE or [each.tag for each in image.value] != _IMAGE:
                raise RemoteProtocolError(0, "size, identification and signature of an image",
                                          f"{image}")
        return tuple(ToActivate(*(each.value for each in image.value)) for image in images)

    def _value(self, index: int) -> Exchange[Any]:
        name, tag = _ATTRIBUTES[index]
        result = yield from self.get(index)
        if result.data is None:
            raise RemoteProtocolError(0, name, result.name)
        if result.data.tag is not tag:
            raise RemoteProtocolError(0, f"{name} as {tag.name.lower()}",
                                      result.data.tag.name.lower())
        return result.data.value


def _structure(*members: Data) -> Data:
    return Data(Tag.STRUCTURE, members)


_ZERO = Data(Tag.INTEGER, 0)
_IMAGE = [Tag.DOUBLE_LONG_UNSIGNED, Tag.OCTET_STRING, Tag.OCTET_STRING]
_ATTRIBUTES: Mapping[int, tuple[str, Tag]] = {
    BLOCK_SIZE: ("the image block size", Tag.DOUBLE_LONG_UNSIGNED),
    TRANSFERRED: ("the status of the transferred blocks", Tag.BIT_STRING),
    FIRST_MISSING: ("the first block not transferred", Tag.DOUBLE_LONG_UNSIGNED),
    ENABLED: ("whether image transfer is enabled", Tag.BOOLEAN),
    STATUS: ("the image transfer status", Tag.ENUM),
    TO_ACTIVATE: ("the images to activate", Tag.ARRAY),
}
