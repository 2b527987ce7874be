"""OBIS codes, the names of COSEM objects: six octets, written ``A-B:C.D.E.F`` (IEC 62056-61)."""

from __future__ import annotations

import re

from bench.errors import LocalProtocolError

_FORM = re.compile(r"(\d{1,3})-(\d{1,3}):(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})")


def parse(code: str) -> bytes:
    """Return the six octets of ``code``, such as ``0-0:1.0.0.255``; else LocalProtocolError."""
    match = _FORM.fullmatch(code)
    groups = [int(group) for group in match.groups()] if match else []
    if not groups or max(groups) > 255:
        raise LocalProtocolError(f"not an OBIS code A-B:C.D.E.F of 0..255 each: {code!r}")
    return bytes(groups)


def text(octets: bytes) -> str:
    """Return the written form of six octets; LocalProtocolError for any other number."""
    if len(octets) != 6:
        raise LocalProtocolError(f"an OBIS code has 6 octets, not {len(octets)}")
    a, b, c, d, e, f = octets
    return f"{a}-{b}:{c}.{d}.{e}.{f}"
