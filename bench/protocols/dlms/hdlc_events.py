"""What a link tells its user: frozen events, and the information field of FRMR.

IEC 62056-46, 6.4.3 and ISO/IEC 13239, 5.5.3.4.2 (FRMR).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bench.errors import RemoteProtocolError
from bench.protocols.dlms.hdlc_frame import Frame
from bench.protocols.dlms.hdlc_parameters import Parameters

CONTROL_UNDEFINED, INFORMATION_NOT_ALLOWED, INFORMATION_TOO_LONG, INVALID_RECEIVE_NUMBER = (
    1, 2, 4, 8)  # bits w, x, y and z of FRMR
REASONS = {
    CONTROL_UNDEFINED: "control field undefined or not implemented",
    INFORMATION_NOT_ALLOWED: "information where none is allowed",
    INFORMATION_TOO_LONG: "information longer than agreed",
    INVALID_RECEIVE_NUMBER: "invalid receive number",
}


@dataclass(frozen=True, slots=True)
class FrameReject:
    """The information of an FRMR: the rejected control octet, V(S), V(R) and the reasons."""

    control: int
    send_number: int
    receive_number: int
    reasons: int
    of_response: bool = False

    def encode(self) -> bytes:
        """Return the three octets."""
        return bytes((self.control, self.receive_number << 5 | self.of_response << 4
                      | self.send_number << 1, self.reasons))

    @property
    def text(self) -> str:
        """The reasons in words."""
        return ", ".join(text for bit, text in REASONS.items() if self.reasons & bit) or "none"


def decode_frame_reject(octets: bytes) -> FrameReject:
    """Return what the information of an FRMR says; RemoteProtocolError for another length."""
    if len(octets) != 3:
        raise RemoteProtocolError(0, "3 octets of FRMR information", f"{len(octets)}")
    control, numbers, reasons = octets
    return FrameReject(control, numbers >> 1 & 7, numbers >> 5, reasons & 0x0F,
                       bool(numbers & 0x10))


@dataclass(frozen=True, slots=True)
class Connected:
    """The link is up, with these parameters as this side sees them."""

    parameters: Parameters


class Received(NamedTuple):
    """A whole PDU, LLC header removed; ``unnumbered`` where a UI frame brought it."""

    pdu: bytes
    unnumbered: bool = False


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The link is down; ``reason`` says by what."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The other side answered SNRM by DM."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """FRMR: by the other side, or (server) by this one."""

    reject: FrameReject | None  # None where its information is not readable
    by_this_side: bool = False


@dataclass(frozen=True, slots=True)
class Violation:
    """Something arrived that the standard does not allow; the link has dealt with it.

    ``octets`` is what stood between the flags.
    """

    error: RemoteProtocolError
    octets: bytes


@dataclass(frozen=True, slots=True)
class Unexpected:
    """A right frame that the state has no place for; it had no effect."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class TimedOut:
    """No answer to the last retry; the client may connect or disconnect anew."""

    waiting_for: str


@dataclass(frozen=True, slots=True)
class Idle:
    """The other side was asked and has nothing to send."""


Event = (Connected | Received | Disconnected | Refused | Rejected | Violation | Unexpected
         | TimedOut | Idle)
