"""Tags of protected APDUs, and of what is in them (IEC 62056-5-3, choice of the COSEM PDUs).

A service has one tag for a global and one for a dedicated key, or none: then only the general
forms protect it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from bench.protocols.dlms.security.counters import Key
from bench.protocols.dlms.security.protection import Envelope

GENERAL_GLO, GENERAL_DED, GENERAL_CIPHERING, GENERAL_SIGNING = 0xDB, 0xDC, 0xDD, 0xDF

_SERVICES = (  # plain, global, dedicated
    (0x01, 0x21, 0x41),  # initiate request
    (0x05, 0x25, 0x45),  # read request
    (0x06, 0x26, 0x46),  # write request
    (0x08, 0x28, 0x48),  # initiate response
    (0x0C, 0x2C, 0x4C),  # read response
    (0x0D, 0x2D, 0x4D),  # write response
    (0x0E, 0x2E, 0x4E),  # confirmed service error
    (0x16, 0x36, 0x56),  # unconfirmed write request
    (0x18, 0x38, 0x58),  # information report request
    (0xC0, 0xC8, 0xD0),  # get request
    (0xC1, 0xC9, 0xD1),  # set request
    (0xC2, 0xCA, 0xD2),  # event notification request
    (0xC3, 0xCB, 0xD3),  # action request
    (0xC4, 0xCC, 0xD4),  # get response
    (0xC5, 0xCD, 0xD5),  # set response
    (0xC7, 0xCF, 0xD7),  # action response
)

GLOBAL: Mapping[int, bytes] = {plain: bytes((glo,)) for plain, glo, _ in _SERVICES}
"""Plain tag to the tag under a global key."""
DEDICATED: Mapping[int, bytes] = {plain: bytes((ded,)) for plain, _, ded in _SERVICES}
"""Plain tag to the tag under the dedicated key."""


class Form(NamedTuple):
    """What a tag says: the envelope, whether the key is dedicated, the tag of what is inside."""

    envelope: Envelope
    dedicated: bool = False
    plain: bytes | None = None  # None: any


FORMS: Mapping[int, Form] = {
    **{glo: Form(Envelope.SERVICE, False, bytes((plain,))) for plain, glo, _ in _SERVICES},
    **{ded: Form(Envelope.SERVICE, True, bytes((plain,))) for plain, _, ded in _SERVICES},
    GENERAL_GLO: Form(Envelope.GENERAL),
    GENERAL_DED: Form(Envelope.GENERAL, dedicated=True),
    GENERAL_CIPHERING: Form(Envelope.CIPHERING),
    GENERAL_SIGNING: Form(Envelope.SIGNING),
}
"""By the first octet of an APDU; any other first octet is that of an unprotected one."""

SERVICE_KEYS = (Key.UNICAST, Key.BROADCAST, Key.DEDICATED)
"""Keys that the forms by service tag and general-glo, general-ded can use."""
