"""Message verify against the bare ``cryptography`` calls that it cannot do without.

Ours: the octets of a message are parsed, and signature, MAC and the rule of the category are
checked (:func:`bench.protocols.gbcs.protection.check`). The peer is given the same key objects,
the same agreed secret and every octet string already cut out, and does no more than: derive the
MAC key (SHA-256), make the AES-128-GCM tag and compare it, turn r and s into the DER that
``cryptography`` asks for, verify the ECDSA signature. So both sides derive the key for every
message and neither repeats the Diffie-Hellman agreement, which both keep per pair of parties.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.protocols.gbcs.keys import KeyStore, Usage
from bench.protocols.gbcs.message import SECURITY_HEADER, Message, parse
from bench.protocols.gbcs.protection import check, mac_parties
from bench.protocols.gbcs.use_cases import USE_CASES
from benchmarks.measure import Result, Target, alternate, stopwatch
from benchmarks.parties import Correspondence, correspondence, dlms_use_cases

SIGNATURE_AND_MAC = "SME.C.C"
MAC_ONLY = "SME.C.NC"

_ALGORITHM = bytes.fromhex("60857406080300")  # AES-128-GCM, in the key derivation
_ECDSA = ec.ECDSA(hashes.SHA256())

HOW = ("parse() and protection.check() against ECDSA verify, key derivation and AES-GCM tag called "
       "directly with the same key objects, the same octets cut out beforehand, and the "
       "Diffie-Hellman secret kept on both sides; commands of all use cases of the category; "
       "speed of ours divided by speed of the bare calls")


def run(quick: bool) -> Iterator[Result]:
    """Yield the result for signature and MAC, then those for one of the two, for information."""
    with correspondence() as parties:
        for name, category, kind, target in (
            ("message verify: signature and MAC", SIGNATURE_AND_MAC, "command",
             Target("at least", 0.8)),
            ("message verify: signature only", SIGNATURE_AND_MAC, "response", None),
            ("message verify: MAC only", MAC_ONLY, "command", None),
        ):
            messages = list(_messages(parties, category, kind, 5 if quick else 40))
            yield _compare(name, target, messages, parties.keys, quick)


def _messages(parties: Correspondence, category: str, kind: str, count: int) -> Iterator[Message]:
    ours = (name for name in dlms_use_cases(category) if "supplier" in USE_CASES[name].roles)
    for name in islice(ours, count):
        command = parties.command(name)
        yield command if kind == "command" else parties.response(name, command.payload)


def _compare(name: str, target: Target | None, messages: Sequence[Message], keys: KeyStore,
             quick: bool) -> Result:
    wire = [message.encode() for message in messages]
    bare = [bare_check(message, keys) for message in messages]

    def ours() -> None:
        for octets in wire:
            if not check(parse(octets), keys).accepted:
                raise AssertionError("a sound message was not accepted")

    def peer() -> None:
        for call in bare:
            call()

    # many short rounds: a change of the machine's pace falls on both sides alike
    rounds = alternate({"ours": stopwatch(ours), "peer": stopwatch(peer)}, 1 if quick else 400)
    each = 1e6 / len(wire)
    return Result(name, rounds.ratio("peer", "ours"), target, HOW,
                  f"{rounds.median('ours') * each:.1f} us a message, bare "
                  f"{rounds.median('peer') * each:.1f} us; {len(wire)} messages")


class Mac(NamedTuple):
    """What the tag of one message is made of."""

    derivation: bytes
    nonce: bytes
    authenticated: bytes
    tag: bytes

    def make(self) -> bytes:
        """Derive the key and return the tag."""
        key = hashlib.sha256(self.derivation).digest()[:16]
        return AESGCM(key).encrypt(self.nonce, b"", self.authenticated)[:12]

    def check(self) -> None:
        """Make the tag and compare it."""
        if not hmac.compare_digest(self.make(), self.tag):
            raise AssertionError("a sound message has a wrong tag")


class _Signature(NamedTuple):
    """What the signature of one message is checked with."""

    key: ec.EllipticCurvePublicKey
    r: bytes
    s: bytes
    signed: bytes

    def check(self) -> None:
        der = utils.encode_dss_signature(int.from_bytes(self.r), int.from_bytes(self.s))
        self.key.verify(der, self.signed, _ECDSA)


def bare_check(message: Message, keys: KeyStore) -> Callable[[], None]:
    """Return the bare calls for ``message``, all that they need made ready."""
    calls: list[Callable[[], None]] = []
    if message.signature:
        key = keys.public_key(message.originator, Usage.DIGITAL_SIGNATURE)
        assert key is not None
        calls.append(_Signature(key, message.signature[:32], message.signature[32:],
                                message.signed_octets).check)
    if message.mac is not None:
        calls.append(bare_mac(message, keys).check)
    if len(calls) == 1:
        return calls[0]
    first, second = calls

    def both() -> None:
        first()
        second()

    return both


def bare_mac(message: Message, keys: KeyStore) -> Mac:
    """Return what the tag of ``message``, which has one, is made of."""
    (pair,) = mac_parties(message, keys)
    secret = keys.shared_secret(*pair)
    assert secret is not None
    assert message.mac is not None
    derivation = b"".join((
        b"\0\0\0\1", secret, _ALGORITHM, message.originator, b"\x09", bytes((message.cra,)),
        message.originator_counter.to_bytes(8, "big"), message.recipient))
    return Mac(derivation, message.originator + bytes(4),
               SECURITY_HEADER + b"\0" + message.mac_octets, message.mac)
