"""Class 18, image transfer (IEC 62056-6-2, 4.4.6): initiate, blocks, verify, activate.

An image is good if its last 32 octets are the SHA-256 of what is before them. Verification and
activation each are done at once, or take their time: then they are answered with temporary-failure,
and the status tells how they end. Activation verifies the image, whether that has been done or not,
and tells the device the identifier of its new firmware.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
from collections.abc import Callable

from bench.protocols.cosem.data import Data, Tag
from devices.emulators.dlms.interface import (
    NEVER,
    OTHER_REASON,
    TEMPORARY_FAILURE,
    Interface,
    Refused,
)
from devices.emulators.dlms.metering import Timekeeper
from devices.emulators.gbcs.faults import NONE, Faults

HASH = 32


class Status(enum.IntEnum):
    """What the transfer has come to."""

    NOT_INITIATED = 0
    INITIATED = 1
    VERIFICATION_INITIATED = 2
    VERIFICATION_SUCCESSFUL = 3
    VERIFICATION_FAILED = 4
    ACTIVATION_INITIATED = 5
    ACTIVATION_SUCCESSFUL = 6
    ACTIVATION_FAILED = 7


UNREADY = frozenset((Status.NOT_INITIATED, Status.VERIFICATION_INITIATED,
                     Status.ACTIVATION_INITIATED))
"""In these no activation begins."""


class ImageTransfer(Interface):
    """Class 18. ``activated`` is told the identifier of an image that is activated."""

    CLASS_ID = 18
    ATTRIBUTES = (
        ("image_block_size", "u32"), ("image_transferred_blocks_status", "bits(0..65535)"),
        ("image_first_not_transferred_block_number", "u32"), ("image_transfer_enabled", "bool"),
        ("image_transfer_status", "enum 0..7"),
        ("image_to_activate_info", "[0..1]{u32,os(0..64),os(0..64)}"))
    METHODS = (
        ("image_transfer_initiate", "{os(0..64),u32}"),
        ("image_block_transfer", "{u32,os(0..65535)}"), ("image_verify", "i8"),
        ("image_activate", "i8"))

    def __init__(self, code: str, time: Timekeeper, activated: Callable[[bytes], None], *,
                 block_size: int, largest: int, seconds: float = 0, faults: Faults = NONE) -> None:
        """``largest`` is the greatest image taken, in octets; ``seconds`` are those that
        verification and activation take."""
        super().__init__(code, image_block_size=block_size, image_transfer_enabled=True)
        self._time, self._activated, self._faults = time, activated, faults
        self._largest, self._seconds, self._due = largest, seconds, NEVER
        self._identifier = b""
        self._size = 0
        self._blocks: dict[int, bytes] = {}
        self._status = Status.NOT_INITIATED

    # -- attributes ----------------------------------------------------------------------------

    def read_image_transferred_blocks_status(self) -> Data:
        """Return a bit for each block: whether it is here."""
        bits = "".join("1" if number in self._blocks else "0" for number in range(self._count))
        if "transferred-blocks-status-wrong" in self._faults:
            bits = "1" * len(bits)
        return Data(Tag.BIT_STRING, bits)

    def read_image_first_not_transferred_block_number(self) -> Data:
        """Return the first block that is not here; how many there are if all are."""
        first = next((number for number in range(self._count) if number not in self._blocks),
                     self._count)
        if "first-missing-block-wrong" in self._faults:
            first = self._count
        return Data(Tag.DOUBLE_LONG_UNSIGNED, first)

    def read_image_transfer_status(self) -> Data:
        """Return the status."""
        return Data(Tag.ENUM, int(self._status))

    def read_image_to_activate_info(self) -> Data:
        """Return size, identifier and signature of an image that has been verified."""
        if self._status < Status.VERIFICATION_SUCCESSFUL or self._status in (
                Status.VERIFICATION_FAILED, Status.ACTIVATION_FAILED):
            return Data(Tag.ARRAY, ())
        size, identifier = self._size, self._identifier
        if "image-to-activate-size-wrong" in self._faults:
            size = self._count * self._block_size
        if "image-to-activate-identifier-wrong" in self._faults:
            identifier = identifier[:-1]
        return Data(Tag.ARRAY, (Data(Tag.STRUCTURE, (
            Data(Tag.DOUBLE_LONG_UNSIGNED, size), Data(Tag.OCTET_STRING, identifier),
            Data(Tag.OCTET_STRING, self._image()[-HASH:]))),))

    # -- methods -------------------------------------------------------------------------------

    def do_image_transfer_initiate(self, parameter: Data) -> None:
        """Begin a transfer anew; blocks that are here are forgotten."""
        self._demand_enabled()
        identifier, size = (part.value for part in parameter.value)
        if not identifier or not HASH < size <= self._largest:
            raise Refused(OTHER_REASON)
        self._identifier, self._size, self._blocks = identifier, size, {}
        self._status, self._due = Status.INITIATED, NEVER

    def do_image_block_transfer(self, parameter: Data) -> None:
        """Take a block; all have the block size but the last, any may come again."""
        self._demand_enabled()
        if self._status == Status.NOT_INITIATED:
            raise Refused(TEMPORARY_FAILURE)
        number, octets = (part.value for part in parameter.value)
        if number >= self._count:
            raise Refused(OTHER_REASON)
        if "image-repeated-block-refused" in self._faults and number <= max(
                self._blocks, default=-1):
            raise Refused(OTHER_REASON)
        if len(octets) != min(self._block_size, self._size - number * self._block_size):
            raise Refused(OTHER_REASON)
        self._blocks[number] = octets
        self._status = Status.INITIATED

    def do_image_verify(self, _parameter: Data) -> None:
        """Check that the image is whole and right."""
        self._demand_enabled()
        if self._status == Status.NOT_INITIATED:
            raise Refused(TEMPORARY_FAILURE)
        self._demand_whole()
        if self._seconds:
            self._begin(Status.VERIFICATION_INITIATED)
        self._verify()
        if self._status == Status.VERIFICATION_FAILED:
            raise Refused(OTHER_REASON)

    def do_image_activate(self, _parameter: Data) -> None:
        """Activate the image, if it is whole and right."""
        self._demand_enabled()
        if self._status in UNREADY:
            raise Refused(TEMPORARY_FAILURE)
        if "image-activated-unverified" not in self._faults:
            self._demand_whole()
        if self._seconds:
            self._begin(Status.ACTIVATION_INITIATED)
        self._activate()
        if self._status == Status.VERIFICATION_FAILED:
            raise Refused(OTHER_REASON)
        if self._status == Status.ACTIVATION_INITIATED:
            raise Refused(TEMPORARY_FAILURE)

    # -- time ----------------------------------------------------------------------------------

    def due(self) -> float:
        """Return when what goes on will be done."""
        return self._due

    def run(self, now: float) -> None:  # noqa: ARG002  it is over, whenever that is noticed
        """Finish the verification or activation that goes on."""
        self._due = NEVER
        if self._status == Status.VERIFICATION_INITIATED:
            self._verify()
        else:
            self._activate()

    def _begin(self, status: Status) -> None:
        self._status, self._due = status, self._time.now + self._seconds
        raise Refused(TEMPORARY_FAILURE)

    def _verify(self) -> None:
        self._status = (Status.VERIFICATION_SUCCESSFUL if self._good()
                        else Status.VERIFICATION_FAILED)

    def _activate(self) -> None:
        if "image-activated-unverified" not in self._faults and not self._good():
            self._status = Status.VERIFICATION_FAILED
            return
        if "image-activation-without-effect" not in self._faults:
            self._activated(self._identifier)
        self._status = (Status.ACTIVATION_INITIATED if "image-activation-unending" in self._faults
                        else Status.ACTIVATION_SUCCESSFUL)

    def _demand_enabled(self) -> None:
        if not self.stored("image_transfer_enabled").value:
            raise Refused(OTHER_REASON)

    def _demand_whole(self) -> None:
        if len(self._blocks) < self._count and not self._faults & {
                "image-block-missing-accepted", "image-verify-always-true"}:
            raise Refused(TEMPORARY_FAILURE)

    def _good(self) -> bool:
        if "image-verify-always-true" in self._faults or "image-block-altered-accepted" \
                in self._faults:
            return True
        image = self._image()
        if "image-block-missing-accepted" in self._faults and len(self._blocks) < self._count:
            return True
        return hmac.compare_digest(hashlib.sha256(image[:-HASH]).digest(), image[-HASH:])

    def _image(self) -> bytes:
        return b"".join(self._blocks.get(number, b"") for number in range(self._count))

    @property
    def _block_size(self) -> int:
        return self.number("image_block_size")

    @property
    def _count(self) -> int:
        return -(-self._size // self._block_size)
