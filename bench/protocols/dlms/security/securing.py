"""Protecting APDUs and taking the protection off, one object for each side of an association.

Client and server use the same :class:`Security`; it joins the keys, the counters and what a
receiver puts up with. Forms by service tag and general forms: IEC 62056-5-3, ciphered APDUs.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from bench.protocols.dlms.security.counters import STRICT, Counters, ReplayPolicy
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import Header, Opened, Protection

Random = Callable[[int], bytes]
"""From a number to as many octets."""


class Security:
    """Protects what one side sends and opens what it receives.

    ``counters`` belong to the caller, who keeps them beyond the association. ``replay`` says which
    arriving counters are taken. ``random`` gives the octets of fresh keys and transaction ids.
    """

    def __init__(self, keys: Keys, counters: Counters | None = None, *,
                 replay: ReplayPolicy = STRICT, random: Random = secrets.token_bytes) -> None:
        self.keys = keys
        self.counters = counters or Counters()
        self.replay = replay
        self.random = random

    def learn(self, *, peer_title: bytes | None = None, dedicated: bytes | None = None) -> None:
        """Take the peer's system title, or a dedicated key (its counters start again)."""
        raise NotImplementedError

    def protect(self, apdu: bytes, protection: Protection, *, counter: int | None = None,
                header: Header | None = None) -> bytes:
        """Return ``apdu`` protected as asked; ``counter`` takes the place of the next one.

        ``header`` is for general-ciphering and general-signing; without it, a transaction id is
        drawn. LocalProtocolError where a key is missing or the service has no such form.
        """
        raise NotImplementedError

    def unprotect(self, octets: bytes) -> Opened:
        """Return what is in the outermost protection, or ``octets`` where there is none.

        SecurityError if it is not to be taken: no counter is then remembered.
        """
        raise NotImplementedError
