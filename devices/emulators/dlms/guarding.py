"""The protection of one association: requests are opened, judged by the policy, responses closed.

A response has at least what its request had, more where the policy asks for more; key and envelope
are the request's. Counters belong to the meter and outlive the association.
"""

from __future__ import annotations

from bench.errors import LocalProtocolError
from bench.protocols.cosem.length import decode_length, encode_length
from bench.protocols.dlms.security.counters import Counters, Key, ReplayPolicy
from bench.protocols.dlms.security.general_securing import Random
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.protection import (
    AUTHENTICATION,
    ENCRYPTION,
    Envelope,
    Flaw,
    Opened,
    Protection,
    SecurityError,
)
from bench.protocols.dlms.security.securing import Security
from bench.protocols.dlms.security.suites import TAG_OCTETS
from bench.protocols.dlms.security.tags import DEDICATED, FORMS, GLOBAL
from devices.emulators.dlms.security_setup import AUTHENTICATION as AUTHENTICATED
from devices.emulators.dlms.security_setup import ENCRYPTION as ENCRYPTED
from devices.emulators.dlms.security_setup import SecuritySetup
from devices.emulators.gbcs.faults import Faults

_OVERHEAD = {Envelope.SERVICE: 1 + 3 + 5 + TAG_OCTETS, Envelope.GENERAL: 10 + 3 + 5 + TAG_OCTETS,
             Envelope.CIPHERING: 110, Envelope.SIGNING: 220}
"""Octets that an envelope adds at most; general-ciphering may bring a wrapped or agreed key."""

_REPEATED_COUNTER = 1


class Guard:
    """Protection under the keys of one association. ``setup`` holds the policy, if there is one."""

    def __init__(self, keys: Keys, counters: Counters, setup: SecuritySetup | None, *,
                 random: Random, faults: Faults) -> None:
        """Without ``setup`` the context is not ciphered: then nothing is opened or closed."""
        lower = "lower-invocation-counter-accepted" in faults
        repeated = lower or "replayed-counter-accepted" in faults
        self.security = Security(keys, counters, random=random,
                                 replay=ReplayPolicy(repeated=repeated, lower=lower))
        self.dedicated = False  # whether a dedicated key was agreed
        self._setup, self._faults = setup, faults

    def open(self, octets: bytes) -> Opened:
        """Return what is in the protection; SecurityError if it is not to be taken."""
        form = FORMS.get(octets[0]) if octets and self._setup is not None else None
        if form is None:
            return Opened(octets)
        if form.dedicated:
            octets = self._dedicated(octets)
        try:
            return self.security.unprotect(octets)
        except SecurityError as wrong:
            tolerated = {Flaw.TAG: "tag-not-checked", Flaw.SUITE: "control-octet-suite-not-checked"}
            if tolerated.get(wrong.flaw) not in self._faults or form.plain is None:
                raise
            return self._unchecked(octets)

    def is_enough(self, protection: Protection) -> bool:
        """Return whether the policy takes a request with this protection."""
        wanted = self._policy(requests=True)
        if "plain-request-served" in self._faults and not protection.applied:
            return True
        if "unauthenticated-request-served" in self._faults and protection.encrypted:
            wanted &= ~AUTHENTICATED
        if "unencrypted-request-served" in self._faults and protection.authenticated:
            wanted &= ~ENCRYPTED
        return not wanted & ~_flags(protection)

    def answer(self, request: Protection) -> Protection:
        """Return how the response to such a request is protected."""
        flags = self._policy(requests=False) | _flags(request)
        if "response-plain" in self._faults:
            flags = 0
        if "response-unauthenticated" in self._faults and flags:
            flags = ENCRYPTED
        if "response-unencrypted" in self._faults and flags:
            flags = AUTHENTICATED
        envelope = request.envelope if request.applied else Envelope.SERVICE
        key = request.key if request.applied and request.key is not Key.BROADCAST else Key.UNICAST
        return Protection(bool(flags & AUTHENTICATED), bool(flags & ENCRYPTED), key, envelope)

    def close(self, apdu: bytes, protection: Protection) -> bytes:
        """Return ``apdu`` protected."""
        if not protection.applied:
            return apdu
        counter = _REPEATED_COUNTER if "own-counter-repeats" in self._faults else None
        try:
            octets = self.security.protect(apdu, protection, counter=counter)
        except LocalProtocolError:  # no key for the request's form, or none of the service's
            octets = self.security.protect(
                apdu, Protection(True, True, Key.UNICAST, Envelope.GENERAL), counter=counter)
        if "tag-wrong" in self._faults and protection.authenticated:
            octets = octets[:-1] + bytes((octets[-1] ^ 1,))
        return octets

    def overhead(self, protection: Protection) -> int:
        """Return how many octets a protection adds at most."""
        return _OVERHEAD[protection.envelope] if protection.applied else 0

    def _unchecked(self, octets: bytes) -> Opened:
        """Return what is in an APDU by service tag, whatever its tag and suite."""
        length, start = decode_length(octets, 1)
        content = octets[start : start + length]
        control = content[0]
        claimed = Protection(bool(control & AUTHENTICATION), bool(control & ENCRYPTION))
        if claimed.authenticated:
            content = content[:-TAG_OCTETS]
        if not claimed.encrypted:
            return Opened(content[5:], claimed, int.from_bytes(content[1:5], "big"))
        content = bytes((ENCRYPTION | self.security.keys.suite,)) + content[1:]
        opened = self.security.unprotect(octets[:1] + encode_length(len(content)) + content)
        return opened._replace(protection=claimed)

    def _policy(self, *, requests: bool) -> int:
        if self._setup is None:
            return 0
        policy = self._setup.policy
        return policy.requests if requests else policy.responses

    def _dedicated(self, octets: bytes) -> bytes:
        if self.dedicated and "dedicated-key-ignored" not in self._faults:
            return octets
        if not self.dedicated and "dedicated-without-agreement-accepted" in self._faults \
                and octets[0] in _GLOBAL_OF:
            return _GLOBAL_OF[octets[0]] + octets[1:]
        raise SecurityError(Flaw.KEY, 0, "a global key: no dedicated one was agreed",
                            f"{octets[0]:02X}")


_GLOBAL_OF = {tag[0]: GLOBAL[plain] for plain, tag in DEDICATED.items()}


def _flags(protection: Protection) -> int:
    return protection.authenticated * AUTHENTICATED | protection.encrypted * ENCRYPTED
