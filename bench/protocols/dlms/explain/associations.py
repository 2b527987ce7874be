"""AARQ, AARE, RLRQ and RLRE for people: every element by name, the user information read on.

What an element may hold is told leniently here; the strict reading of the record says what is
wrong, at its octet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.classes import forms
from bench.protocols.dlms.apdu import Aare, Aarq, Context, Rlre, Rlrq
from bench.protocols.dlms.apdu.acse import (
    DIAGNOSTICS,
    RELEASE_REQUEST_REASONS,
    RELEASE_RESPONSE_REASONS,
    Acse,
)
from bench.protocols.dlms.apdu.ber import read_head
from bench.protocols.dlms.apdu.object_identifier import decode as decode_identifier
from bench.protocols.dlms.explain.cursor import Cursor
from bench.protocols.dlms.explain.memory import Memory
from bench.protocols.dlms.explain.naming import HIDDEN
from bench.protocols.dlms.explain.tree import Part

RECORDS: Mapping[int, type[Acse]] = {each.tag: each for each in (Aarq, Aare, Rlrq, Rlre)}
_CONTEXTS: Mapping[str, str] = {
    Context.LN: "logical names, no ciphering", Context.SN: "short names, no ciphering",
    Context.LN_CIPHERED: "logical names with ciphering",
    Context.SN_CIPHERED: "short names with ciphering"}
_MECHANISMS = ("lowest level, no security", "low-level security", "high-level security",
               "high-level security, MD5", "high-level security, SHA-1",
               "high-level security, GMAC", "high-level security, SHA-256",
               "high-level security, ECDSA")
_LOW_LEVEL = 1
_RESULTS = ("accepted", "rejected, permanent", "rejected, transient")

Inner = Callable[[Cursor], str]


def read_acse(cursor: Cursor, memory: Memory, inner: Inner) -> str:
    """Read the ACSE APDU at the cursor, to its end; ``inner`` reads the user information."""
    start = cursor.at
    record = RECORDS[cursor.take(1)[0]]
    name = record.__name__.upper()
    _, content, end = read_head(cursor.octets, start, cursor.end)
    cursor.add(Part(start, content - start, "tag and length",
                    f"{record.tag:02X} {name}, {end - content} octets"))
    summary = name
    while cursor.at < end:
        summary += _element(cursor, record, end, memory, inner)
    if end != cursor.end:
        raise RemoteProtocolError(end, f"the end of the {name}", f"{cursor.end - end} octets more")
    record.read(cursor.octets[start:end])  # strictly: order, values, what must be there
    return summary


def _element(cursor: Cursor, record: type[Acse], end: int, memory: Memory, inner: Inner) -> str:
    at = cursor.at
    tag, start, behind = read_head(cursor.octets, at, end)
    known = next((each for each in record.elements if each.tag == tag), None)
    name = known.name.replace("_", "-") if known else f"element {tag:02X}"
    if name == "user-information":
        _, start, _ = read_head(cursor.octets, start, behind)
        with cursor.group(name) as said:
            cursor.add(Part(at, start - at, "tags and lengths",
                            cursor.octets[at:start].hex().upper()))
            nested = Cursor(cursor.octets, start, behind)
            try:
                said[0] = inner(nested).partition(",")[0]
            except RemoteProtocolError as wrong:
                nested.fail(wrong)
            cursor.parts.extend(nested.parts)
            cursor.at = behind
        return f", {said[0]}" if said[0] else ""
    value = _value(name, cursor.octets, start, behind, memory)
    cursor.add(Part(at, behind - at, name, value))
    return f", {value}" if name in ("context", "mechanism", "result", "diagnostic") else ""


def _value(name: str, octets: bytes, start: int, end: int, memory: Memory) -> str:
    if name == "diagnostic":
        return _diagnostic(octets, start, end)
    if name in ("mechanism", "protocol-version", "acse-requirements", "reason",
                "implementation-information"):
        content = octets[start:end]
    else:  # an element within the element
        _, inner, inner_end = read_head(octets, start, end)
        content = octets[inner:inner_end]
    if name == "mechanism":
        memory.mechanism = content[-1] if content else 0
    if name.endswith("ap-title") and len(content) == 8:
        if name == "calling-ap-title":
            memory.client_title = content
        elif name == "responding-ap-title":
            memory.server_title = content
    if name == "authentication-value" and memory.mechanism == _LOW_LEVEL:
        return f"{len(content)} octets: {HIDDEN}"
    return _WRITTEN.get(name, _hexadecimal)(content)


def _hexadecimal(content: bytes) -> str:
    return content.hex().upper() or "empty"


def _diagnostic(octets: bytes, start: int, end: int) -> str:
    source, inner, inner_end = read_head(octets, start, end)
    _, number, number_end = read_head(octets, inner, inner_end)
    code = int.from_bytes(octets[number:number_end], "big")
    names = DIAGNOSTICS.get(source & 0x0F, ())
    said = names[code] if code < len(names) else "unknown"
    return f"{code} {said} ({'user' if source & 0x0F == 1 else 'provider'})"


def _identifier(names: Callable[[str], str]) -> Callable[[bytes], str]:
    def text(content: bytes) -> str:
        dotted = decode_identifier(content)
        return f"{dotted} ({names(dotted)})"

    return text


def _mechanism(dotted: str) -> str:
    number = int(dotted.rpartition(".")[2])
    return _MECHANISMS[number] if number < len(_MECHANISMS) else "unknown"


def _coded(names: Mapping[int, str] | tuple[str, ...]) -> Callable[[bytes], str]:
    known = dict(enumerate(names)) if isinstance(names, tuple) else names

    def text(content: bytes) -> str:
        number = int.from_bytes(content, "big")
        return f"{number} {known.get(number, 'unknown')}"

    return text


_REASONS = {**RELEASE_REQUEST_REASONS, **RELEASE_RESPONSE_REASONS}


def _title(content: bytes) -> str:
    return f"{content.hex().upper()} ({forms.text('system-title', content)})"


_WRITTEN: Mapping[str, Callable[[bytes], str]] = {
    "context": _identifier(lambda dotted: _CONTEXTS.get(dotted, "unknown")),
    "mechanism": _identifier(_mechanism),
    "result": _coded(_RESULTS), "reason": _coded(_REASONS),
    "calling-ap-title": _title, "called-ap-title": _title, "responding-ap-title": _title,
}
