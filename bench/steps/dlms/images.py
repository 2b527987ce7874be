"""Port ``dlms``: image transfer (class 18), with blocks left out, repeated, altered, reversed.

The image is of the bench's own making: octets that follow from its size, and their SHA-256 at the
end. Only an emulator is sent one; on a real device the case is inconclusive, since nobody should
activate it there. Sending a maker's image is left out.
"""

from __future__ import annotations

import hashlib
from typing import Any

from pydantic import Field

from bench.errors import Inconclusive
from bench.protocols.cosem import obis
from bench.protocols.dlms import image_transfer
from bench.protocols.dlms.image_transfer import ImageTransfer, Status
from bench.steps.context import Context
from bench.steps.dlms.dialogue import Dialogue, Ran, dialogue_of
from bench.steps.dlms.services import ask, observed, result_name
from bench.steps.vocabulary import Arguments, Observation, action

STATES = {int(status): status.name.lower().replace("_", "-") for status in Status}
_HASH = 32

STATE = {
    "status": "`not-initiated`, `initiated`, `verification-successful` ...; `unread`",
    "first_missing": "number of the first block that the device has not, -1 if it does not say",
    "arrived": "how many blocks its status says are there, -1 if it does not say",
    "to_activate": "how many images are ready to be activated, -1 if it does not say",
    "deviations": "rules that what arrived breaks",
}


class TransferImage(Arguments):
    """An image in blocks; ``blocks`` is how many an image of our own making has."""

    object: str = "0-0:44.0.0.255"
    identifier: str = Field(pattern="^([0-9A-F]{2})+$")
    blocks: int = Field(5, ge=2, le=1_000)
    lose: list[int] = Field(default_factory=list)
    repeat: list[int] = Field(default_factory=list)
    alter: int | None = Field(None, ge=0)
    reverse: bool = False
    only: list[int] = Field(default_factory=list)
    go_on: bool = False


class ImageObject(Arguments):
    """The image transfer object."""

    object: str = "0-0:44.0.0.255"


@action("transfer_image", port="dlms", arguments=TransferImage, observes=STATE | {
    "initiated": "result of the announcement; `none` where the transfer goes on",
    "results": "results of the blocks, each named once",
    "sent": "how many blocks were sent",
    "blocks": "how many blocks the image has",
})
def transfer_image(context: Context, wanted: TransferImage) -> Observation:
    """Announce an image and send its blocks; ``go_on`` sends blocks of the one announced before."""
    dialogue = dialogue_of(context)
    transfer = _object(dialogue, wanted.object)
    size = ask(dialogue, lambda _: transfer.block_octets()).value
    if not isinstance(size, int) or not size:
        raise Inconclusive("the device does not say how large a block of an image is")
    image = _image(context, wanted.blocks * size - size // 2)
    blocks = image_transfer.plan(image, size)
    count = len(blocks)
    initiated = "none"
    if not wanted.go_on:
        initiated = _result(ask(dialogue, lambda _: transfer.initiate(
            bytes.fromhex(wanted.identifier), len(image))))
    if wanted.only:
        blocks = image_transfer.only(blocks, *wanted.only)
    blocks = image_transfer.repeated(image_transfer.without(blocks, *wanted.lose), *wanted.repeat)
    if wanted.alter is not None:
        blocks = image_transfer.altered(blocks, wanted.alter)
    if wanted.reverse:
        blocks = image_transfer.reversed_order(blocks)
    ran = ask(dialogue, lambda _: transfer.send_all(blocks, past_refusals=True))
    results = [result_name(one) for one in ran.value] if ran.value is not None else [ran.kind]
    return observed(dialogue, {
        "initiated": initiated, "results": sorted(set(results)), "sent": len(blocks),
        "blocks": count, **_state(dialogue, transfer)})


@action("verify_image", port="dlms", arguments=ImageObject, observes=STATE | {
    "result": "result of the method"})
def verify_image(context: Context, wanted: ImageObject) -> Observation:
    """Have the image verified."""
    dialogue = dialogue_of(context)
    transfer = _object(dialogue, wanted.object)
    result = _result(ask(dialogue, lambda _: transfer.verify()))
    return observed(dialogue, {"result": result, **_state(dialogue, transfer)})


@action("activate_image", port="dlms", arguments=ImageObject, observes=STATE | {
    "result": "result of the method"})
def activate_image(context: Context, wanted: ImageObject) -> Observation:
    """Have the image activated."""
    dialogue = dialogue_of(context)
    transfer = _object(dialogue, wanted.object)
    result = _result(ask(dialogue, lambda _: transfer.activate()))
    return observed(dialogue, {"result": result, **_state(dialogue, transfer)})


def _object(dialogue: Dialogue, name: str) -> ImageTransfer:
    if dialogue.client is None:
        raise Inconclusive("no association is open for an image transfer")
    return ImageTransfer(dialogue.client, obis.parse(name))


def _image(context: Context, octets: int) -> bytes:
    """Return an image of so many octets, for an emulator."""
    if not context.launched:
        raise Inconclusive("an image of the bench's own making is sent to an emulator only")
    content = hashlib.shake_256(octets.to_bytes(4, "big")).digest(octets - _HASH)
    return content + hashlib.sha256(content).digest()


def _result(ran: Ran[Any]) -> str:
    return ran.kind if ran.value is None else result_name(ran.value)


def _state(dialogue: Dialogue, transfer: ImageTransfer) -> dict[str, Any]:
    deviations: list[str] = []

    def read(exchange: Any) -> Any:
        ran = ask(dialogue, lambda _: exchange)
        if ran.text:
            deviations.append(ran.text)
        return ran.value

    status, missing, arrived, images = (read(exchange) for exchange in (
        transfer.status(), transfer.first_missing(), transfer.transferred(),
        transfer.to_activate()))
    return {
        "status": "unread" if status is None else STATES.get(status, str(status)),
        "first_missing": -1 if missing is None else missing,
        "arrived": -1 if arrived is None else arrived.count("1"),
        "to_activate": -1 if images is None else len(images),
        "deviations": [*deviations, *dialogue.deviations()],
    }
