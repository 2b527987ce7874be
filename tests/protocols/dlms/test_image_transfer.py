"""Image transfer: any plan of blocks arrives as planned, and what the device says is read."""

from __future__ import annotations

from typing import Any

import pytest
from apdu_server import Server, run
from dlms_parties import random
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method
from bench.protocols.dlms import apdu
from bench.protocols.dlms.association import Parameters
from bench.protocols.dlms.client import Client
from bench.protocols.dlms.image_transfer import (
    ImageBlock,
    ImageTransfer,
    Status,
    ToActivate,
    altered,
    numbered,
    only,
    plan,
    repeated,
    reversed_order,
    shuffled,
    truncated,
    without,
)

IMAGE = bytes(range(250))
BLOCKS = plan(IMAGE, 100)


class Device(Server):
    """Keeps the blocks of an image as a device of class 18 does; refuses one number on request."""

    def __init__(self) -> None:
        super().__init__({})
        self.image: dict[int, bytes] = {}
        self.came: list[ImageBlock] = []
        self.announced: tuple[Any, ...] = ()
        self.refuses: int | None = None
        self.state = Status.NOT_INITIATED
        self.answers: dict[int, Data] = {}

    def value(self, name: Any) -> Data | apdu.Refused:
        count = -(-self.announced[1] // 100) if self.announced else 0
        bits = "".join("1" if number in self.image else "0" for number in range(count))
        found = {
            2: Data(Tag.DOUBLE_LONG_UNSIGNED, 100), 3: Data(Tag.BIT_STRING, bits),
            4: Data(Tag.DOUBLE_LONG_UNSIGNED, bits.find("0") if "0" in bits else count),
            5: Data(Tag.BOOLEAN, True), 6: Data(Tag.ENUM, self.state),
            7: Data(Tag.ARRAY, (Data(Tag.STRUCTURE, (
                Data(Tag.DOUBLE_LONG_UNSIGNED, 250), Data(Tag.OCTET_STRING, b"id"),
                Data(Tag.OCTET_STRING, b"signature"))),)),
        } | self.answers
        assert name[:2] == (18, bytes.fromhex("00002C0000FF"))
        return found.get(name.index, apdu.Refused(4))

    def invoke(self, method: Method, parameter: Data | None) -> apdu.ActionOutcome:
        assert parameter is not None
        if method.index == 1:
            self.announced = tuple(each.value for each in parameter.value)
            self.image, self.state = {}, Status.INITIATED
        elif method.index == 2:
            block = ImageBlock(*(each.value for each in parameter.value))
            if block.number == self.refuses:
                return apdu.ActionOutcome(3)
            self.came.append(block)
            self.image[block.number] = block.octets
        elif parameter != Data(Tag.INTEGER, 0):
            return apdu.ActionOutcome(12)
        elif method.index == 3:
            whole = b"".join(self.image[number] for number in sorted(self.image)) == IMAGE
            self.state = Status.VERIFICATION_SUCCESSFUL if whole else Status.VERIFICATION_FAILED
            return apdu.ActionOutcome(0 if whole else 250)
        else:
            self.state = Status.ACTIVATION_SUCCESSFUL
            return apdu.ActionOutcome(2)
        return apdu.ActionOutcome(0)


def transfer() -> tuple[Device, ImageTransfer]:
    device = Device()
    client = Client(Parameters(), random=random())
    assert run(client.associate(), device.take).accepted
    return device, ImageTransfer(client)


def test_an_image_is_transferred_verified_and_activated() -> None:
    device, image = transfer()
    assert run(image.enabled(), device.take) is True
    size = run(image.block_octets(), device.take)
    assert run(image.initiate(b"id", len(IMAGE)), device.take).succeeded
    assert device.announced == (b"id", 250)
    assert run(image.transferred(), device.take) == "000"
    results = run(image.send_all(plan(IMAGE, size)), device.take)
    assert [result.name for result in results] == ["success"] * 3
    assert run(image.transferred(), device.take) == "111"
    assert run(image.first_missing(), device.take) == 3
    assert run(image.verify(), device.take).succeeded
    assert run(image.status(), device.take) == Status.VERIFICATION_SUCCESSFUL
    assert run(image.to_activate(), device.take) == (ToActivate(250, b"id", b"signature"),)
    assert run(image.activate(), device.take).name == "temporary-failure"
    assert run(image.status(), device.take) == Status.ACTIVATION_SUCCESSFUL


def test_a_block_left_out_is_missed_and_sent_later() -> None:
    device, image = transfer()
    run(image.initiate(b"id", len(IMAGE)), device.take)
    run(image.send_all(without(BLOCKS, 1)), device.take)
    assert run(image.transferred(), device.take) == "101"
    assert run(image.first_missing(), device.take) == 1
    assert run(image.verify(), device.take).name == "other-reason"
    run(image.send_all(only(BLOCKS, 1)), device.take)
    assert run(image.verify(), device.take).succeeded


def test_plans_go_out_as_they_are() -> None:
    first, second, third = BLOCKS
    assert [len(block.octets) for block in BLOCKS] == [100, 100, 50]
    assert repeated(BLOCKS, 0, 2) == (first, first, second, third, third)
    assert reversed_order(BLOCKS) == (third, second, first)
    assert altered(BLOCKS, 1)[1].octets == second.octets[:-1] + bytes((second.octets[-1] ^ 1,))
    assert altered(BLOCKS, 1, 799)[1].octets[0] == second.octets[0] ^ 0x80
    assert truncated(BLOCKS, 2, 10)[2].octets == third.octets[:-10]
    assert numbered(BLOCKS, 2, 7)[2] == ImageBlock(7, third.octets)
    with pytest.raises(LocalProtocolError, match="block 2 has no bit 400"):
        altered(BLOCKS, 2, 400)
    with pytest.raises(LocalProtocolError, match="0 octets"):
        plan(IMAGE, 0)


@given(st.binary(max_size=500), st.integers(1, 60), st.integers())
def test_a_plan_holds_the_image_in_any_order(image: bytes, size: int, seed: int) -> None:
    blocks = plan(image, size)
    mixed = shuffled(blocks, seed)
    assert mixed == shuffled(blocks, seed)
    assert b"".join(block.octets for block in sorted(mixed)) == image


def test_a_refused_block_ends_the_sending_unless_told_otherwise() -> None:
    device, image = transfer()
    device.refuses = 1
    results = run(image.send_all(BLOCKS), device.take)
    assert [result.code for result in results] == [0, 3]
    results = run(image.send_all(BLOCKS, past_refusals=True), device.take)
    assert [result.code for result in results] == [0, 3, 0]


@pytest.mark.parametrize(("index", "asks", "expected"), [
    (2, "block_octets", "the image block size as double_long_unsigned, found long_unsigned"),
    (6, "status", "the image transfer status as enum"),
    (7, "to_activate", "the images to activate as array"),
])
def test_an_attribute_of_another_type_is_told(index: int, asks: str, expected: str) -> None:
    device, image = transfer()
    device.answers[index] = Data(Tag.LONG_UNSIGNED, 1)
    with pytest.raises(RemoteProtocolError, match=expected):
        run(getattr(image, asks)(), device.take)


def test_an_image_to_activate_of_another_form_is_told() -> None:
    device, image = transfer()
    device.answers[7] = Data(Tag.ARRAY, (Data(Tag.UNSIGNED, 1),))
    with pytest.raises(RemoteProtocolError, match="size, identification and signature"):
        run(image.to_activate(), device.take)


def test_an_attribute_that_is_refused_is_told() -> None:
    device, image = transfer()
    device.value = lambda _: apdu.Refused(3)  # type: ignore[method-assign]
    with pytest.raises(RemoteProtocolError, match="block size, found read-write-denied"):
        run(image.block_octets(), device.take)
    assert run(image.get(2), device.take).code == 3


def test_another_object_can_be_named() -> None:
    image = ImageTransfer(Client(Parameters(), random=random()), bytes.fromhex("00002C0001FF"))
    next(image.get(2))
    assert Attribute(18, image.instance, 2).text == "18/0-0:44.0.1.255/a2"
    assert Method(18, image.instance, 2).text == "18/0-0:44.0.1.255/m2"
