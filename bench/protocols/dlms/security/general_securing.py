"""General-ciphering and general-signing with keys: how each side comes to the key of a message.

Identified keys are held; a wrapped key is made for the message and sent under the master key; an
agreed key comes of one-pass Diffie-Hellman C(1e, 1s), whose ephemeral public key is signed, or of
the static unified model C(0e, 2s). Without key-info the global unicast key is used. The five
header fields are part of the additional authenticated data (IEC 62056-5-3).

Our readings, as the Green Book is not held. A signature is over all between tag and signature, as
GBCS has it; one without the length of the content, which other stacks make, is taken as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import LocalProtocolError
from bench.protocols import plain_ecdsa
from bench.protocols.dlms.security import agreement, general, transfer
from bench.protocols.dlms.security.content import (
    Line,
    check_control,
    line_of,
    opened_content,
    sealed_content,
    symmetric_key,
)
from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.general import KeyInfo, Source, header_octets, octet_string
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import (
    KEY_SET,
    SIGNED,
    Envelope,
    Flaw,
    Header,
    Opened,
    Protection,
    SecurityError,
)
from bench.protocols.dlms.security.suites import Suite, suite
from bench.protocols.dlms.security.tags import GENERAL_CIPHERING, GENERAL_SIGNING

Random = Callable[[int], bytes]
"""From a number to as many octets."""

_CIPHERING, _SIGNING = bytes((GENERAL_CIPHERING,)), bytes((GENERAL_SIGNING,))


class Message(NamedTuple):
    """What the key of a message depends on, at either end."""

    keys: Keys
    header: Header
    random: Random


def cipher(message: Message, protection: Protection, counter: int, apdu: bytes) -> bytes:
    """Return ``apdu`` in general-ciphering, under the key that ``protection`` names."""
    keys, header = message.keys, message.header
    key, info = _SENDERS[protection.key](message)
    head = header_octets(header)
    content = sealed_content(line_of(keys, protection, key), header.originator, counter, apdu,
                             head)
    return b"".join((_CIPHERING, head, general.key_info_octets(info), octet_string(content)))


def sign(keys: Keys, header: Header, apdu: bytes) -> bytes:
    """Return ``apdu`` in general-signing."""
    if keys.signing is None:
        raise LocalProtocolError("no private key to sign with")
    signed = header_octets(header) + octet_string(apdu)
    return b"".join((_SIGNING, signed, octet_string(plain_ecdsa.sign(signed, keys.signing))))


class Deciphered(NamedTuple):
    """A general-ciphering APDU, opened; its counter has still to be looked at."""

    opened: Opened
    counter_offset: int


def decipher(keys: Keys, octets: bytes) -> Deciphered:
    """Return what general-ciphering ``octets`` hold; SecurityError if they are not right."""
    header, offset = general.read_header(octets)
    check_parties(keys, header)
    head = octets[1:offset]
    info, offset = general.read_key_info(octets, offset)
    content, start = general.read_last(octets, offset, "ciphered content")
    if not content:
        raise SecurityError(Flaw.FORM, start, "a security header", "the end")
    control = content[0]
    authenticated, encrypted = check_control(control, keys.suite, start)
    key_name, key = _received_key(keys, header, info, offset)
    if bool(control & KEY_SET) != (key_name is Key.BROADCAST):
        raise SecurityError(Flaw.KEY_SET, start, f"the key set of the {key_name} key",
                            f"{control:02X}")
    protection = Protection(authenticated, encrypted, key_name, Envelope.CIPHERING)
    line: Line = line_of(keys, protection, key)
    apdu, counter = opened_content(line, header.originator, octets, start, head)
    return Deciphered(Opened(apdu, protection, counter, header.originator, header), start + 1)


def verify(keys: Keys, octets: bytes) -> Opened:
    """Return what general-signing ``octets`` hold; SecurityError if the signature is wrong."""
    header, offset = general.read_header(octets)
    check_parties(keys, header)
    apdu, end = general.read_string(octets, offset, "content")
    signature, start = general.read_last(octets, end, "signature")
    if keys.peer_signing is None:
        raise SecurityError(Flaw.KEY, start, "a held public key of the signer", "none")
    forms = (octets[1:end], octets[1:offset] + apdu)
    if not any(plain_ecdsa.verify(form, signature, keys.peer_signing) for form in forms):
        raise SecurityError(Flaw.SIGNATURE, start, "the signature of these octets",
                            signature.hex().upper())
    return Opened(apdu, SIGNED, None, header.originator, header)


def check_parties(keys: Keys, header: Header) -> None:
    """Raise SecurityError unless the message is from the peer and to this side."""
    at = 2 + len(header.transaction_id)
    if len(header.originator) != 8 or keys.peer_title not in (b"", header.originator):
        expected = keys.peer_title.hex().upper() or "8 octets"
        raise SecurityError(Flaw.TITLE, at, f"originator {expected}",
                            header.originator.hex().upper())
    if header.recipient not in (b"", keys.own_title):
        raise SecurityError(Flaw.TITLE, at + 1 + len(header.originator),
                            f"recipient {keys.own_title.hex().upper()}",
                            header.recipient.hex().upper())


def _identified(key: Key, identity: int) -> Callable[[Message], tuple[bytes, KeyInfo]]:
    def find(message: Message) -> tuple[bytes, KeyInfo]:
        held = symmetric_key(message.keys, key)
        if held is None:
            raise LocalProtocolError(f"no {key} key is held")
        return held, KeyInfo(Source.IDENTIFIED, identity)

    return find


def _wrapped(message: Message) -> tuple[bytes, KeyInfo]:
    keys = message.keys
    if keys.master is None:
        raise LocalProtocolError("no master key is held")
    key = message.random(suite(keys.suite).key_octets)
    return key, KeyInfo(Source.WRAPPED, general.MASTER, transfer.wrap(keys.master, key))


def _one_pass(message: Message) -> tuple[bytes, KeyInfo]:
    keys, header = message.keys, message.header
    chosen, curve = _with_curve(keys)
    if keys.signing is None or keys.peer_agreement is None:
        raise LocalProtocolError("one-pass Diffie-Hellman needs the own signing key and the "
                                 "peer's key agreement key")
    own = agreement.ephemeral(curve, message.random(chosen.number_octets + 8))
    point = agreement.public_octets(own.public_key())
    key = agreement.one_pass_key(chosen, agreement.shared_secret(own, keys.peer_agreement),
                                 header.originator, header.recipient)
    data = point + plain_ecdsa.sign(point, keys.signing)
    return key, KeyInfo(Source.AGREED, general.ONE_PASS, data)


def _static(message: Message) -> tuple[bytes, KeyInfo]:
    keys = message.keys
    if keys.agreement is None or keys.peer_agreement is None:
        raise LocalProtocolError("the static unified model needs both key agreement keys")
    return (_static_key(keys, message.header, keys.agreement, keys.peer_agreement),
            KeyInfo(Source.AGREED, general.STATIC_UNIFIED))


_SENDERS: dict[Key, Callable[[Message], tuple[bytes, KeyInfo]]] = {
    Key.UNICAST: _identified(Key.UNICAST, general.GLOBAL_UNICAST),
    Key.BROADCAST: _identified(Key.BROADCAST, general.GLOBAL_BROADCAST),
    Key.WRAPPED: _wrapped,
    Key.ONE_PASS: _one_pass,
    Key.STATIC: _static,
}


def _with_curve(keys: Keys) -> tuple[Suite, ec.EllipticCurve]:
    chosen = suite(keys.suite)
    if chosen.curve is None:
        raise LocalProtocolError(f"suite {keys.suite} has no key agreement")
    return chosen, chosen.curve


def _static_key(keys: Keys, header: Header, own: ec.EllipticCurvePrivateKey,
                peer: ec.EllipticCurvePublicKey) -> bytes:
    return agreement.static_key(
        _with_curve(keys)[0], agreement.shared_secret(own, peer), header.originator,
        header.transaction_id, header.recipient)


_IDENTIFIED = {general.GLOBAL_UNICAST: Key.UNICAST, general.GLOBAL_BROADCAST: Key.BROADCAST}


def _received_key(keys: Keys, header: Header, info: KeyInfo | None,
                  offset: int) -> tuple[Key, bytes]:
    """Return the key that ``info``, which ends at ``offset``, leads to."""
    if info is None or info.source is Source.IDENTIFIED:
        name = Key.UNICAST if info is None else _IDENTIFIED.get(info.identity)
        held = None if name is None else symmetric_key(keys, name)
        if name is None or held is None:
            raise SecurityError(Flaw.KEY, offset - 1, "the id of a key that is held",
                                f"{info.identity:02X}" if info else "none")
        return name, held
    if info.source is Source.WRAPPED:
        return Key.WRAPPED, _unwrapped(keys, info, offset)
    if info.identity == general.STATIC_UNIFIED and not info.data:
        if keys.agreement is None or keys.peer_agreement is None:
            raise SecurityError(Flaw.KEY, offset, "held key agreement keys of both sides", "none")
        return Key.STATIC, _static_key(keys, header, keys.agreement, keys.peer_agreement)
    if info.identity == general.ONE_PASS:
        return Key.ONE_PASS, _one_pass_received(keys, header, info, offset)
    raise SecurityError(Flaw.KEY, offset, "key parameters 01, or 02 without ciphered data",
                        f"{info.identity:02X} with {len(info.data)} octets")


def _unwrapped(keys: Keys, info: KeyInfo, offset: int) -> bytes:
    if keys.master is None or info.identity != general.MASTER:
        raise SecurityError(Flaw.KEY, offset, "a wrapping key that is held", f"{info.identity:02X}")
    key = transfer.unwrap(keys.master, info.data, offset - len(info.data))
    wanted = suite(keys.suite).key_octets
    if len(key) != wanted:
        raise SecurityError(Flaw.KEY, offset, f"a key of {wanted} octets", f"{len(key)} octets")
    return key


def _one_pass_received(keys: Keys, header: Header, info: KeyInfo, offset: int) -> bytes:
    chosen = suite(keys.suite)
    point, signature = (info.data[: 2 * chosen.number_octets],
                        info.data[2 * chosen.number_octets :])
    start = offset - len(info.data)
    if chosen.curve is None or keys.agreement is None or keys.peer_signing is None:
        raise SecurityError(Flaw.KEY, start, "held keys to agree a key with", "none")
    if not plain_ecdsa.verify(point, signature, keys.peer_signing):
        raise SecurityError(Flaw.SIGNATURE, start + len(point),
                            "the signature of the ephemeral key", f"{len(signature)} octets")
    try:
        peer = agreement.public_key(chosen.curve, point)
    except ValueError:
        raise SecurityError(Flaw.KEY, start, f"a point on {chosen.curve.name}",
                            f"{len(point)} octets that are none") from None
    return agreement.one_pass_key(chosen, agreement.shared_secret(keys.agreement, peer),
                                  header.originator, header.recipient)
