"""How a plan names COSEM objects and values: ``8/0-0:1.0.0.255/a2``, ``{double-long: 5}``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator

from bench.errors import LocalProtocolError
from bench.protocols.cosem import obis
from bench.protocols.cosem.data import Data, Tag
from bench.protocols.cosem.reference import Attribute, Method
from bench.protocols.cosem.values import SEQUENCES

_FORM = re.compile(r"(\d{1,5})/([^/]+)/([am])(\d{1,3})")
_TAGS = {tag.name.lower().replace("_", "-"): tag for tag in Tag}
_OCTETS = frozenset((Tag.OCTET_STRING, Tag.DATE_TIME, Tag.DATE, Tag.TIME))


def attribute(text: str) -> Attribute:
    """Return the attribute that ``text`` names; LocalProtocolError if it names none."""
    return Attribute(*_parts(text, "a"))


def method(text: str) -> Method:
    """Return the method that ``text`` names; LocalProtocolError if it names none."""
    return Method(*_parts(text, "m"))


def data(written: Any) -> Data:
    """Return the value that a plan writes as ``{type: value}``; LocalProtocolError if it is none.

    Types have their standard names. Octets are hexadecimal, arrays and structures lists of values
    of the same form, null-data has ``null``.
    """
    if not isinstance(written, Mapping) or len(written) != 1:
        raise LocalProtocolError(f"a value is written {{type: value}}, not {written!r}")
    (name, value), = written.items()
    tag = _TAGS.get(str(name))
    if tag is None:
        raise LocalProtocolError(f"no type {name!r}; known are {', '.join(_TAGS)}")
    if tag in SEQUENCES:
        return Data(tag, tuple(data(one) for one in value))
    return Data(tag, bytes.fromhex(value) if tag in _OCTETS else value)


def _parts(text: str, kind: str) -> tuple[int, bytes, int]:
    found = _FORM.fullmatch(text)
    if found is None or found[3] != kind:
        raise LocalProtocolError(f"expected class/obis/{kind}N, such as 8/0-0:1.0.0.255/{kind}2; "
                                 f"found {text!r}")
    return int(found[1]), obis.parse(found[2]), int(found[4])


def _checked(parse: Any) -> AfterValidator:
    def check(text: str) -> str:
        try:
            parse(text)
        except LocalProtocolError as wrong:
            raise ValueError(str(wrong)) from None
        return text

    return AfterValidator(check)


AttributeName = Annotated[str, _checked(attribute)]
MethodName = Annotated[str, _checked(method)]
