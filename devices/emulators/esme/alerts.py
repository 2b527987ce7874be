"""Writes alerts: data notifications of the code, its time, and for some codes their content.

Type 1 has code and time only, type 2 carries content (R-NEW-06). Critical alerts are signed and
have no MAC, the others the other way round (R-SEC-01).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bench.protocols.cosem.access import DataNotification
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.gbcs import protection
from bench.protocols.gbcs.commands import INVOKE_FLAGS
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message
from devices.emulators.esme import events, instants
from devices.emulators.esme.faults import NONE, Faults


class Announcer:
    """The alerts of one meter; ``counter`` is its own originator counter."""

    def __init__(self, eui64: bytes, faults: Faults = NONE) -> None:
        self.counter = 0
        self._eui64 = eui64
        self._faults = faults

    def next_counter(self) -> int:
        """Return the next originator counter of the meter."""
        if not ("alert-counter-repeats" in self._faults and self.counter):
            self.counter += 1
        return self.counter

    def alert(self, code: int, now: float, recipient: bytes, content: Sequence[Data],
              keys: KeyStore) -> bytes:
        """Return the alert of ``code`` to ``recipient``, protected with ``keys``."""
        generic = (events.GENERIC_CRITICAL if events.is_critical(code)
                   else events.GENERIC_NON_CRITICAL)
        counter = self.next_counter()
        stamp = Data(Tag.OCTET_STRING, instants.octets(now))
        told = code ^ 1 if "alert-code-wrong" in self._faults else code
        body = Data(Tag.STRUCTURE, (Data(Tag.LONG_UNSIGNED, told), stamp, *content))
        payload = DataNotification(INVOKE_FLAGS | counter & 0xFFFFFF, b"", body).encode()
        return self._protected(Message(Cra.ALERT, counter, self._eui64, recipient,
                                       events.ALERT_MESSAGES.get(code, generic), payload), keys)

    def notice(self, message_code: int, payload: bytes, recipient: bytes, keys: KeyStore) -> bytes:
        """Return the alert ``message_code`` with a payload of its own kind."""
        return self._protected(Message(Cra.ALERT, self.next_counter(), self._eui64, recipient,
                                       message_code, payload), keys)

    def _protected(self, message: Message, keys: KeyStore) -> bytes:
        protected = protection.protect(message, keys)
        if "alert-unsigned" in self._faults:
            protected = replace(protected, signature=b"")
        return protected.encode()
