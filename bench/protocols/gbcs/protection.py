"""Signature, MAC and encryption of GBCS messages, and which of them a message must have.

Key agreement, MAC and signature follow GBCS sections 4.3.3 and 7.2; the rule per category section
5. The MAC of a command is agreed between the access control broker (ACB) and the device, that of a
response or an alert between the device and the recipient; between two devices on the home area
network, between those.
"""

from __future__ import annotations

import enum
import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs.keys import KeyStore, Role, Usage
from bench.protocols.gbcs.message import MAC_LENGTH, SECURITY_HEADER, Cra, Message, mac_octets
from bench.protocols.gbcs.use_cases import PPMID_TO_GSME, SIGNATURE_ONLY, category_of
from bench.protocols.plain_ecdsa import sign, verify
from bench.protocols.short_tag import open_sealed

ENCRYPTION_HEADER = bytes.fromhex("3100000000")
ENCRYPTION_MODE = 4  # the modes 1 to 3 are the CRA flag's

_ALGORITHM = bytes.fromhex("60857406080300")  # AES-128-GCM, as DLMS names it for key derivation
_MAC_PREFIX = SECURITY_HEADER + b"\0"
_INVOCATION = bytes(4)  # behind the originator in the initialization vector
_TRANSACTION = struct.Struct(">BBQ")  # length, mode and counter of the transaction id


class State(enum.StrEnum):
    """What a check of a signature or a MAC found."""

    VALID = "valid"
    INVALID = "invalid"
    ABSENT = "absent"
    NOT_VERIFIABLE = "not verifiable"


_SOUND = (State.VALID, State.ABSENT)
_COMMAND, _BROKER = Cra.COMMAND, Role.ACCESS_CONTROL_BROKER  # in Python 3.11 a call each time


@dataclass(frozen=True, slots=True)
class Rule:
    """Whether a message must have a signature and a MAC; it must not have the other."""

    signature: bool
    mac: bool

    @property
    def text(self) -> str:
        """Return the rule in words."""
        return _IN_WORDS[self.signature, self.mac]


_IN_WORDS = {(True, True): "signature and MAC", (True, False): "signature, no MAC",
             (False, True): "MAC, no signature"}
_MAC_ONLY = Rule(signature=False, mac=True)
_SIGNED_ONLY = Rule(signature=True, mac=False)

# Counted over the reference test data set without an exception (GBCS section 5).
RULES: Mapping[str, Mapping[Cra, Rule]] = {
    "SME.C.C": {Cra.COMMAND: Rule(signature=True, mac=True), Cra.RESPONSE: _SIGNED_ONLY},
    "SME.C.NC": {Cra.COMMAND: _MAC_ONLY, Cra.RESPONSE: _MAC_ONLY},
    "SME.C.C by ACB": {Cra.COMMAND: _MAC_ONLY, Cra.RESPONSE: _SIGNED_ONLY},
    SIGNATURE_ONLY: {Cra.COMMAND: _SIGNED_ONLY, Cra.RESPONSE: _SIGNED_ONLY},
    PPMID_TO_GSME: {Cra.COMMAND: _MAC_ONLY, Cra.RESPONSE: _MAC_ONLY},
    "SME.A.C": {Cra.ALERT: _SIGNED_ONLY},
    "SME.A.NC": {Cra.ALERT: _MAC_ONLY},
}


class Protection(NamedTuple):
    """What :func:`check` found; ``reason`` says what is wrong, and is empty if nothing is."""

    signature: State
    mac: State
    category: str  # "unknown" for a message code that no table holds
    rule: str
    rule_kept: bool
    reason: str = ""

    @property
    def accepted(self) -> bool:
        """True if a receiver with these keys must accept the message as authentic."""
        return self.rule_kept and self.signature in _SOUND and self.mac in _SOUND

    @property
    def invalid(self) -> bool:
        """True if signature or MAC is wrong or the rule of the category is broken."""
        return not self.rule_kept or State.INVALID in (self.signature, self.mac)


def derive_key(secret: bytes, originator: bytes, mode: int, counter: int,
               recipient: bytes) -> bytes:
    """Return the 16-octet key of one message (NIST SP 800-56A concatenation KDF, SHA-256).

    ``secret`` is the 32-octet result of the key agreement, ``mode`` the CRA flag or
    ``ENCRYPTION_MODE``.
    """
    return hashlib.sha256(b"".join((
        b"\0\0\0\1", secret, _ALGORITHM, originator, _TRANSACTION.pack(9, mode, counter),
        recipient))).digest()[:16]


def mac_tag(key: bytes, originator: bytes, octets: bytes) -> bytes:
    """Return the 12-octet AES-128-GCM tag over ``octets`` (``Message.mac_octets``)."""
    tag = AESGCM(key).encrypt(originator + _INVOCATION, b"", _MAC_PREFIX + octets)
    return tag[:MAC_LENGTH]


def encrypt(key: bytes, originator: bytes, plaintext: bytes) -> bytes:
    """Return a sensitive attribute, protected: header, ciphertext, 12-octet tag."""
    sealed = AESGCM(key).encrypt(originator + _INVOCATION, plaintext, ENCRYPTION_HEADER[:1])
    return ENCRYPTION_HEADER + sealed[: MAC_LENGTH - 16]


def decrypt(key: bytes, originator: bytes, protected: bytes) -> bytes:
    """Return what :func:`encrypt` protected; RemoteProtocolError if it is not authentic."""
    if len(protected) < len(ENCRYPTION_HEADER) + MAC_LENGTH:
        raise RemoteProtocolError(0, "header, ciphertext and tag", f"{len(protected)} octets")
    if protected[:5] != ENCRYPTION_HEADER:
        raise RemoteProtocolError(0, "encryption header 3100000000", protected[:5].hex())
    text = open_sealed(AESGCM(key).encrypt, originator + _INVOCATION, protected[5:],
                       ENCRYPTION_HEADER[:1])
    if text is None:
        raise RemoteProtocolError(len(protected) - MAC_LENGTH, "the tag of the ciphertext",
                                  protected[-MAC_LENGTH:].hex().upper())
    return text


def encryption_key(message: Message, keys: KeyStore) -> bytes | None:
    """Return the key of the sensitive attributes in ``message``, a response or an alert.

    It is agreed between the device and who may read them: the supplementary remote party where
    one is named, else the recipient. ``None`` without the keys for that.
    """
    reader = message.supplementary_remote_party or message.recipient
    counter = message.supplementary_originator_counter
    if counter is None:
        counter = message.originator_counter
    secret = keys.shared_secret(message.originator, reader)
    if secret is None:
        return None
    return derive_key(secret, message.originator, ENCRYPTION_MODE, counter, reader)


def check(message: Message, keys: KeyStore) -> Protection:
    """Return whether signature, MAC and the rule of the category hold, as far as keys allow."""
    signed = message.signed_octets
    signature, signature_reason = _check_signature(message, keys, signed)
    mac, mac_reason = _check_mac(message, keys, signed)
    category, rule = _rule_of(message.message_code, message.cra, message.mac is None)
    kept, rule_reason = _keeps(message, category, rule)
    reasons = (signature_reason, mac_reason, rule_reason)
    reason = "; ".join(filter(None, reasons)) if any(reasons) else ""
    return Protection(signature, mac, category, rule.text if rule else "", kept, reason)


@lru_cache(maxsize=1024)
def _rule_of(code: int, cra: Cra, without_mac: bool) -> tuple[str, Rule | None]:
    category = category_of(code, cra, without_mac=without_mac)
    return category, RULES.get(category, {}).get(cra)


def protect(message: Message, keys: KeyStore, category: str | None = None) -> Message:
    """Return ``message`` with the signature and MAC that its category asks of the sender.

    ``category`` is needed for a message code that no table holds. A key that is missing, or a
    message code that does not go with the CRA flag: LocalProtocolError.
    """
    if category:
        name, rule = category, RULES.get(category, {}).get(message.cra)
    else:
        name, rule = _rule_of(message.message_code, message.cra, False)
    if rule is None:
        raise LocalProtocolError(f"no rule for a {message.cra.name.lower()} of code "
                                 f"{message.message_code:04X}, category {name}")
    return protect_by(message, keys, rule)


def protect_by(message: Message, keys: KeyStore, rule: Rule) -> Message:
    """Return ``message`` with signature and MAC as ``rule`` says, whatever its category."""
    signed, signature, mac = message.signed_octets, b"", None
    if rule.signature:
        key = keys.private_key(message.originator, Usage.DIGITAL_SIGNATURE)
        if key is None:
            raise LocalProtocolError(f"no private key of {message.originator.hex()} to sign with")
        signature = sign(signed, key)
    if rule.mac:
        tags = _mac_tags(message, keys, mac_octets(signed, signature))
        if not tags:
            raise LocalProtocolError(_no_mac_key(message))
        mac = tags[0]
    return message.protected(signature, mac)


def mac_parties(message: Message, keys: KeyStore) -> list[tuple[bytes, bytes]]:
    """Return the pairs of parties between which the MAC key may have been agreed."""
    return [(one, message.recipient) for one in _agreeing(message, keys)]


def _agreeing(message: Message, keys: KeyStore) -> tuple[bytes, ...]:
    """Return who may have agreed the MAC key with the recipient."""
    if (message.cra != _COMMAND
            or keys.role(message.originator) == _BROKER
            or _rule_of(message.message_code, _COMMAND, False)[0] == PPMID_TO_GSME):
        return (message.originator,)
    return keys.of_role(_BROKER)


def _check_signature(message: Message, keys: KeyStore, signed: bytes) -> tuple[State, str]:
    if not message.signature:
        return State.ABSENT, ""
    key = keys.public_key(message.originator, Usage.DIGITAL_SIGNATURE)
    if key is None:
        return (State.NOT_VERIFIABLE,
                f"no digital signature certificate of {message.originator.hex()}")
    if verify(signed, message.signature, key):
        return State.VALID, ""
    return State.INVALID, f"the signature is not that of {message.originator.hex()}"


def _check_mac(message: Message, keys: KeyStore, signed: bytes) -> tuple[State, str]:
    if message.mac is None:
        return State.ABSENT, ""
    tags = _mac_tags(message, keys, mac_octets(signed, message.signature or b""))
    for tag in tags:
        if hmac.compare_digest(tag, message.mac):
            return State.VALID, ""
    if not tags:
        return State.NOT_VERIFIABLE, _no_mac_key(message)
    return State.INVALID, "the MAC is not that of this message"


def _mac_tags(message: Message, keys: KeyStore, octets: bytes) -> list[bytes]:
    tags, originator, recipient = [], message.originator, message.recipient
    for one in _agreeing(message, keys):
        secret = keys.shared_secret(one, recipient)
        if secret is not None:
            key = derive_key(secret, originator, message.cra, message.originator_counter,
                             recipient)
            tags.append(mac_tag(key, originator, octets))
    return tags


def _no_mac_key(message: Message) -> str:
    return (f"no pair of key agreement keys for a {message.cra.name.lower()} of "
            f"{message.originator.hex()} to {message.recipient.hex()}")


def _keeps(message: Message, category: str, rule: Rule | None) -> tuple[bool, str]:
    if rule is None:
        known = category in RULES
        return not known, f"category {category} has no {message.cra.name.lower()}" if known else ""
    if message.pre_command:
        return False, "a pre-command, which is not signed yet"
    if (bool(message.signature), message.mac_header) == (rule.signature, rule.mac):
        return True, ""
    return False, f"category {category} asks for {rule.text}"
