"""What protects an APDU: the choice of the sender, the security control octet, what was opened.

The octet is ``suite`` in bits 0 to 3, then authentication 10, encryption 20, key set 40 (set:
broadcast) and compression 80 (IEC 62056-5-3, security header).
"""

from __future__ import annotations

import enum
from typing import NamedTuple

from bench.errors import RemoteProtocolError
from bench.protocols.dlms.security.counters import Key

AUTHENTICATION, ENCRYPTION, KEY_SET, COMPRESSION = 0x10, 0x20, 0x40, 0x80


class Envelope(enum.StrEnum):
    """Form of a protected APDU."""

    SERVICE = "by service tag"  # glo-get-request, ded-get-request ...
    GENERAL = "general glo or ded"
    CIPHERING = "general-ciphering"
    SIGNING = "general-signing"


class Protection(NamedTuple):
    """How an APDU is to be protected, or was. Neither flag nor signing: it goes as it is."""

    authenticated: bool = False
    encrypted: bool = False
    key: Key = Key.UNICAST
    envelope: Envelope = Envelope.SERVICE

    @property
    def applied(self) -> bool:
        """True where the APDU is changed at all."""
        return self.authenticated or self.encrypted or self.envelope is Envelope.SIGNING

    @property
    def text(self) -> str:
        """Return it in words."""
        if not self.applied:
            return "no protection"
        if self.envelope is Envelope.SIGNING:
            return "signature"
        kinds = (("authentication", self.authenticated), ("encryption", self.encrypted))
        return (" and ".join(word for word, held in kinds if held)
                + f", {self.key} key, {self.envelope}")


NONE = Protection()
AUTHENTICATED = Protection(authenticated=True)
ENCRYPTED = Protection(encrypted=True)
BOTH = Protection(authenticated=True, encrypted=True)
SIGNED = Protection(envelope=Envelope.SIGNING)


class Header(NamedTuple):
    """The fields in front of general-ciphering and general-signing; all octet strings.

    ``transaction_id`` of an answer is that of its request. ``date_time`` is empty or 12 octets.
    """

    transaction_id: bytes
    originator: bytes
    recipient: bytes
    date_time: bytes = b""
    other_information: bytes = b""


class Opened(NamedTuple):
    """An APDU as it was before its outermost protection, and what that was."""

    apdu: bytes
    protection: Protection = NONE
    counter: int | None = None
    title: bytes = b""  # system title of the sender, as the check used it
    header: Header | None = None


class Flaw(enum.StrEnum):
    """Why a protected APDU is refused."""

    FORM = "form"  # octets missing or left over
    SUITE = "suite"
    CONTROL = "control"  # a security control octet that claims no or unfit protection
    COMPRESSION = "compression"
    KEY_SET = "key set"
    KEY = "key"  # no such key is held, or the one sent cannot be unwrapped
    TITLE = "title"
    TAG = "tag"
    COUNTER = "counter"
    SIGNATURE = "signature"


class SecurityError(RemoteProtocolError):
    """A protected APDU is not taken; ``flaw`` says why."""

    def __init__(self, flaw: Flaw, offset: int, expected: str, found: str) -> None:
        super().__init__(offset, expected, found)
        self.flaw = flaw
