"""Wrong APDUs, made on purpose from right ones by name: the counterpart of the strict decoder.

A mutation changes one thing. After some no APDU is left, so that a strict reader refuses the octets
(``sound`` is false); others leave an APDU that says something else, which only the association, the
service or the object can refuse (true); of the rest it depends on the APDU. Of an AARQ, what its
plain initiate request says is changed too. Ciphered APDUs are spoilt by ``security.mutation``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.length import decode_length, encode_length
from bench.protocols.dlms.apdu import (
    Aare,
    Aarq,
    Apdu,
    Conformance,
    Context,
    InitiateRequest,
    Rlre,
    Rlrq,
    decode,
    mechanism_name,
)
from bench.protocols.dlms.apdu.ber import element, read_head
from bench.protocols.dlms.apdu.form import Service

Spans = Mapping[str, slice]
"""Where the parts of an APDU lie, by name."""


@dataclass(frozen=True, slots=True)
class Mutation:
    """One named way to spoil an APDU; ``part`` is what it changes."""

    name: str
    part: str
    sound: bool | None
    change: Callable[[bytes, Spans], bytes]


def mutate(octets: bytes, name: str) -> bytes:
    """Return a right APDU spoilt by the mutation ``name``.

    LocalProtocolError for an unknown name, and for an APDU that has no such part or that the
    mutation would leave as it is.
    """
    changed = _changed(octets, name)
    if changed == octets:
        raise LocalProtocolError(f"{name} changes nothing in {type(decode(octets)).__name__}")
    return changed


def applicable(octets: bytes, name: str) -> bool:
    """Return whether the mutation would change the APDU."""
    return _changed(octets, name) != octets


def applicable_to(octets: bytes) -> tuple[str, ...]:
    """Return the names of all mutations that would change the APDU, in the table's order."""
    return tuple(name for name in MUTATIONS if applicable(octets, name))


def spans(octets: bytes) -> dict[str, slice]:
    """Return where tag, choice and fields of a right APDU lie; of ACSE, its elements.

    Of a reference to an attribute or method also class id, instance and index.
    """
    record = decode(octets)
    found = {"apdu": slice(0, len(octets)), "tag": slice(0, 1)}
    if isinstance(record, Service):
        offset = len(record.form.head)
        if offset == 2:
            found["choice"] = slice(1, 2)
        for name, field in zip(record.__slots__, record.form.fields, strict=True):
            _, end = field.read(octets, offset)
            found[name] = slice(offset, end)
            if field.kind == "reference":
                found |= {"class_id": slice(offset, offset + 2),
                          "instance": slice(offset + 2, offset + 8),
                          "index": slice(offset + 8, offset + 9)}
            offset = end
    elif isinstance(record, (Aarq, Aare, Rlrq, Rlre)):
        _, offset, end = read_head(octets, 0, len(octets))
        found["length"] = slice(1, offset)
        names = {each.tag: each.name for each in record.elements}
        while offset < end:
            tag, _, behind = read_head(octets, offset, end)
            found[names[tag]] = slice(offset, behind)
            offset = behind
    return found


def _changed(octets: bytes, name: str) -> bytes:
    if name not in MUTATIONS:
        raise LocalProtocolError(f"no mutation {name!r}")
    mutation = MUTATIONS[name]
    where = spans(octets)
    return mutation.change(octets, where) if mutation.part in where else octets


def _put(part: str, change: Callable[[bytes], bytes]) -> Callable[[bytes, Spans], bytes]:
    """Return the mutation that changes the octets of one part."""
    def apply(octets: bytes, where: Spans) -> bytes:
        span = where[part]
        return octets[: span.start] + change(octets[span]) + octets[span.stop :]

    return apply


def _octets(value: bytes) -> Callable[[bytes], bytes]:
    return lambda _: value


def _flip(bits: int) -> Callable[[bytes], bytes]:
    return lambda octets: octets[:-1] + bytes((octets[-1] ^ bits,))


def _add(difference: int) -> Callable[[bytes], bytes]:
    return lambda octets: ((int.from_bytes(octets, "big") + difference)
                           % (1 << 8 * len(octets))).to_bytes(len(octets), "big")


def _cut(part: str) -> Callable[[bytes, Spans], bytes]:
    return lambda octets, where: octets[: where[part].start]


def _invoke(change: Callable[[int], int]) -> Callable[[bytes], bytes]:
    return lambda octets: bytes((change(octets[0]),))


def _with_flag(octets: bytes) -> bytes:
    return b"\x02" + octets[1:]


def _length(change: int) -> Callable[[bytes], bytes]:
    """Return a change of the length in front of an octet string, not of the string."""
    def apply(octets: bytes) -> bytes:
        length, start = decode_length(octets, 0)
        return encode_length(max(length + change, 0)) + octets[start:]

    return apply


def _long_length(octets: bytes) -> bytes:
    """Return an octet string with its length in one octet more than need be."""
    length, start = decode_length(octets, 0)
    short = length.to_bytes(start, "big")
    return bytes((0x80 | start,)) + short + octets[start:]


def _record(change: Callable[[Any], Any]) -> Callable[[bytes, Spans], bytes]:
    """Return the mutation that makes another record and writes it."""
    def apply(octets: bytes, _: Spans) -> bytes:
        record = decode(octets)
        changed = change(record)
        return octets if changed == record else bytes(changed.encode())

    return apply


def _field(name: str, change: Callable[[Any], Any]) -> Callable[[bytes, Spans], bytes]:
    return _record(lambda record: replace(record, **{name: change(getattr(record, name))}))


def _initiate(name: str, change: Callable[[Any], Any]) -> Callable[[bytes, Spans], bytes]:
    """Return the mutation of an initiate request, or of the one in an AARQ."""
    def apply(record: Any) -> Any:
        if isinstance(record, InitiateRequest):
            return replace(record, **{name: change(getattr(record, name))})
        information = getattr(record, "user_information", None)
        if not isinstance(record, Aarq) or information is None or information[:1] != b"\x01":
            return record
        inner = decode(information)
        return replace(record, user_information=apply(inner).encode())

    return _record(apply)


def _elements(change: Callable[[list[bytes]], list[bytes]]) -> Callable[[bytes, Spans], bytes]:
    """Return the mutation that puts the elements of an ACSE APDU in another order or number."""
    def apply(octets: bytes, where: Spans) -> bytes:
        inner = [octets[span] for name, span in where.items()
                 if name not in ("apdu", "tag", "length")]
        return element(octets[0], b"".join(change(inner)))

    return apply


_ANSWERS = {0xC0: 0xC4, 0xC1: 0xC5, 0xC3: 0xC7, 0x05: 0x0C, 0x06: 0x0D, 0x60: 0x61, 0x62: 0x63,
            0x01: 0x08, 0xD9: 0xDA}
_UNKNOWN_INSTANCE = bytes.fromhex("000080FFFE7B")  # 0-0:128.255.254.123, of a maker's range
_NULL = Data(Tag.NULL_DATA, None)

# Parts of any APDU: name -> part, whether an APDU is left, change.
_ANY: Mapping[str, tuple[str, bool | None, Callable[[bytes, Spans], bytes]]] = {
    "empty": ("apdu", False, _put("apdu", _octets(b""))),
    "tag-only": ("apdu", False, _put("apdu", lambda octets: octets[:1])),
    "truncated-by-one": ("apdu", False, _put("apdu", lambda octets: octets[:-1])),
    "truncated-to-half": ("apdu", False, _put("apdu", lambda octets: octets[: len(octets) // 2])),
    "trailing-octet": ("apdu", False, _put("apdu", lambda octets: octets + b"\0")),
    "trailing-apdu": ("apdu", False, _put("apdu", lambda octets: octets * 2)),
    "tag-missing": ("apdu", None, _put("apdu", lambda octets: octets[1:])),
    "tag-unknown": ("tag", False, _put("tag", _octets(b"\xff"))),
    "tag-zero": ("tag", False, _put("tag", _octets(b"\0"))),
    "tag-of-answer": ("tag", None, _put("tag", lambda octets: bytes(
        (_ANSWERS.get(octets[0], octets[0]),)))),
    "choice-zero": ("choice", False, _put("choice", _octets(b"\0"))),
    "choice-unknown": ("choice", False, _put("choice", _octets(b"\x7f"))),
    "choice-next": ("choice", None, _put("choice", _add(1))),
}

# Fields of services.
_SERVICES: Mapping[str, tuple[str, bool | None, Callable[[bytes, Spans], bytes]]] = {
    "invoke-missing": ("invoke", False, _cut("invoke")),
    "invoke-id-other": ("invoke", True, _put("invoke", _invoke(
        lambda octet: octet & 0xF0 | octet + 1 & 0x0F))),
    "invoke-unconfirmed": ("invoke", True, _put("invoke", _invoke(lambda octet: octet & ~0x40))),
    "invoke-priority-other": ("invoke", True, _put("invoke", _flip(0x80))),
    "invoke-reserved-set": ("invoke", True, _put("invoke", _invoke(lambda octet: octet | 0x30))),
    "class-missing": ("class_id", False, _cut("class_id")),
    "class-zero": ("class_id", True, _put("class_id", _octets(b"\0\0"))),
    "class-other": ("class_id", True, _put("class_id", _flip(0x40))),
    "class-unknown": ("class_id", True, _put("class_id", _octets(b"\xff\xfe"))),
    "instance-missing": ("instance", False, _cut("instance")),
    "instance-short": ("instance", None, _put("instance", lambda octets: octets[:-1])),
    "instance-long": ("instance", None, _put("instance", lambda octets: octets + b"\xff")),
    "instance-unknown": ("instance", True, _put("instance", _octets(_UNKNOWN_INSTANCE))),
    "index-missing": ("index", False, _cut("index")),
    "index-zero": ("index", True, _put("index", _octets(b"\0"))),
    "index-unknown": ("index", True, _put("index", _octets(b"\x7f"))),
    "selection-missing": ("selection", False, _cut("selection")),
    "selection-flag-wrong": ("selection", False, _put("selection", _with_flag)),
    "selection-announced": ("selection", None, _put("selection", lambda octets: (
        b"\x01" if octets == b"\0" else octets))),
    "selector-unknown": ("selection", True, _field("selection", lambda selection: (
        selection and selection._replace(selector=0xFE)))),
    "selection-null": ("selection", True, _field("selection", lambda selection: (
        selection and selection._replace(parameters=_NULL)))),
    "value-missing": ("value", False, _cut("value")),
    "value-tag-unknown": ("value", False, _put("value", lambda octets: b"\xfe" + octets[1:])),
    "value-null": ("value", True, _field("value", lambda _: _NULL)),
    "parameter-missing": ("parameter", False, _cut("parameter")),
    "parameter-flag-wrong": ("parameter", False, _put("parameter", _with_flag)),
    "parameter-left-out": ("parameter", True, _field("parameter", lambda _: None)),
    "parameter-null": ("parameter", True, _field("parameter", lambda _: _NULL)),
    "list-empty": ("attributes", True, _field("attributes", lambda _: ())),
    "list-repeated": ("attributes", True, _field("attributes", lambda each: each * 2)),
    "list-count-more": ("attributes", None, _put("attributes", lambda octets: (
        _add(1)(octets[:1]) + octets[1:]))),
    "list-count-fewer": ("attributes", None, _put("attributes", lambda octets: (
        _add(-1)(octets[:1]) + octets[1:]))),
    "values-fewer": ("values", True, _field("values", lambda each: each[:-1])),
    "parameters-fewer": ("parameters", True, _field("parameters", lambda each: each[:-1])),
}

# Fields of blocks.
_BLOCKS: Mapping[str, tuple[str, bool | None, Callable[[bytes, Spans], bytes]]] = {
    "number-missing": ("number", False, _cut("number")),
    "number-zero": ("number", True, _put("number", lambda octets: bytes(len(octets)))),
    "number-before": ("number", True, _put("number", _add(-1))),
    "number-next": ("number", True, _put("number", _add(1))),
    "number-highest": ("number", True, _put("number", lambda octets: b"\xff" * len(octets))),
    "last-other": ("last", True, _put("last", lambda octets: bytes((octets[0] == 0,)))),
    "last-flag-wrong": ("last", False, _put("last", _octets(b"\x02"))),
    "raw-length-more": ("raw", False, _put("raw", _length(1))),
    "raw-length-fewer": ("raw", None, _put("raw", _length(-1))),
    "raw-length-long": ("raw", False, _put("raw", _long_length)),
    "raw-empty": ("raw", True, _field("raw", _octets(b""))),
    "raw-flip": ("raw", None, _put("raw", _flip(1))),
}

# What an initiate request proposes, by itself or in an AARQ.
_INITIATES: Mapping[str, Callable[[bytes, Spans], bytes]] = {
    "version-lower": _initiate("dlms_version", lambda _: 5),
    "version-higher": _initiate("dlms_version", lambda _: 7),
    "version-zero": _initiate("dlms_version", lambda _: 0),
    "conformance-none": _initiate("conformance", lambda _: Conformance(0)),
    "conformance-all": _initiate("conformance", lambda _: Conformance(0xFFFFFF)),
    "conformance-reserved": _initiate(
        "conformance", lambda block: block | Conformance.RESERVED_0 | Conformance.RESERVED_7),
    "max-pdu-zero": _initiate("max_pdu", lambda _: 0),
    "max-pdu-tiny": _initiate("max_pdu", lambda _: 11),  # 12 is the least that makes sense
    "quality-of-service-added": _initiate("quality_of_service", lambda _: 5),
    "response-not-allowed": _initiate("response_allowed", lambda _: False),
    "dedicated-key-short": _initiate("dedicated_key", lambda _: bytes(8)),
}

_NONE = lambda _: None  # noqa: E731  an element left out
# Elements of ACSE: name -> element, change of its value.
_VALUES: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "protocol-version-other": ("protocol_version", lambda _: "01"),
    "context-unknown": ("context", lambda _: f"{Context.LN[:-1]}9"),
    "context-ciphered": ("context", lambda context: {
        str(Context.LN): Context.LN_CIPHERED, str(Context.SN): Context.SN_CIPHERED,
    }.get(context, context)),
    "context-of-short-names": ("context", lambda context: {
        str(Context.LN): Context.SN, str(Context.LN_CIPHERED): Context.SN_CIPHERED,
    }.get(context, context)),
    "calling-title-left-out": ("calling_ap_title", _NONE),
    "calling-title-short": ("calling_ap_title", lambda title: title and title[:-1]),
    "calling-title-flip": ("calling_ap_title", lambda title: title and _flip(1)(title)),
    "called-title-added": ("called_ap_title", lambda _: bytes(8)),
    "called-qualifier-added": ("called_ae_qualifier", lambda _: b"\0"),
    "called-ap-invocation-added": ("called_ap_invocation_id", lambda _: 1),
    "called-ae-invocation-added": ("called_ae_invocation_id", lambda _: 1),
    "calling-qualifier-added": ("calling_ae_qualifier", lambda _: b"\0"),
    "calling-ap-invocation-added": ("calling_ap_invocation_id", lambda _: 1),
    "user-id-added": ("calling_ae_invocation_id", lambda _: 0x7F),
    "requirements-left-out": ("acse_requirements", _NONE),
    "requirements-zero": ("acse_requirements", lambda bits: bits and "0"),
    "mechanism-left-out": ("mechanism", _NONE),
    "mechanism-unknown": ("mechanism", lambda name: name and mechanism_name(99)),
    "authentication-left-out": ("authentication_value", _NONE),
    "authentication-empty": ("authentication_value", lambda value: value and b""),
    "authentication-short": ("authentication_value", lambda value: value and value[:4]),
    "authentication-long": ("authentication_value", lambda value: value and (value * 9)[:65]),
    "authentication-flip": ("authentication_value", lambda value: value and _flip(1)(value)),
    "implementation-added": ("implementation_information", lambda _: b"bench"),
    "user-information-left-out": ("user_information", _NONE),
    "user-information-empty": ("user_information", lambda value: value and b""),
    "user-information-truncated": ("user_information", lambda value: value and value[:-1]),
    "user-information-extended": ("user_information", lambda value: value and value + b"\0"),
    "user-information-flip": ("user_information", lambda value: value and b"\xff" + value[1:]),
    "reason-left-out": ("reason", _NONE),
    "reason-unknown": ("reason", lambda _: 99),
}


def _value(name: str, change: Callable[[Any], Any]) -> Callable[[bytes, Spans], bytes]:
    def apply(record: Apdu) -> Apdu:
        if not isinstance(record, (Aarq, Aare, Rlrq, Rlre)) or not hasattr(record, name):
            return record
        return replace(record, **{name: change(getattr(record, name))})

    return _record(apply)


_ELEMENTS: Mapping[str, tuple[bool | None, Callable[[bytes, Spans], bytes]]] = {
    "context-left-out": (False, _elements(
        lambda each: [one for one in each if one[0] != 0xA1])),
    "context-twice": (False, _elements(lambda each: [
        one for one in each for _ in range(1 + (one[0] == 0xA1))])),
    "elements-reversed": (False, _elements(lambda each: each[::-1])),
    "element-unknown": (False, _elements(lambda each: [*each, element(0xBC, b"\0")])),
    "length-more": (False, _put("length", _length(1))),
    "length-fewer": (False, _put("length", _length(-1))),
    "length-indefinite": (False, _put("length", _octets(b"\x80"))),
}

MUTATIONS: Mapping[str, Mutation] = {mutation.name: mutation for mutation in (
    *(Mutation(name, part, sound, change)
      for table in (_ANY, _SERVICES, _BLOCKS) for name, (part, sound, change) in table.items()),
    *(Mutation(name, "apdu", True, change) for name, change in _INITIATES.items()),
    *(Mutation(name, "length", True, _value(field, change))
      for name, (field, change) in _VALUES.items()),
    *(Mutation(name, "length", sound, change) for name, (sound, change) in _ELEMENTS.items()))}
