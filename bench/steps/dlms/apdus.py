"""APDUs that a plan sends as they are, by name or in hexadecimal, and the names of those that come.

Named requests are harmless where a server does carry them out: they read the logical device name,
write it as it cannot be, or invoke a method that its class does not have.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bench.errors import LocalProtocolError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method
from bench.protocols.dlms.apdu import (
    ActionRequestNormal,
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    Selected,
    SetRequestNormal,
)

_INVOKE = 0xC1
DEVICE_NAME = Attribute(1, bytes((0, 0, 42, 0, 0, 255)), 2)
"""The logical device name, which every server shows to everybody."""

REQUESTS: Mapping[str, Callable[[], bytes]] = {
    "get": lambda: GetRequestNormal(_INVOKE, DEVICE_NAME).encode(),
    "get-next": lambda: GetRequestNext(_INVOKE, 1).encode(),
    "get-with-list": lambda: GetRequestWithList(
        _INVOKE, (Selected(DEVICE_NAME), Selected(DEVICE_NAME))).encode(),
    "set": lambda: SetRequestNormal(_INVOKE, DEVICE_NAME, None, Data(Tag.NULL_DATA, None)).encode(),
    "action": lambda: ActionRequestNormal(
        _INVOKE, Method(*DEVICE_NAME[:2], 1), Data(Tag.INTEGER, 0)).encode(),
}
"""Name -> a request, whole and right."""

ANSWERS: Mapping[int, str] = {
    0x0C: "read-response", 0x0D: "write-response", 0x0E: "confirmed-service-error",
    0x0F: "data-notification", 0x18: "information-report", 0x61: "aare", 0x63: "rlre",
    0xC2: "event-notification", 0xC4: "get-response", 0xC5: "set-response",
    0xC7: "action-response", 0xD8: "exception-response", 0xDA: "access-response",
    0xE0: "general-block-transfer",
}
"""First octet -> name of an APDU that a server sends (IEC 62056-5-3, tags of xDLMS and ACSE)."""


def written(text: str) -> bytes:
    """Return the request that a plan names or writes in hexadecimal; LocalProtocolError for
    neither."""
    if text in REQUESTS:
        return REQUESTS[text]()
    if not re.fullmatch("([0-9A-Fa-f]{2})+", text):
        raise LocalProtocolError(f"expected hexadecimal octets or one of {', '.join(REQUESTS)}; "
                                 f"found {text!r}")
    return bytes.fromhex(text)


def answer_name(octets: bytes) -> str:
    """Return the name of what came, its tag in hexadecimal where it has none."""
    return ANSWERS.get(octets[0], f"{octets[0]:02X}") if octets else "nothing"
