"""What a declared security policy asks for.

In version 0 of the security setup (class 64) it is a number for both ways, in version 1 it has bits
for requests and others for responses (IEC 62056-6-2). Which version a declared policy is of follows
from the security setups that are declared; without one from the suite: 0 came with version 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

SECURITY_SETUP = 64

Asked = Literal["authentication", "encryption", "both"]
"""How a plan names what a policy asks for."""

AUTHENTICATION, ENCRYPTION, SIGNATURE = "authentication", "encryption", "signature"
_WANTED: Mapping[Asked, frozenset[str]] = {
    "authentication": frozenset((AUTHENTICATION,)), "encryption": frozenset((ENCRYPTION,)),
    "both": frozenset((AUTHENTICATION, ENCRYPTION))}
_EITHER_WAY = {AUTHENTICATION: 0, ENCRYPTION: 1}
_REQUESTS = {AUTHENTICATION: 2, ENCRYPTION: 3, SIGNATURE: 4}
_RESPONSES = {AUTHENTICATION: 5, ENCRYPTION: 6, SIGNATURE: 7}


class Policy(NamedTuple):
    """What must be applied to requests, and to responses."""

    requests: frozenset[str]
    responses: frozenset[str]

    @property
    def text(self) -> str:
        """Return it in words."""
        ways = [" and ".join(sorted(way)) or "nothing" for way in self]
        return ways[0] if ways[0] == ways[1] else f"{ways[0]} of requests, {ways[1]} of responses"

    def asks_for(self, wanted: Asked) -> bool:
        """Return whether this is asked of requests, no less and no more, and of responses."""
        return self.requests == _WANTED[wanted] <= self.responses


def policy_of(association: Mapping[str, Any], declared: Mapping[str, Any]) -> Policy:
    """Return what the policy of an association of ``ixit.dlms`` asks for."""
    number = association["policy"]
    if not _version(association, declared):
        both = _names(number, _EITHER_WAY)
        return Policy(both, both)
    return Policy(_names(number, _REQUESTS), _names(number, _RESPONSES))


def _version(association: Mapping[str, Any], declared: Mapping[str, Any]) -> int:
    for one in (association, *declared["associations"].values()):
        for each in one["objects"]:
            if each["class"] == SECURITY_SETUP:
                return int(each["version"])
    return 1 if association["suite"] else 0


def _names(number: int, bits: Mapping[str, int]) -> frozenset[str]:
    return frozenset(name for name, bit in bits.items() if number >> bit & 1)
