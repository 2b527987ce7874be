"""Ciphered and signed APDUs for people: the header, then what is inside, if a key opens it.

A tag that no key verifies is an error at the tag's octet. Counters are told and not judged. No key
and nothing of a key is ever told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.cosem.classes import forms
from bench.protocols.dlms.explain.cursor import Cursor
from bench.protocols.dlms.explain.memory import Memory
from bench.protocols.dlms.explain.tree import Part
from bench.protocols.dlms.security.counters import ReplayPolicy
from bench.protocols.dlms.security.general import read_key_info
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import (
    AUTHENTICATION,
    COMPRESSION,
    ENCRYPTION,
    KEY_SET,
    Envelope,
    Flaw,
    Opened,
    SecurityError,
)
from bench.protocols.dlms.security.securing import Security
from bench.protocols.dlms.security.suites import TAG_OCTETS
from bench.protocols.dlms.security.tags import FORMS, GENERAL_GLO

_ANY_COUNTER = ReplayPolicy(repeated=True, lower=True)
_PLAIN_NAMES = {
    0x01: "initiate-request", 0x05: "read-request", 0x06: "write-request",
    0x08: "initiate-response", 0x0C: "read-response", 0x0D: "write-response",
    0x0E: "confirmed-service-error", 0x16: "unconfirmed-write-request",
    0x18: "information-report-request", 0xC0: "get-request", 0xC1: "set-request",
    0xC2: "event-notification-request", 0xC3: "action-request", 0xC4: "get-response",
    0xC5: "set-response", 0xC7: "action-response"}
_REQUESTS = frozenset((0x01, 0x05, 0x06, 0x16, 0xC0, 0xC1, 0xC3))
_GENERAL_NAMES = {Envelope.CIPHERING: "general-ciphering", Envelope.SIGNING: "general-signing"}
_KEY_INFO = ("identified key", "wrapped key", "agreed key")


def read_ciphered(cursor: Cursor, memory: Memory, keys: Sequence[Keys]) -> tuple[str, bytes | None]:
    """Read the fields of the APDU at the cursor; return its name, and the APDU that is inside.

    That is ``None`` where no key is held that opens it.
    """
    start = cursor.at
    octets = bytes(cursor.octets[start : cursor.end])
    form = FORMS[octets[0]]
    name = _name(octets[0])
    cursor.number("tag", 1, lambda value: f"{value:02X} {name}")
    _header(cursor, form.envelope)
    if form.envelope is Envelope.SIGNING:
        cursor.string("content", lambda content: f"{len(content)} octets")
        cursor.string("signature")
    else:
        _content(cursor)
    if cursor.left:
        raise RemoteProtocolError(cursor.at, "the end of the APDU", f"{cursor.left} octets more")
    opened = None
    wrong: SecurityError | None = None
    for security in _securities(octets[0], memory, keys):
        try:
            opened = security.unprotect(octets)
            break
        except SecurityError as refused:
            wrong = refused if wrong is None or refused.flaw is Flaw.TAG else wrong
        except LocalProtocolError:
            continue
    if opened is None:
        _refused(cursor, start, wrong)
        return name, None
    return f"{name}, {_counter_text(opened)}", opened.apdu


def _name(tag: int) -> str:
    form = FORMS[tag]
    which = "ded" if form.dedicated else "glo"
    if form.plain is not None:
        return f"{which}-{_PLAIN_NAMES[form.plain[0]]}"
    if form.envelope is Envelope.GENERAL:
        return "general-glo-ciphering" if tag == GENERAL_GLO else "general-ded-ciphering"
    return _GENERAL_NAMES[form.envelope]


def _counter_text(opened: Opened) -> str:
    return "signed" if opened.counter is None else f"counter {opened.counter}"


def _header(cursor: Cursor, envelope: Envelope) -> None:
    if envelope is Envelope.GENERAL:
        cursor.string("system-title", lambda title: forms.text("system-title", title))
    if envelope in _GENERAL_NAMES:
        cursor.string("transaction-id")
        for name in ("originator-system-title", "recipient-system-title"):
            cursor.string(name, lambda title: forms.text("system-title", title))
        cursor.string("date-time", lambda when: forms.text("date-time", when))
        cursor.string("other-information")
    if envelope is Envelope.CIPHERING:
        info, end = read_key_info(bytes(cursor.octets[: cursor.end]), cursor.at)
        said = "none" if info is None else f"{_KEY_INFO[info.source]} {info.identity}"
        cursor.add(Part(cursor.at, end - cursor.at, "key-info", said))


def _content(cursor: Cursor) -> None:
    with cursor.group("ciphered content") as said:
        at = cursor.at
        length = cursor.length()
        cursor.parts.append(Part(at, cursor.at - at, "length", f"{length}"))
        said[0] = f"{length} octets"
        if length != cursor.left:
            raise RemoteProtocolError(at, f"a length of {cursor.left}, what follows", f"{length}")
        control = cursor.number("security-control", 1, _control_text)
        cursor.number("invocation-counter", 4)
        tag = TAG_OCTETS if control & AUTHENTICATION else 0
        text = max(0, cursor.left - tag)
        cursor.raw("ciphertext" if control & ENCRYPTION else "text", text,
                   lambda octets: f"{len(octets)} octets")
        if tag:
            cursor.raw("authentication-tag", tag)


def _control_text(octet: int) -> str:
    kinds = [word for bit, word in ((AUTHENTICATION, "authenticated"), (ENCRYPTION, "encrypted"),
                                    (COMPRESSION, "compressed")) if octet & bit]
    return (f"{octet:02X} suite {octet & 0x0F}, {' and '.join(kinds) or 'no protection'}, "
            f"{'broadcast' if octet & KEY_SET else 'unicast'} key")


def _securities(tag: int, memory: Memory, keys: Sequence[Keys]) -> Iterator[Security]:
    """Yield what may open an APDU, as its receiver, with the titles and keys that were learnt."""
    plain = FORMS[tag].plain
    for held in keys:
        client = replace(
            held, own_title=memory.client_title or held.own_title,
            peer_title=memory.server_title or held.peer_title)
        if memory.dedicated is not None and len(memory.dedicated) in (16, 32):
            with suppress(LocalProtocolError):  # of another suite's length
                client = client.with_dedicated(memory.dedicated)
        from_client = plain is not None and plain[0] in _REQUESTS
        if plain is None or not from_client:
            yield Security(client, replay=_ANY_COUNTER)
        if plain is None or from_client:
            yield Security(_mirrored(client), replay=_ANY_COUNTER)


def _mirrored(client: Keys) -> Keys:
    """Return the keys as the server sees them; the bench's public keys are those of its own."""
    return replace(
        client, own_title=client.peer_title, peer_title=client.own_title, signing=None,
        agreement=None, peer_signing=client.signing.public_key() if client.signing else None,
        peer_agreement=client.agreement.public_key() if client.agreement else None)


def _refused(cursor: Cursor, start: int, wrong: SecurityError | None) -> None:
    if wrong is None or wrong.flaw in (Flaw.KEY, Flaw.TITLE, Flaw.SUITE):
        said = "no key is held for it" if wrong is None else f"not opened: {wrong.expected}"
        cursor.parts.append(Part(cursor.at, 0, "content", said))
        return
    cursor.parts.append(Part(
        start + wrong.offset, 0, "content", "not opened",
        error=f"expected {wrong.expected}, found {wrong.found}"))
