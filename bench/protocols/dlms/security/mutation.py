"""Wrongly protected APDUs, made on purpose: each changes one thing in one way.

A *raw* mutation changes a rightly protected APDU: field by field, lengths mended unless the length
is what is wrong. A *resealed* one is whole: its tag is made with its flaw in it, as somebody
with keys would. ``flaws`` are those that a receiver may refuse it by; none where protection itself
is right, and only a security policy or nobody refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from bench.errors import LocalProtocolError
from bench.protocols.dlms.security import general
from bench.protocols.dlms.security.content import HEADER_OCTETS
from bench.protocols.dlms.security.counters import HIGHEST, Counters, Key
from bench.protocols.dlms.security.general import KeyInfo, header_octets, octet_string
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import (
    AUTHENTICATION,
    COMPRESSION,
    ENCRYPTION,
    KEY_SET,
    Envelope,
    Flaw,
    Header,
    Protection,
)
from bench.protocols.dlms.security.securing import Security
from bench.protocols.dlms.security.tags import FORMS, GENERAL_DED, GENERAL_GLO
from bench.protocols.short_tag import TAG_OCTETS

STRANGER = bytes.fromhex("58585800000000FF")
"""A system title that nobody has: XXX and a number."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One named way to protect an APDU wrongly."""

    name: str
    field: str
    resealed: bool
    flaws: frozenset[Flaw]


class Parts(NamedTuple):
    """A protected APDU, taken apart; lengths are made again by :meth:`encode`."""

    tag: int
    title: bytes = b""  # general-glo and general-ded
    header: Header | None = None  # general-ciphering and general-signing
    key_info: KeyInfo | None = None
    control: int = 0
    invocation: bytes = b""
    text: bytes = b""  # that of general-signing is the APDU itself
    seal: bytes = b""  # the tag of the text, or the signature

    def encode(self) -> bytes:
        """Return the octets on the wire."""
        head = bytes((self.tag,))
        if self.tag in (GENERAL_GLO, GENERAL_DED):
            head += octet_string(self.title)
        if self.header is not None:
            head += header_octets(self.header)
        if FORMS[self.tag].envelope is Envelope.SIGNING:
            return head + octet_string(self.text) + octet_string(self.seal)
        if self.header is not None:
            head += general.key_info_octets(self.key_info)
        content = bytes((self.control,)) + self.invocation + self.text + self.seal
        return head + octet_string(content)


def parts_of(octets: bytes) -> Parts:
    """Take a rightly protected APDU apart; SecurityError if its form is wrong."""
    form, tag = FORMS[octets[0]], octets[0]
    title, header, info, offset = b"", None, None, 1
    if form.envelope is Envelope.GENERAL:
        title, offset = general.read_string(octets, 1, "system title")
    elif form.envelope is not Envelope.SERVICE:
        header, offset = general.read_header(octets)
    if form.envelope is Envelope.SIGNING:
        text, offset = general.read_string(octets, offset, "content")
        return Parts(tag, header=header, text=text,
                     seal=general.read_last(octets, offset, "signature")[0])
    if form.envelope is Envelope.CIPHERING:
        info, offset = general.read_key_info(octets, offset)
    content, _ = general.read_last(octets, offset, "ciphered content")
    end = len(content) - (TAG_OCTETS if content[0] & AUTHENTICATION else 0)
    return Parts(tag, title, header, info, content[0], content[1:HEADER_OCTETS],
                 content[HEADER_OCTETS:end], content[end:])


_Change = Callable[[Parts], Parts]
_Octets = Callable[[bytes], bytes]
_Way = Callable[[Security, bytes, Protection, Header | None], bytes]


def flip(octets: bytes) -> bytes:
    """Return ``octets`` with the lowest bit of the last one changed."""
    return octets[:-1] + bytes((octets[-1] ^ 1,)) if octets else octets


def _part(field: str, change: _Octets) -> _Change:
    def changed(parts: Parts) -> Parts:
        fields: dict[str, Any] = {field: change(getattr(parts, field))}
        return parts._replace(**fields)

    return changed


def _in_header(field: str, change: _Octets) -> _Change:
    def changed(parts: Parts) -> Parts:
        if parts.header is None:
            return parts
        fields: dict[str, Any] = {field: change(getattr(parts.header, field))}
        return parts._replace(header=parts.header._replace(**fields))

    return changed


def _control(change: Callable[[int], int]) -> _Change:
    return lambda parts: parts._replace(control=change(parts.control)) if parts.control else parts


def _key_info(change: Callable[[KeyInfo], KeyInfo]) -> _Change:
    return lambda parts: parts if parts.key_info is None else parts._replace(
        key_info=change(parts.key_info))


def _other_tag(parts: Parts) -> Parts:
    """Return it as if another service were inside, under the same kind of key."""
    form = FORMS[parts.tag]
    if form.plain is None:
        return parts
    other = next(tag for tag, each in FORMS.items()
                 if each.plain and each.dedicated == form.dedicated and tag != parts.tag)
    return parts._replace(tag=other)


def _other_kind(parts: Parts) -> Parts:
    """Return it as if under the dedicated key instead of a global one, or the reverse."""
    form = FORMS[parts.tag]
    other = next((tag for tag, each in FORMS.items()
                  if (each.envelope, each.plain) == (form.envelope, form.plain)
                  and each.dedicated != form.dedicated), parts.tag)
    return parts._replace(tag=other)


_F = Flaw
_SEALED = (_F.TAG, _F.SIGNATURE)

# name -> field, change, flaws
_RAW: Mapping[str, tuple[str, _Change, tuple[Flaw, ...]]] = {
    "tag-flipped": ("seal", _part("seal", flip), _SEALED),
    "tag-zeroed": ("seal", _part("seal", lambda seal: bytes(len(seal))), _SEALED),
    "tag-truncated": ("seal", _part("seal", lambda seal: seal[:-1]), (*_SEALED, _F.FORM)),
    "tag-extended": ("seal", _part("seal", lambda seal: seal + bytes(seal[:1])), _SEALED),
    "tag-absent": ("seal", _part("seal", lambda _: b""), (*_SEALED, _F.FORM)),
    "text-flipped": ("text", _part("text", flip), _SEALED),
    "text-truncated": ("text", _part("text", lambda text: text[:-1]), _SEALED),
    "text-extended": ("text", _part("text", lambda text: text + b"\0"), _SEALED),
    "text-absent": ("text", _part("text", lambda _: b""), _SEALED),
    "counter-altered": ("invocation", _part("invocation", flip), (_F.TAG,)),
    "control-unprotected": ("control", _control(
        lambda control: control & ~(AUTHENTICATION | ENCRYPTION)), (_F.CONTROL,)),
    "control-encryption-other": ("control", _control(
        lambda control: control ^ ENCRYPTION), (_F.TAG, _F.CONTROL)),
    "control-compressed": ("control", _control(
        lambda control: control | COMPRESSION), (_F.COMPRESSION,)),
    "control-suite-other": ("control", _control(
        lambda control: control & 0xF0 | ((control & 0x0F) + 1) % 3), (_F.SUITE,)),
    "control-suite-reserved": ("control", _control(lambda control: control | 0x0F), (_F.SUITE,)),
    "control-key-set-other": ("control", _control(
        lambda control: control ^ KEY_SET), (_F.KEY_SET, _F.KEY, _F.TAG)),
    "service-other": ("tag", _other_tag, (_F.FORM,)),
    "key-kind-other": ("tag", _other_kind, (_F.TAG, _F.KEY, _F.KEY_SET, _F.FORM)),
    "title-altered": ("title", _part("title", flip), (_F.TITLE, _F.TAG)),
    "title-truncated": ("title", _part("title", lambda title: title[:-1]), (_F.TITLE,)),
    "originator-altered": ("header", _in_header("originator", flip), (_F.TITLE, *_SEALED)),
    "recipient-altered": ("header", _in_header("recipient", flip), (_F.TITLE,)),
    "transaction-id-altered": ("header", _in_header("transaction_id", flip), _SEALED),
    "date-time-added": ("header", _in_header(
        "date_time", lambda octets: b"" if octets else bytes(12)), _SEALED),
    "other-information-added": ("header", _in_header(
        "other_information", lambda octets: octets + b"\0"), _SEALED),
    "key-id-unknown": ("key_info", _key_info(lambda info: info._replace(identity=0x7F)),
                       (_F.KEY,)),
    "key-data-altered": ("key_info", _key_info(lambda info: info._replace(
        data=flip(info.data))), (_F.KEY, _F.SIGNATURE)),
    "key-data-truncated": ("key_info", _key_info(lambda info: info._replace(
        data=info.data[:-1])), (_F.KEY, _F.SIGNATURE)),
}

# name -> change of all octets; lengths stay as they were
_WHOLE: Mapping[str, tuple[_Octets, tuple[Flaw, ...]]] = {
    "octets-truncated": (lambda octets: octets[:-1], (_F.FORM,)),
    "octets-extended": (lambda octets: octets + b"\0", (_F.FORM,)),
    "octets-tag-only": (lambda octets: octets[:1], (_F.FORM,)),
    "length-shorter": (lambda octets: _with_length(octets, -1), (_F.FORM,)),
    "length-longer": (lambda octets: _with_length(octets, 1), (_F.FORM,)),
}


def _with_length(octets: bytes, difference: int) -> bytes:
    """Return ``octets`` with the length of its last field changed."""
    parts = parts_of(octets)
    last = len(parts.seal)
    if FORMS[parts.tag].envelope is not Envelope.SIGNING:
        last += HEADER_OCTETS + len(parts.text)
    at = len(octets) - last - 1  # the lowest octet of the length
    return octets[:at] + bytes(((octets[at] + difference) % 256,)) + octets[at + 1 :]


def _under(change: Callable[[Keys, Protection], Keys]) -> _Way:
    """Return the way of a sender whose keys or title are other ones."""
    def protect(security: Security, apdu: bytes, protection: Protection,
                header: Header | None) -> bytes:
        stranger = Security(change(security.keys, protection), security.counters,
                            random=security.random)
        return stranger.protect(apdu, protection, header=header)

    return protect


def _counted(counter: Callable[[Counters, Key], int]) -> _Way:
    return lambda security, apdu, protection, header: security.protect(
        apdu, protection, counter=counter(security.counters, protection.key), header=header)


def _as(**flags: Any) -> _Way:
    return lambda security, apdu, protection, header: security.protect(
        apdu, protection._replace(**flags), header=header)


def _other_key(keys: Keys, protection: Protection) -> Keys:
    names = {Key.UNICAST: "global_unicast", Key.BROADCAST: "global_broadcast",
             Key.DEDICATED: "dedicated", Key.WRAPPED: "master"}
    name = names.get(protection.key)
    held = getattr(keys, name) if name else None
    other: dict[str, Any] = {name: flip(held)} if name and held else {}
    return replace(keys, **other)


def _other_authentication_key(keys: Keys, _protection: Protection) -> Keys:
    return replace(keys, authentication=flip(keys.authentication or b"")) \
        if keys.authentication else keys


def _stranger(keys: Keys, _protection: Protection) -> Keys:
    return replace(keys, own_title=STRANGER)


# name -> field, way, flaws
_RESEALED: Mapping[str, tuple[str, _Way, tuple[Flaw, ...]]] = {
    "counter-repeated": ("invocation", _counted(
        lambda counters, key: counters.sending[key] - 1), (_F.COUNTER,)),
    "counter-lower": ("invocation", _counted(
        lambda counters, key: counters.sending[key] - 2), (_F.COUNTER,)),
    "counter-zero": ("invocation", _counted(lambda _counters, _key: 0), (_F.COUNTER,)),
    "counter-far-ahead": ("invocation", _counted(
        lambda counters, key: min(counters.sending[key] + 0x1000_0000, HIGHEST - 1)), ()),
    "counter-highest": ("invocation", _counted(lambda _counters, _key: HIGHEST), ()),
    "key-other": ("key", _under(_other_key), (_F.TAG, _F.KEY)),
    "authentication-key-other": ("key", _under(_other_authentication_key), (_F.TAG,)),
    "title-other": ("title", _under(_stranger), (_F.TITLE, _F.TAG)),
    "protection-absent": ("protection", lambda _security, apdu, _protection, _header: apdu, ()),
    "authentication-absent": ("protection", _as(authenticated=False, encrypted=True), ()),
    "encryption-absent": ("protection", _as(encrypted=False, authenticated=True), ()),
}

MUTATIONS: Mapping[str, Mutation] = {
    mutation.name: mutation for mutation in (
        *(Mutation(name, field, False, frozenset(flaws))
          for name, (field, _, flaws) in _RAW.items()),
        *(Mutation(name, "octets", False, frozenset(flaws))
          for name, (_, flaws) in _WHOLE.items()),
        *(Mutation(name, field, True, frozenset(flaws))
          for name, (field, _, flaws) in _RESEALED.items()))}


def mutate(security: Security, apdu: bytes, protection: Protection, name: str, *,
           header: Header | None = None) -> bytes:
    """Return ``apdu`` protected as asked, but for the flaw ``name``.

    Counters are taken as for any message, except where the counter is the flaw. Two messages must
    have gone out before ``counter-lower``, one before ``counter-repeated`` and ``counter-zero``.
    LocalProtocolError for an unknown name, or where the flaw changes nothing.
    """
    if name not in MUTATIONS:
        raise LocalProtocolError(f"no mutation {name!r}")
    if not applicable(security.keys, protection, name):
        raise LocalProtocolError(f"{name} does not change an APDU with {protection.text}")
    if name in _RESEALED:
        return _RESEALED[name][1](security, apdu, protection, header)
    octets = security.protect(apdu, protection, header=header)
    if name in _WHOLE:
        return _WHOLE[name][0](octets)
    changed = _RAW[name][1](parts_of(octets)).encode()
    if changed == octets:
        raise LocalProtocolError(f"{name} does not change this APDU")
    return changed


def applicable(keys: Keys, protection: Protection, name: str) -> bool:
    """Return whether a message under ``protection`` can have the flaw ``name``.

    Where nothing is authenticated, a changed text or counter cannot be told from another message.
    """
    return _APPLICABLE[MUTATIONS[name].field](keys, protection) and not (
        _EXCEPTIONS.get(name, _never)(keys, protection))


_Condition = Callable[[Keys, Protection], bool]


def _signed(protection: Protection) -> bool:
    return protection.envelope is Envelope.SIGNING


def _never(_keys: Keys, _protection: Protection) -> bool:
    return False


_APPLICABLE: Mapping[str, _Condition] = {
    "seal": lambda _, how: how.authenticated or _signed(how),
    "text": lambda _, how: how.authenticated or _signed(how),
    "invocation": lambda _, how: how.authenticated and not _signed(how),
    "control": lambda _, how: how.applied and not _signed(how),
    "tag": lambda _, how: how.authenticated and how.envelope in (
        Envelope.SERVICE, Envelope.GENERAL),
    "title": lambda _, how: how.authenticated and not _signed(how),
    "header": lambda _, how: _signed(how) or (
        how.authenticated and how.envelope is Envelope.CIPHERING),
    "key_info": lambda _, how: how.envelope is Envelope.CIPHERING,
    "octets": lambda _, how: how.applied,
    "key": lambda _, how: how.authenticated and not _signed(how),
    "protection": lambda _, how: how.applied,
}

_EXCEPTIONS: Mapping[str, _Condition] = {  # where a flaw changes nothing after all
    "service-other": lambda _, how: how.envelope is not Envelope.SERVICE,
    "control-encryption-other": lambda _, how: not how.authenticated,
    "control-key-set-other": lambda _, how: not how.authenticated,
    "title-altered": lambda _, how: how.envelope is not Envelope.GENERAL,
    "title-truncated": lambda _, how: how.envelope is not Envelope.GENERAL,
    "key-data-altered": lambda _, how: how.key not in (Key.WRAPPED, Key.ONE_PASS),
    "key-data-truncated": lambda _, how: how.key not in (Key.WRAPPED, Key.ONE_PASS),
    "key-other": lambda keys, how: _other_key(keys, how) == keys,
    "authentication-key-other": lambda keys, _: not keys.authentication,
    "authentication-absent": lambda _, how: _signed(how) or not how.authenticated,
    "encryption-absent": lambda _, how: _signed(how) or not how.encrypted,
}
