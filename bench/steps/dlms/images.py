"""Port ``dlms``: image transfer (class 18), with blocks left out, repeated, altered, reversed.

Images are those that the maker declares (``ixit.dlms.images``); without them these steps are
inconclusive, since nobody can make an image for a device but its maker. A file is sent only if it
still has the SHA-256 of the declaration, which the run has frozen.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, TypeVar

from pydantic import Field

from bench.errors import Inconclusive, ProfileError
from bench.protocols.cosem import obis
from bench.protocols.dlms import image_transfer
from bench.protocols.dlms.exchange import Exchange
from bench.protocols.dlms.image_transfer import ImageTransfer, Plan, Status
from bench.protocols.dlms.result import Result
from bench.steps.context import Context
from bench.steps.dlms.associating import ACCEPTED
from bench.steps.dlms.carriers import CLOSED, DISCONNECTED, DM, NO_CONNECTION, SILENCE
from bench.steps.dlms.dialogue import DEVIATION, Dialogue, Ran, ask, dialogue_of
from bench.steps.dlms.identity import firmware_held, reach
from bench.steps.dlms.services import observed, result_name
from bench.steps.vocabulary import Arguments, Observation, action

T = TypeVar("T")

STATES = {int(status): status.name.lower().replace("_", "-") for status in Status}
UNREAD, SUCCESS, TEMPORARY = "unread", "success", "temporary-failure"
NONE, VERIFIED = "none", "verification-successful"
POLL_S = 1.0
"""Seconds between two reads of the status, at most; a tenth of the time that is declared."""
STARTING = frozenset((SILENCE, CLOSED, DISCONNECTED, DM, NO_CONNECTION, DEVIATION,
                      "exception-response", TEMPORARY))
"""What may come of an association with a device that starts anew, or of its first read. A refusal
is none of it: who goes on after one may be locked out."""

Which = Literal["test", "first"]
Place = Literal["first", "middle", "last"]

STATE = {
    "status": "`not-initiated`, `initiated`, `verification-successful` ...; `unread`",
    "first_missing": "number of the first block that the device has not, -1 if it does not say",
    "arrived": "how many blocks its status says are there, -1 if it does not say",
    "to_activate": "the images that it says are ready to be activated, each with `octets` and "
                   "`identifier`",
    "deviations": "rules that what arrived breaks",
}
DONE = STATE | {
    "result": "result of the method",
    "seconds": "how long it went on after the answer",
}


class ImageObject(Arguments):
    """The image transfer object."""

    object: str = "0-0:44.0.0.255"


class TransferImage(ImageObject):
    """A declared image in blocks; of an image of one block, all places are that one."""

    image: Which = "test"
    lose: list[Place] = Field(default_factory=list)
    repeat: list[Place] = Field(default_factory=list)
    alter: Place | None = None
    reverse: bool = False
    only: list[Place] = Field(default_factory=list)
    go_on: bool = False


class ReadFirmware(Arguments):
    """The image whose firmware is waited for."""

    image: Which


class RestoreFirmware(ImageObject):
    """The association in which images are sent."""

    association: str = Field(alias="as")


@action("transfer_image", port="dlms", arguments=TransferImage, observes=STATE | {
    "initiated": "result of the announcement; `none` where the transfer goes on",
    "results": "results of the blocks, each named once; no more are sent after a refusal",
    "sent": "how many blocks were to be sent",
    "blocks": "how many blocks the image has",
    "lost": "numbers of the blocks that were left out, ascending, each once",
    "identifier": "the identifier that is declared",
    "octets": "how long the image is",
    "sha256": "its SHA-256",
})
def transfer_image(context: Context, wanted: TransferImage) -> Observation:
    """Announce an image and send its blocks; ``go_on`` sends blocks of the one announced before."""
    dialogue, declared = dialogue_of(context), _declared(context, wanted.image)
    transfer = _object(dialogue, wanted.object)
    whole = _blocks(context, dialogue, transfer, declared)
    lost = _numbers(wanted.lose, whole)
    blocks = image_transfer.only(whole, *_numbers(wanted.only, whole)) if wanted.only else whole
    blocks = image_transfer.repeated(image_transfer.without(blocks, *lost),
                                     *_numbers(wanted.repeat, whole))
    if wanted.alter is not None:
        blocks = image_transfer.altered(blocks, *_numbers([wanted.alter], whole))
    if wanted.reverse:
        blocks = image_transfer.reversed_order(blocks)
    initiated = NONE if wanted.go_on else _initiate(dialogue, transfer, declared)
    return observed(dialogue, {
        "initiated": initiated, "results": _send(dialogue, transfer, blocks),
        "sent": len(blocks), "blocks": len(whole), "lost": lost,
        **{name: declared[name] for name in ("identifier", "octets", "sha256")},
        **_state(dialogue, transfer)})


@action("verify_image", port="dlms", arguments=ImageObject, observes=DONE)
def verify_image(context: Context, wanted: ImageObject) -> Observation:
    """Have the image verified, and wait until the device has done so."""
    dialogue = dialogue_of(context)
    return observed(dialogue, _verify(context, dialogue, wanted.object))


@action("activate_image", port="dlms", arguments=ImageObject, observes=DONE)
def activate_image(context: Context, wanted: ImageObject) -> Observation:
    """Have the image activated, and wait until the device has done so; only while both declared
    images could be sent, since the first one has to bring the firmware back."""
    for declared in (_declared(context, "test"), _declared(context, "first")):
        _content(context, declared)
    dialogue = dialogue_of(context)
    return observed(dialogue, _activate(context, dialogue, wanted.object))


@action("read_firmware", port="dlms", arguments=ReadFirmware, observes={
    "outcome": "`success`, else how the association or the read in it ended",
    "firmware": "what the firmware's object holds, in hexadecimal; empty if unread",
})
def read_firmware(context: Context, wanted: ReadFirmware) -> Observation:
    """Read the firmware in the association that is declared for it, until it is that of the image
    or an activation must have come to its end."""
    dialogue = dialogue_of(context)
    outcome, firmware = _firmware_of(context, dialogue, wanted.image)
    return observed(dialogue, {"outcome": outcome, "firmware": firmware})


@action("restore_firmware", port="dlms", arguments=RestoreFirmware, observes=DONE | {
    "needed": "whether an image had to be sent; where not, nothing else is told but the firmware",
    "before": "what the firmware's object held before, in hexadecimal; empty if unread",
    "firmware": "what it held when it was read last, likewise",
    "results": "results of the announcement and of the blocks, each named once",
    "result": "result of the activation; `none` where the image was not verified; how the "
              "association ended where it did not open, and nothing else is told then",
})
def restore_firmware(context: Context, wanted: RestoreFirmware) -> Observation:
    """Bring back the first firmware, unless the device still has it; what it has is read in the
    association that is declared for it."""
    dialogue, tried = dialogue_of(context), _declared(context, "test")
    first = dialogue.declared["firmware"]["octets"]
    _, before = _waited(context, lambda: firmware_held(context, dialogue),
                        lambda read: read[0] not in STARTING)
    needed = before != first or tried["firmware"] == first
    return observed(dialogue, {
        "needed": needed, "before": before, "firmware": before,
        **(_restored(context, dialogue, wanted) if needed else {})})


def _restored(context: Context, dialogue: Dialogue, wanted: RestoreFirmware) -> dict[str, Any]:
    """Send the first image and have it verified and activated, no further than all goes well."""
    opened = _waited(context, lambda: reach(context, dialogue, wanted.association),
                     lambda outcome: outcome not in STARTING)
    if opened != ACCEPTED:
        return {"result": opened}
    transfer, declared = _object(dialogue, wanted.object), _declared(context, "first")
    blocks = _blocks(context, dialogue, transfer, declared)
    results = [_initiate(dialogue, transfer, declared)]
    if results == [SUCCESS]:
        results = _send(dialogue, transfer, blocks)
    if results != [SUCCESS] or _verify(context, dialogue, wanted.object)["status"] != VERIFIED:
        return {"results": results, "result": NONE,
                **_state(dialogue, _object(dialogue, wanted.object))}
    activated = _activate(context, dialogue, wanted.object)
    return {"results": results, **activated,
            "firmware": _firmware_of(context, dialogue, "first")[1]}


def _firmware_of(context: Context, dialogue: Dialogue, which: Which) -> tuple[str, str]:
    """Return how the read of the firmware went, and the firmware; a device that starts anew, or
    still has another one, is waited for."""
    first: str = dialogue.declared["firmware"]["octets"]
    awaited: str = first if which == "first" else _declared(context, "test")["firmware"]

    def is_over(read: tuple[str, str]) -> bool:
        outcome, found = read
        if outcome != "success":
            return outcome not in STARTING
        return found == awaited if awaited else found != first

    return _waited(context, lambda: firmware_held(context, dialogue), is_over)


def _waited(context: Context, tried: Callable[[], T], is_over: Callable[[T], bool]) -> T:
    """Try again until it is over, for as long as an activation may take; return what came last."""
    _declared(context, "test")
    allowed = float(context.ixit["dlms"]["images"]["activation_s"])
    until = time.monotonic() + allowed
    while not is_over(found := tried()) and (left := until - time.monotonic()) > 0:
        time.sleep(min(POLL_S, allowed / 10, left))
    return found


def _declared(context: Context, which: Which) -> Mapping[str, Any]:
    images: Mapping[str, Any] = context.ixit["dlms"]["images"]
    if not images:
        raise Inconclusive("the profile declares no image that could be sent (dlms.images)")
    found: Mapping[str, Any] = images[which]
    return found


def _object(dialogue: Dialogue, name: str) -> ImageTransfer:
    if dialogue.client is None:
        raise Inconclusive("no association is open for an image transfer")
    return ImageTransfer(dialogue.client, obis.parse(name))


def _blocks(context: Context, dialogue: Dialogue, transfer: ImageTransfer,
            declared: Mapping[str, Any]) -> Plan:
    """Return a declared image in blocks of the size that the device wants."""
    size = ask(dialogue, lambda _: transfer.block_octets()).value
    if not isinstance(size, int) or not size:
        raise Inconclusive("the device does not say how large a block of an image is")
    return image_transfer.plan(_content(context, declared), size)


def _content(context: Context, declared: Mapping[str, Any]) -> bytes:
    """Return the octets of a declared image; ProfileError where they cannot be read or are
    others than those declared."""
    path = context.folder / declared["file"]
    try:
        image: bytes = path.read_bytes()
    except OSError as failed:
        raise ProfileError(f"{path}: expected the declared image, found {failed.strerror}"
                           ) from failed
    found = hashlib.sha256(image).hexdigest().upper()
    if found != declared["sha256"]:
        raise ProfileError(f"{path}: expected the image that was declared, with the SHA-256 "
                           f"{declared['sha256']}, found another, {found}")
    return image


def _numbers(places: Iterable[Place], whole: Plan) -> list[int]:
    at = {"first": 0, "middle": len(whole) // 2, "last": len(whole) - 1}
    return sorted({at[place] for place in places})


def _initiate(dialogue: Dialogue, transfer: ImageTransfer, declared: Mapping[str, Any]) -> str:
    return _result(ask(dialogue, lambda _: transfer.initiate(
        bytes.fromhex(declared["identifier"]), declared["octets"])))


def _send(dialogue: Dialogue, transfer: ImageTransfer, blocks: Plan) -> list[str]:
    """Send blocks up to the first that is refused; return their results, each once."""
    ran = ask(dialogue, lambda _: transfer.send_all(blocks))
    if ran.value is None:
        return [ran.kind]
    return sorted({result_name(one) for one in ran.value})


def _verify(context: Context, dialogue: Dialogue, name: str) -> dict[str, Any]:
    return _done(context, dialogue, name, "verification", ImageTransfer.verify)


def _activate(context: Context, dialogue: Dialogue, name: str) -> dict[str, Any]:
    return _done(context, dialogue, name, "activation", ImageTransfer.activate)


def _done(context: Context, dialogue: Dialogue, name: str, what: str,
          method: Callable[[ImageTransfer], Exchange[Result]]) -> dict[str, Any]:
    """Invoke a method; wait for its end where it was not refused, for the time declared.

    While the status says that the device is at it, or is not told, it is read again; a device that
    starts anew in between is associated with again, unless it refuses.
    """
    _declared(context, "test")
    allowed = float(context.ixit["dlms"]["images"][f"{what}_s"])
    transfer, association = _object(dialogue, name), dialogue.association
    result = _result(ask(dialogue, lambda _: method(transfer)))
    answered = time.monotonic()
    if result == SUCCESS or result in STARTING:
        while (status := _status(dialogue, transfer)) in (f"{what}-initiated", UNREAD) and (
                (left := answered + allowed - time.monotonic()) > 0):
            time.sleep(min(POLL_S, allowed / 10, left))
            if status == UNREAD:
                left = max(0.0, answered + allowed - time.monotonic())
                opened = reach(context, dialogue, association, left)
                if opened == ACCEPTED:
                    transfer = _object(dialogue, name)
                elif opened not in STARTING:
                    break
    return {"result": result, "seconds": round(time.monotonic() - answered, 1),
            **_state(dialogue, transfer)}


def _status(dialogue: Dialogue, transfer: ImageTransfer) -> str:
    """Return the status in words, :data:`UNREAD` without one."""
    return _status_text(ask(dialogue, lambda _: transfer.status()).value)


def _status_text(status: int | None) -> str:
    return UNREAD if status is None else STATES.get(status, str(status))


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
        "status": _status_text(status),
        "first_missing": -1 if missing is None else missing,
        "arrived": -1 if arrived is None else arrived.count("1"),
        "to_activate": [{"octets": one.size, "identifier": one.identification.hex().upper()}
                        for one in images or ()],
        "deviations": [*deviations, *dialogue.deviations()],
    }
