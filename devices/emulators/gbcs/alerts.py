"""Writes alerts: the code, its time, and for some codes their content, in the form of the kind.

Type 1 has code and time only, type 2 carries content (R-NEW-06). Critical alerts are signed and
have no MAC, the others the other way round (R-SEC-01).
"""

from __future__ import annotations

from dataclasses import replace

from bench.protocols.gbcs import protection
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.kind import AlertForm


class Announcer:
    """The alerts of one device; ``counter`` is its own originator counter."""

    def __init__(self, eui64: bytes, form: AlertForm, faults: Faults = NONE) -> None:
        self.counter = 0
        self._eui64 = eui64
        self._form = form
        self._faults = faults

    def next_counter(self) -> int:
        """Return the next originator counter of the device."""
        if not ("alert-counter-repeats" in self._faults and self.counter):
            self.counter += 1
        return self.counter

    def alert(self, code: int, now: float, recipient: bytes, content: object,
              keys: KeyStore) -> bytes:
        """Return the alert of ``code`` to ``recipient``, protected with ``keys``."""
        counter = self.next_counter()
        told = code ^ 1 if "alert-code-wrong" in self._faults else code
        payload = self._form.payload(told, now, counter, content)
        return self._protected(Message(Cra.ALERT, counter, self._eui64, recipient,
                                       self._form.message_code(code), payload), keys)

    def notice(self, message_code: int, payload: bytes, recipient: bytes, keys: KeyStore) -> bytes:
        """Return the alert ``message_code`` with a payload of its own kind."""
        return self._protected(Message(Cra.ALERT, self.next_counter(), self._eui64, recipient,
                                       message_code, payload), keys)

    def _protected(self, message: Message, keys: KeyStore) -> bytes:
        protected = protection.protect(message, keys)
        if "alert-unsigned" in self._faults:
            protected = replace(protected, signature=b"")
        return protected.encode()
