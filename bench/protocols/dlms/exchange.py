"""One request and its answer, as a client of DLMS makes them.

An exchange is a generator: it yields the octets of the next APDU to send, is sent those of the
APDU that came, and returns what the service gave. Where it yields no octets, nothing is to be sent
and the next APDU awaited. Time-outs are the caller's affair: an exchange can be left at any point
and the next one begun.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.dlms.apdu import Apdu, decode
from bench.protocols.dlms.security.protection import NONE, Opened, Protection, SecurityError
from bench.protocols.dlms.security.securing import Security

T = TypeVar("T")
Exchange = Generator[bytes, bytes, T]

_NOTICES = frozenset((0x0F, 0x18, 0xC2))  # data notification, information report, event
_REFUSALS = frozenset((0x0E, 0xD8))  # confirmed service error, exception response


@dataclass(frozen=True, slots=True)
class Caps:
    """What a client takes at most; the numbers are our choice."""

    octets: int = 1 << 24  # of an answer in blocks
    blocks: int = 1 << 16
    notices: int = 1_000  # while an answer is awaited


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
        self.flags = 0xC0
        """The upper half of invoke-id-and-priority: 40 confirmed, 80 high priority."""
        self.opened = Opened(b"")
        """The last APDU that came, as it was protected."""
        self.notices: list[Apdu] = []
        """What the server sent on its own while an answer was awaited."""
        self._invoke = 0

    def reset(self, confirmed: bool, high_priority: bool) -> None:
        """Go back to what holds outside of an association."""
        self.protection, self.answers = NONE, None
        self.max_pdu = self.server_max_pdu = 0
        self.flags = 0x40 * confirmed | 0x80 * high_priority

    def next_invoke(self) -> int:
        """Return the invoke-id-and-priority of the next request; ids go from 1 to 15 and around."""
        self._invoke = self._invoke % 15 + 1
        return self.flags | self._invoke

    def ask(self, request: bytes) -> Exchange[Apdu]:
        """Send ``request`` under the protection of the association, return what answers it."""
        octets = self.open((yield self.protect(request)))
        for _ in range(self.caps.notices):
            if octets[:1] and octets[0] in _NOTICES:
                self.notices.append(decode(octets))
                octets = self.open((yield b""))
            else:
                if self.protection.applied and octets[0] not in _REFUSALS:
                    check_protection(self.opened, self.answers or self.protection)
                return decode(octets)
        raise RemoteProtocolError(0, f"an answer after {self.caps.notices} notifications", "none")

    def protect(self, request: bytes) -> bytes:
        """Return ``request`` under the protection of the association."""
        if not self.protection.applied:
            return request
        return self.secured().protect(request, self.protection)

    def open(self, octets: bytes) -> bytes:
        """Return the APDU in ``octets``, which may not be longer than the client allows."""
        if len(octets) > self.max_pdu > 0:
            raise RemoteProtocolError(self.max_pdu, f"an APDU of at most {self.max_pdu} octets",
                                      f"{len(octets)}")
        if self.security is None:
            self.opened = Opened(octets)
            return octets
        self.opened = opened = self.security.unprotect(octets)
        return opened.apdu

    def secured(self) -> Security:
        """Return the security; LocalProtocolError where there is none."""
        if self.security is None:
            raise LocalProtocolError("protection needs keys, and none are given")
        return self.security


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
