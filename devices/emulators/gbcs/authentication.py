"""Whether a message is authentic: signature and MAC as its category asks, and valid (GBCS 6.2).

A use case with a variant that is signed and has no MAC takes that one from a role without a key
agreement key, and the other from the access control broker; from the rest either. What a faulty
device lets pass is in a table here, so that a right one has one path.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from bench.protocols import plain_ecdsa
from bench.protocols.gbcs import protection
from bench.protocols.gbcs.keys import KeyStore, Role, Usage
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.protection import RULES, Protection, State
from bench.protocols.gbcs.use_cases import (
    SIGNATURE_ONLY,
    category_of,
    every_use_case,
    other_code,
)
from devices.emulators.gbcs.credentials import Credentials
from devices.emulators.gbcs.faults import NONE, Faults
from devices.emulators.gbcs.trust_anchors import WITHOUT_MAC

_SOUND = {State.VALID, State.ABSENT}
_BROKER = Role.ACCESS_CONTROL_BROKER.name.lower()
_SIGNING_ROLES = {role.name.lower() for role in WITHOUT_MAC}


class Authentication:
    """Checks messages with the credentials of one device."""

    def __init__(self, credentials: Credentials, faults: Faults = NONE) -> None:
        self._credentials = credentials
        self._faults = faults
        self._lenient = [accept for name, accept in _LENIENT.items() if name in faults]

    def refusal(self, message: Message, role: str, short_mac: int = 0) -> str:
        """Return why ``message`` of a party of ``role`` is not authentic, empty if it is.

        ``short_mac`` counts octets that its MAC lacks, which only a faulty device admits.
        """
        keys = self._credentials.trusted
        found = protection.check(message, keys)
        signature, mac, kept = found.signature, found.mac, found.rule_kept
        if "signature-not-checked" in self._faults:
            signature, kept = State.VALID, True
        if "mac-not-checked" in self._faults:
            mac, kept = State.VALID, True
        if self._is_wrong_variant(message, found, role):
            kept = False
        if kept and {signature, mac} <= _SOUND:
            return ""
        if short_mac and any(tag[:-short_mac] == (message.mac or b"")[:-short_mac]
                             for tag in _tags(message, keys)):
            return ""
        if any(accept(message, keys, found) for accept in self._lenient):
            return ""
        if "old-party-still-accepted" in self._faults and any(
                protection.check(message, old).accepted for old in self._credentials.former):
            return ""
        return found.reason or "the variant of another party"

    def _is_wrong_variant(self, message: Message, found: Protection, role: str) -> bool:
        other = other_code(message.message_code)
        if other is None or not other.variants:
            return False
        if found.category != SIGNATURE_ONLY:
            return role in _SIGNING_ROLES
        return role == _BROKER and "missing-mac-accepted" not in self._faults


def _tags(message: Message, keys: KeyStore) -> Iterator[bytes]:
    """Yield the MACs that ``message`` may have by right."""
    for one, other in protection.mac_parties(replace(message, cra=Cra.COMMAND), keys):
        secret = keys.shared_secret(one, other)
        if secret is not None:
            key = protection.derive_key(secret, message.originator, message.cra,
                                        message.originator_counter, message.recipient)
            yield protection.mac_tag(key, message.originator, message.mac_octets)


def _signed_by(message: Message, octets: bytes, keys: KeyStore, party: bytes) -> bool:
    key = keys.public_key(party, Usage.DIGITAL_SIGNATURE)
    return bool(key and message.signature
                and plain_ecdsa.verify(octets, message.signature, key))


def _unsigned(message: Message, _: KeyStore, found: Protection) -> bool:
    return not message.signature and found.mac is State.VALID


def _without_mac(message: Message, _: KeyStore, found: Protection) -> bool:
    return message.mac is None and found.signature is State.VALID


def _payload_signed(message: Message, keys: KeyStore, found: Protection) -> bool:
    return found.mac is State.VALID and _signed_by(
        message, message.payload, keys, message.originator)


def _signed_by_any(message: Message, keys: KeyStore, found: Protection) -> bool:
    return found.mac is State.VALID and any(
        _signed_by(message, message.signed_octets, keys, party) for party in keys.parties())


def _other_information_aside(message: Message, keys: KeyStore, _: Protection) -> bool:
    """Accept what would be authentic with another use case's code or no further party."""
    bare = replace(message, supplementary_remote_party=None, certificate=None,
                   supplementary_remote_party_counter=None, supplementary_originator_counter=None)
    rule = RULES.get(category_of(message.message_code), {}).get(message.cra)
    return any(
        protection.check(changed, keys).accepted
        for changed in (bare, *(replace(message, message_code=case.code)
                                for case in every_use_case()
                                if RULES.get(case.category, {}).get(message.cra) == rule)))


def _not_a_command(message: Message, keys: KeyStore, _: Protection) -> bool:
    return message.cra is not Cra.COMMAND and (
        _signed_by(message, message.signed_octets, keys, message.originator)
        or message.mac in tuple(_tags(message, keys)))


_LENIENT: Mapping[str, Callable[[Message, KeyStore, Protection], bool]] = {
    "unsigned-critical-command-accepted": _unsigned,
    "missing-mac-accepted": _without_mac,
    "signature-over-payload-accepted": _payload_signed,
    "signature-of-another-party-accepted": _signed_by_any,
    "other-information-not-authenticated": _other_information_aside,
    "response-accepted-as-command": _not_a_command,
}
