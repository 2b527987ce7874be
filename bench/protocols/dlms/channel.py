"""The channel of a client: a request and its answer, protection, length, what comes between."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.apdu import Apdu, Conformance, GeneralBlock, decode
from bench.protocols.dlms.exchange import Exchange, Streamed
from bench.protocols.dlms.general_block_transfer import DEFAULT, Limits, Side, State
from bench.protocols.dlms.security.protection import (
    NONE,
    Envelope,
    Opened,
    Protection,
    SecurityError,
)
from bench.protocols.dlms.security.securing import Security
from bench.protocols.dlms.security.tags import GLOBAL

_BLOCK = b"\xe0"  # general block transfer
_NOTICES = frozenset((b"\x0f", b"\x18", b"\xc2"))  # data notification, information report, event
_BETWEEN = _NOTICES | {_BLOCK}
_REFUSALS = frozenset((b"\x0e", b"\xd8"))  # confirmed service error, exception response

_BY_SERVICE = Envelope.SERVICE  # in Python 3.11 a call each time
_HEAD = 9  # octets in front of a block's data, at most
_ENDED = (State.DONE, State.ABORTED)


@dataclass(frozen=True, slots=True)
class Caps:
    """What a client takes at most; the numbers are our choice."""

    octets: int = 1 << 24  # of an answer in blocks
    blocks: int = 1 << 16
    notices: int = 1_000  # while an answer is awaited
    general_blocks: Limits = DEFAULT


class Channel:
    """Sends requests and takes their answers: the state that the exchanges of a client share.

    ``protection`` is that of requests. An answer must have at least ``answers``, or as much as its
    request where that is ``None``, unless it refuses the service. ``max_pdu`` is the longest APDU
    that the server may send, ``server_max_pdu`` the longest that it takes, 0: any length.
    """

    def __init__(self, security: Security | None = None, caps: Caps | None = None) -> None:
        self.security = security
        self.caps = caps or Caps()
        self.protection = NONE
        self.answers: Protection | None = None
        self.max_pdu = 0
        self.server_max_pdu = 0
        self.granted = Conformance(0)
        self.general_blocks = False
        """Whether requests too long for the server go by general block transfer."""
        self.flags = 0xC0
        """The upper half of invoke-id-and-priority: 40 confirmed, 80 high priority."""
        self.arrived = b""
        """The last APDU that came, as it came."""
        self.notices: list[Apdu] = []
        """What the server sent on its own while an answer was awaited."""
        self._opened: Opened | None = None
        self._invoke = 0

    @property
    def opened(self) -> Opened:
        """What the last APDU was without its protection, and what that was."""
        return self._opened or Opened(self.arrived)

    def reset(self, confirmed: bool, high_priority: bool) -> None:
        """Go back to what holds outside of an association."""
        self.protection, self.answers = NONE, None
        self.max_pdu = self.server_max_pdu = 0
        self.granted, self.general_blocks = Conformance(0), False
        self.flags = 0x40 * confirmed | 0x80 * high_priority

    def grant(self, granted: Conformance, server_max_pdu: int) -> None:
        """Take what the server granted: the services, and how long a request may be."""
        self.granted, self.server_max_pdu = granted, server_max_pdu
        self.general_blocks = server_max_pdu > 0 and bool(
            granted & Conformance.GENERAL_BLOCK_TRANSFER)

    def next_invoke(self) -> int:
        """Return the invoke-id-and-priority of the next request; ids go from 1 to 15 and around."""
        self._invoke = invoke = self._invoke % 15 + 1
        return self.flags | invoke

    def ask(self, request: bytes) -> Exchange[Apdu]:
        """Send ``request`` under the protection of the association, return what answers it."""
        sent = self.protect(request)
        arrived = (yield from self.in_blocks(sent)) if self.general_blocks else (yield sent)
        return decode((yield from self.answer_in(self.open(arrived))))

    def answer_in(self, octets: bytes) -> Exchange[bytes]:
        """Return the APDU that answers: ``octets``, or what comes behind what is no answer."""
        seen = 0
        while octets[:1] in _BETWEEN:
            if octets[:1] == _BLOCK:
                octets = self.open((yield from self._joined(octets)), joined=True)
                continue
            if seen == self.caps.notices:
                raise RemoteProtocolError(0, f"an answer after {seen} notifications", "one more")
            seen += 1
            self.notices.append(decode(octets))
            octets = self.open((yield b""))
        self.check(octets)
        return octets

    def check(self, octets: bytes) -> None:
        """Raise RemoteProtocolError if an answer came under less protection than it must have."""
        wanted = self.protection
        if wanted is not NONE and wanted.applied and octets[:1] not in _REFUSALS:
            check_protection(self.opened, self.answers or wanted)

    def protect(self, request: bytes) -> bytes:
        """Return ``request`` under the protection of the association.

        A service that has no tag of its own under a key, ACCESS, goes in the general form.
        """
        protection = self.protection
        if protection is NONE or not protection.applied:
            return request
        if protection.envelope is _BY_SERVICE and request[0] not in GLOBAL:
            protection = protection._replace(envelope=Envelope.GENERAL)
        return self.secured().protect(request, protection)

    def open(self, octets: bytes, *, joined: bool = False) -> bytes:
        """Return the APDU in ``octets``, which may not be longer than the client allows.

        Unless it was ``joined`` from blocks, each of which was opened here.
        """
        if self.max_pdu > 0 and len(octets) > self.max_pdu and not joined:
            raise RemoteProtocolError(self.max_pdu, f"an APDU of at most {self.max_pdu} octets",
                                      f"{len(octets)}")
        self.arrived = octets
        if self.security is None:
            self._opened = None
            return octets
        self._opened = opened = self.security.unprotect(octets)
        return opened.apdu

    def in_blocks(self, octets: bytes) -> Exchange[bytes]:
        """Send an APDU, in blocks where the server does not take it whole; return its answer."""
        if len(octets) <= self.server_max_pdu:
            return (yield octets)
        limits = self.caps.general_blocks
        room = self.server_max_pdu - _HEAD
        if room < 1:
            raise LocalProtocolError(f"no block fits into {self.server_max_pdu} octets")
        side = Side(replace(limits, block_octets=min(limits.block_octets, room)), begins=True)
        return (yield from self._exchange(side, side.send(octets)))

    def _joined(self, octets: bytes) -> Exchange[bytes]:
        """Return the APDU that comes in blocks of which ``octets`` are the first."""
        side = Side(self.caps.general_blocks, begins=True)
        return (yield from self._exchange(side, side.receive(_block(octets))))

    def _exchange(self, side: Side, blocks: list[GeneralBlock]) -> Exchange[bytes]:
        while side.state not in _ENDED:
            for block in blocks[:-1]:
                yield Streamed(block.encode())
            arrived = self.open((yield blocks[-1].encode() if blocks else b""))
            if arrived[:1] != _BLOCK:
                return arrived
            blocks = side.receive(_block(arrived))
        for block in blocks:
            yield Streamed(block.encode())
        if side.message is None:
            raise RemoteProtocolError(0, "general block transfer to its end", side.failure)
        return side.message

    def secured(self) -> Security:
        """Return the security; LocalProtocolError where there is none."""
        if self.security is None:
            raise LocalProtocolError("protection needs keys, and none are given")
        return self.security


def _block(octets: bytes) -> GeneralBlock:
    block = decode(octets)
    assert isinstance(block, GeneralBlock)  # by its tag
    return block


def check_protection(opened: Opened, expected: Protection) -> None:
    """Raise RemoteProtocolError if an APDU had less protection than expected."""
    found = opened.protection
    if (found.authenticated < expected.authenticated or found.encrypted < expected.encrypted):
        raise RemoteProtocolError(0, f"an answer under {expected.text}", found.text)


def moved(wrong: RemoteProtocolError, offset: int) -> RemoteProtocolError:
    """Return an error in a part of an APDU as one of the whole, in which it lies at ``offset``."""
    if isinstance(wrong, SecurityError):
        return SecurityError(wrong.flaw, wrong.offset + offset, wrong.expected, wrong.found)
    return RemoteProtocolError(wrong.offset + offset, wrong.expected, wrong.found)
