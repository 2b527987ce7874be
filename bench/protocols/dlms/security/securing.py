"""Protecting APDUs and taking the protection off, one object for each side of an association.

Client and server use the same :class:`Security`; it joins the keys, the counters and what a
receiver puts up with. Forms by service tag, and general-glo and general-ded, are here (IEC
62056-5-3, ciphered APDUs); general-ciphering and general-signing in :mod:`.general_securing`.
Compression is recognised and refused. Whether a protection is enough for its service is not asked
here: that is the security policy of a server.
"""

from __future__ import annotations

import secrets
from functools import partial

from bench.errors import LocalProtocolError
from bench.protocols.dlms.security import general_securing
from bench.protocols.dlms.security.content import (
    Line,
    check_control,
    line_of,
    opened_content,
    symmetric_key,
)
from bench.protocols.dlms.security.counters import STRICT, Counters, Key, ReplayPolicy
from bench.protocols.dlms.security.general import read_last, read_string
from bench.protocols.dlms.security.general_securing import Random
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import (
    KEY_SET,
    Envelope,
    Flaw,
    Header,
    Opened,
    Protection,
    SecurityError,
)
from bench.protocols.dlms.security.sending import Way, way_out
from bench.protocols.dlms.security.suites import TITLE_OCTETS
from bench.protocols.dlms.security.tags import FORMS, Form


class Security:
    """Protects what one side sends and opens what it receives.

    ``counters`` belong to the caller, who keeps them beyond the association. ``replay`` says which
    arriving counters are taken. ``random`` gives the octets of fresh keys and transaction ids.
    """

    def __init__(self, keys: Keys, counters: Counters | None = None, *,
                 replay: ReplayPolicy = STRICT, random: Random = secrets.token_bytes) -> None:
        self.counters = Counters() if counters is None else counters
        self.replay = replay
        self.random = random
        self.keys = keys

    @property
    def keys(self) -> Keys:
        """The keys in use; others can be put in their place at any time."""
        return self._keys

    @keys.setter
    def keys(self, keys: Keys) -> None:
        self._keys = keys
        self._sending: dict[Protection, Way] = {}
        self._receiving: dict[tuple[int, int], Line] = {}  # by tag and control octet

    def learn(self, *, peer_title: bytes | None = None, dedicated: bytes | None = None) -> None:
        """Take the peer's system title, or a dedicated key (its counters start again)."""
        if peer_title is not None:
            self.keys = self._keys.with_peer_title(peer_title)
        if dedicated is not None:
            self.keys = self._keys.with_dedicated(dedicated)
            self.counters.renew(Key.DEDICATED)

    def protect(self, apdu: bytes, protection: Protection, *, counter: int | None = None,
                header: Header | None = None) -> bytes:
        """Return ``apdu`` protected as asked; ``counter`` takes the place of the next one.

        ``header`` is for general-ciphering and general-signing; without it, a transaction id is
        drawn. LocalProtocolError where a key is missing or the service has no such form.
        """
        way = self._sending.get(protection)
        if way is None:
            if not protection.applied:
                return apdu
            if protection.envelope in _WITH_HEADER:
                return self._general(apdu, protection, counter, header)
            way = self._sending[protection] = way_out(self._keys, protection,
                                                       self.counters.sending)
        return way(apdu, counter)

    def unprotect(self, octets: bytes) -> Opened:
        """Return what is in the outermost protection, or ``octets`` where there is none.

        SecurityError if it is not to be taken: no counter is then remembered.
        """
        form = FORMS.get(octets[0]) if octets else None
        if form is None:
            return Opened(octets)
        if form.envelope is _SIGNING:
            return general_securing.verify(self._keys, octets)
        if form.envelope is _CIPHERING:
            opened, offset = general_securing.decipher(self._keys, octets)
        else:
            opened, offset = self._open(octets, form)
        self._take_counter(opened, offset)
        return opened

    def _open(self, octets: bytes, form: Form) -> tuple[Opened, int]:
        title, offset = self._keys.peer_title, 1
        if form.envelope is _GENERAL:
            title, offset = self._sender(octets)
        elif not title:
            raise SecurityError(Flaw.TITLE, 0, "a sender whose system title is known", "none")
        if offset == 1 and len(octets) > 2 and octets[1] == len(octets) - 2 < 0x80:
            start = 2  # the most frequent form, short
        else:
            start = read_last(octets, offset, "ciphered content")[1]
            if start == len(octets):
                raise SecurityError(Flaw.FORM, start, "a security header", "the end")
        control = octets[start]
        line = self._receiving.get((octets[0], control))
        if line is None:
            line = self._receiving_line(form, control, start)
            self._receiving[octets[0], control] = line
        apdu, counter = opened_content(line, title, octets, start)
        if form.plain is not None and apdu[:1] != form.plain:
            raise SecurityError(Flaw.FORM, start + 5,
                                f"an APDU with tag {form.plain.hex().upper()}",
                                apdu[:1].hex().upper() or "none")
        return _opened((apdu, line.protection, counter, title, None)), start + 1

    def _sender(self, octets: bytes) -> tuple[bytes, int]:
        title, offset = read_string(octets, 1, "system title")
        known = self._keys.peer_title
        if not title and known:  # left out where both sides know it
            return known, offset
        if len(title) != TITLE_OCTETS or known not in (b"", title):
            raise SecurityError(Flaw.TITLE, 2, known.hex().upper() or "a system title of 8 octets",
                                title.hex().upper() or "none")
        return title, offset

    def _take_counter(self, opened: Opened, offset: int) -> None:
        key, counter = opened.protection.key, opened.counter
        assert counter is not None
        seen = self.counters.seen
        last = seen.get(key)
        if last is not None:
            complaint = self.replay.complaint(counter, last)
            if complaint:
                raise SecurityError(Flaw.COUNTER, offset, complaint, f"{counter}")
            if counter < last:
                return
        seen[key] = counter

    def _receiving_line(self, form: Form, control: int, offset: int) -> Line:
        authenticated, encrypted = check_control(control, self._keys.suite, offset)
        name = Key.DEDICATED if form.dedicated else Key.UNICAST
        if control & KEY_SET:
            if form.dedicated:
                raise SecurityError(Flaw.KEY_SET, offset, "the key set of the dedicated key",
                                    f"{control:02X}")
            name = Key.BROADCAST
        key = symmetric_key(self._keys, name)
        if key is None:
            raise SecurityError(Flaw.KEY, offset, f"a {name} key, which is not held",
                                f"{control:02X}")
        return line_of(self._keys, Protection(authenticated, encrypted, name, form.envelope), key)

    def _general(self, apdu: bytes, protection: Protection, counter: int | None,
                 header: Header | None) -> bytes:
        keys = self._keys
        header = header or Header(self.random(8), keys.own_title, keys.peer_title)
        if protection.envelope is _SIGNING:
            return general_securing.sign(keys, header, apdu)
        if protection.key is Key.DEDICATED:
            raise LocalProtocolError("general-ciphering has no dedicated key")
        if counter is None:
            counter = self.counters.take(protection.key)
        return general_securing.cipher(
            general_securing.Message(keys, header, self.random), protection, counter, apdu)


_GENERAL, _CIPHERING, _SIGNING = (  # in Python 3.11 a call each time
    Envelope.GENERAL, Envelope.CIPHERING, Envelope.SIGNING)
_opened = partial(tuple.__new__, Opened)  # a quarter of the time of the class
_WITH_HEADER = (_CIPHERING, _SIGNING)
