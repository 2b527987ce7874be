"""The words of a DLMS declaration: services, contexts, mechanisms, links, what may be either way.

Names are those of IEC 62056-5-3 (the conformance block, the COSEM contexts and mechanisms) in lower
case, words joined by hyphens. Numbers of contexts and mechanisms are the last ones of their object
identifiers, 2.16.756.5.8.1 and .2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

CONFORMANCE: tuple[str, ...] = (
    "general-protection", "general-block-transfer", "read", "write", "unconfirmed-write",
    "delta-value-encoding", "attribute0-supported-with-set", "priority-mgmt-supported",
    "attribute0-supported-with-get", "block-transfer-with-get-or-read",
    "block-transfer-with-set-or-write", "block-transfer-with-action", "multiple-references",
    "information-report", "data-notification", "access", "parameterized-access", "get", "set",
    "selective-access", "event-notification", "action",
)
"""The services of the conformance block, in the order of its bits."""

BY_SHORT_NAME = frozenset({"read", "write", "unconfirmed-write", "information-report",
                           "parameterized-access"})
"""Services that there are by short names only."""

BY_LOGICAL_NAME = frozenset({"get", "set", "action", "selective-access", "event-notification",
                             "access", "attribute0-supported-with-set",
                             "attribute0-supported-with-get", "block-transfer-with-action"})
"""Services that there are by logical names only."""

CONTEXTS: Mapping[str, int] = {"ln": 1, "sn": 2, "ln-ciphered": 3, "sn-ciphered": 4}

MECHANISMS: Mapping[str, int] = {
    "none": 0, "lls": 1, "hls": 2, "hls-md5": 3, "hls-sha1": 4, "hls-gmac": 5, "hls-sha256": 6,
    "hls-ecdsa": 7,
}

ROLES: Mapping[str, tuple[str, ...]] = {
    "public": ("none",), "lls": ("lls",),
    "hls": ("hls-gmac", "hls-ecdsa", "hls-sha256", "hls-sha1", "hls-md5", "hls"),
    "ecdsa": ("hls-ecdsa",),
}
"""What plans call an association by -> mechanisms of the one that is meant, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Link:
    """One way to carry APDUs; ``served`` is what ``smip-bench emulate`` calls it (``--link``).

    ``traits`` are the names by which cases and defects ask for it: its framing, and what is below.
    ``tcp`` says that it needs a TCP line.
    """

    served: str
    traits: frozenset[str]
    tcp: bool = False

    @property
    def framing(self) -> str:
        """What the octets are frames of, as port ``dlms`` says it."""
        return "wrapper" if self.served == "wrapper" else "hdlc"


SHORT_NAMES = "short-names"
"""Trait of a rig whose meter has short names: of defects it has those alone that name it, or show
there too."""

PUBLIC_KEYS, SUITE_2 = "public-keys", "suite-2"
"""Traits of rigs whose meter has security suite 1 or 2, and of those alone that have suite 2."""

LINKS: Mapping[str, Link] = {
    "hdlc": Link("hdlc", frozenset({"hdlc", "serial"})),
    "mode-e": Link("mode-e", frozenset({"hdlc", "serial", "mode-e"})),
    "hdlc-tcp": Link("hdlc", frozenset({"hdlc", "tcp"}), tcp=True),
    "wrapper": Link("wrapper", frozenset({"wrapper", "tcp"}), tcp=True),
    "wrapper-sn": Link("wrapper", frozenset({"tcp", SHORT_NAMES}), tcp=True),
    "wrapper-suite-1": Link("wrapper", frozenset({"wrapper", "tcp", PUBLIC_KEYS}), tcp=True),
    "wrapper-suite-2": Link("wrapper", frozenset({"wrapper", "tcp", PUBLIC_KEYS, SUITE_2}),
                            tcp=True),
}
"""The links of a rig: HDLC on a serial line, after a sign-on in mode E (IEC 62056-21), in TCP; and
the wrapper of IEC 62056-47."""

TRAITS: frozenset[str] = frozenset().union(*(link.traits for link in LINKS.values()))
"""All that a case or a defect may ask of a link."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A point on which the standard allows more than one behaviour."""

    meaning: str
    choices: tuple[str, ...]


ALTERNATIVES: Mapping[str, Alternative] = {
    "bad_hcs": Alternative("what follows a frame with a wrong HCS", ("frmr", "silence")),
    "bad_fcs": Alternative("what follows a frame with a wrong FCS", ("frmr", "silence")),
    "bad_control": Alternative("what follows an unknown control field", ("frmr", "dm", "silence")),
    "long_information": Alternative(
        "what follows an information field that is too long", ("frmr", "silence")),
    "wrong_receive_number": Alternative(
        "what follows an N(R) that acknowledges what was not sent", ("frmr", "silence")),
    "information_when_disconnected": Alternative(
        "what follows an I frame without a connection", ("dm", "silence")),
    "disconnect_when_disconnected": Alternative(
        "what follows a DISC without a connection", ("dm", "ua", "silence")),
    "rejecting_aare_user_information": Alternative(
        "whether an AARE that rejects has user-information", ("present", "absent")),
    "unsupported_service": Alternative(
        "what follows a service that is not in the conformance block",
        ("exception-response", "confirmed-service-error", "access-result", "silence")),
    "data_without_association": Alternative(
        "what follows a request without an association",
        ("exception-response", "confirmed-service-error", "dm", "silence")),
    "wrong_protection": Alternative(
        "what follows an APDU that is protected wrongly or too little",
        ("exception-response", "silence")),
    "release_without_association": Alternative(
        "what follows an RLRQ without an association", ("rlre", "exception-response", "silence")),
}
"""What a profile may declare in ``accepts``; what it does not name may be any of its choices."""
