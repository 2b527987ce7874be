"""One block of general block transfer (IEC 62056-5-3, General-Block-Transfer)::

    E0 control(1) number(2) acknowledged(2) L data     control: 80 last, 40 streaming, 3F window

A block without data is an acknowledgement. What blocks follow each other is not said here.
"""

from __future__ import annotations

from dataclasses import dataclass
from struct import Struct
from struct import error as struct_error

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.length import decode_length, encode_length

TAG = 0xE0
HIGHEST = 0xFFFF
"""Of block numbers and of acknowledgements."""
LARGEST_WINDOW = 0x3F

_HEAD = Struct(">BBHH")


@dataclass(frozen=True, slots=True)
class GeneralBlock:
    """``number`` and ``acknowledged`` are 0 to 65,535; ``window`` is 0 to 63 blocks.

    The window is what the sender of the block is ready to take.
    """

    number: int
    acknowledged: int
    data: bytes = b""
    last: bool = False
    streaming: bool = False
    window: int = 1

    def encode(self) -> bytes:
        """Return the octets from the tag E0 on; LocalProtocolError for a field that misfits."""
        if not 0 <= self.window <= LARGEST_WINDOW:
            raise LocalProtocolError(f"a window of {self.window} is outside 0..{LARGEST_WINDOW}")
        control = self.last << 7 | self.streaming << 6 | self.window
        try:
            head = _HEAD.pack(TAG, control, self.number, self.acknowledged)
        except struct_error as wrong:
            raise LocalProtocolError(f"a field of a block does not fit: {wrong}") from None
        return b"".join((head, encode_length(len(self.data)), self.data))

    @classmethod
    def read(cls, octets: bytes, offset: int = 0) -> tuple[GeneralBlock, int]:
        """Return the block whose tag is at ``offset``, and the offset behind it.

        IndexError or struct.error where octets are missing.
        """
        _, control, number, acknowledged = _HEAD.unpack_from(octets, offset)
        at = offset + _HEAD.size
        length, start = decode_length(octets, at)
        end = start + length
        if end > len(octets):
            raise RemoteProtocolError(at, f"a length of at most {len(octets) - start}, "
                                      "what follows", f"{length}")
        return cls(number, acknowledged, octets[start:end], bool(control & 0x80),
                   bool(control & 0x40), control & LARGEST_WINDOW), end
