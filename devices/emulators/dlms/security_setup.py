"""Class 64, security setup (IEC 62056-6-2, 4.4.7): policy, suite, titles and the transfer of keys.

Version 0 with suite 0, version 1 with the others, whose policy has bits of its own for requests and
responses. A policy can only be made stricter, unless the new one holds all that the old one asks
for. Certificates and key agreement are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cryptography.hazmat.primitives import keywrap

from bench.protocols.cosem.data import Data, Tag
from devices.emulators.dlms.interface import OTHER_REASON, Interface, Refused
from devices.emulators.dlms.keys import MeterKeys
from devices.emulators.gbcs.faults import NONE, Faults

AUTHENTICATION, ENCRYPTION = 1, 2

_KEY_IDS = {0: "global_unicast", 1: "global_broadcast", 2: "authentication", 3: "master"}
_BITS = {0: (0, 1, 0, 1), 1: (2, 3, 5, 6)}  # version -> bits: authenticated, encrypted; both ways


@dataclass(frozen=True, slots=True)
class Policy:
    """What must be applied to requests and to responses: 1 authentication, 2 encryption."""

    requests: int
    responses: int


class SecuritySetup(Interface):
    """Class 64. ``changed`` is told the keys after a transfer."""

    CLASS_ID = 64
    ATTRIBUTES = (
        ("security_policy", "enum 0..255"), ("security_suite", "enum 0..2"),
        ("client_system_title", "os(0..8)"), ("server_system_title", "os(8)"),
        ("certificates", "[0..8]{enum,enum,os(0..16),os(0..64),os(0..64),os(0..64)}"))
    METHODS = (("security_activate", "enum 0..255"), ("key_transfer", "[1..4]{enum,os(0..64)}"))

    def __init__(self, code: str, keys: Callable[[], MeterKeys],
                 changed: Callable[[MeterKeys], None], *, suite: int, policy: int,
                 faults: Faults = NONE) -> None:
        """``policy`` is that of version 0; version 1 asks for the same both ways."""
        self.VERSION = 1 if suite else 0
        if not suite:
            self.attributes = {
                index: field for index, field in self.attributes.items() if index <= 5}
        title = keys().title
        if "security-setup-title-wrong" in faults:
            title = title[:7] + bytes((title[7] ^ 1,))
        super().__init__(code, security_suite=suite, server_system_title=title,
                         security_policy=_as_version(policy, self.VERSION))
        self._told = policy
        self._keys, self._changed, self._faults = keys, changed, faults

    def read_security_policy(self) -> Data:
        """Return the policy."""
        if "security-setup-policy-wrong" in self._faults:
            return Data(Tag.ENUM, 0)
        if "security-setup-policy-of-version-0" in self._faults:
            return Data(Tag.ENUM, self._told)
        return self.stored("security_policy")

    @property
    def policy(self) -> Policy:
        """Return what the policy asks for."""
        held = self.number("security_policy")
        flags = [bool(held >> bit & 1) for bit in _BITS[self.VERSION]]
        return Policy(flags[0] * AUTHENTICATION | flags[1] * ENCRYPTION,
                      flags[2] * AUTHENTICATION | flags[3] * ENCRYPTION)

    def know_client(self, title: bytes) -> None:
        """Show the title of the client that has opened an association."""
        self.put("client_system_title", title)

    def do_security_activate(self, parameter: Data) -> None:
        """Make the policy stricter."""
        lawful = sum(1 << bit for bit in _BITS[self.VERSION]) if self.VERSION else 3
        held = self.number("security_policy")
        if parameter.value & ~lawful or held & ~parameter.value:
            raise Refused(OTHER_REASON)
        self.store("security_policy", parameter)

    def do_key_transfer(self, parameter: Data) -> None:
        """Take keys that are wrapped with the master key: all of them or none."""
        keys = self._keys()
        for element in parameter.value:
            number, wrapped = (part.value for part in element.value)
            name = _KEY_IDS.get(number)
            if name is None and "wrong-key-id-accepted" in self._faults:
                name = "global_unicast"
            if name is None:
                raise Refused(OTHER_REASON)
            key = self._unwrap(wrapped, keys.master)
            if "transferred-key-halved" in self._faults:
                key = key[: len(key) // 2] * 2
            if name != "authentication" or "authentication-key-not-changed" not in self._faults:
                keys = keys.with_key(name, key)
            if "only-first-key-changed" in self._faults:
                break
        if "key-not-changed" not in self._faults:
            self._changed(keys)

    def _unwrap(self, wrapped: bytes, master: bytes) -> bytes:
        try:
            key = keywrap.aes_key_unwrap(master, wrapped)
        except (keywrap.InvalidUnwrap, ValueError):
            if "wrong-wrap-accepted" not in self._faults:
                raise Refused(OTHER_REASON) from None
            key = wrapped[: len(master)].ljust(len(master), b"\0")
        if len(key) != len(master):
            if "key-of-another-suite-accepted" not in self._faults:
                raise Refused(OTHER_REASON)
            key = key[: len(master)].ljust(len(master), b"\0")
        return key


def _as_version(policy: int, version: int) -> int:
    if not version:
        return policy
    flags = (policy & 1, policy >> 1 & 1) * 2
    return sum(flag << bit for flag, bit in zip(flags, _BITS[1], strict=True))


