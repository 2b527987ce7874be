"""Records to plain JSON values and back, and the canonical form that hashes are taken over."""

from __future__ import annotations

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")

IF_ANY: Mapping[str, bool] = {"if any": True}
"""Metadata of a field that is left out where it is empty, so that what was written before the field
came keeps its octets."""

_PLAIN = frozenset({str, int, float, bool, type(None)})  # as they are; asked first, for speed
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def to_json(value: object) -> Any:
    """Return ``value`` (a record, or anything inside one) as plain JSON values; octets as hex."""
    kind: type = type(value)
    if kind in _PLAIN:
        return value
    if names := _field_names(kind):
        made = {name: to_json(getattr(value, name)) for name in names}
        for name in _if_any(kind):
            if not made[name]:
                del made[name]
        return made
    if isinstance(value, bytes | bytearray):
        return value.hex().upper()
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    return value.value if isinstance(value, enum.Enum) else value


def from_json(kind: type[T], value: Any) -> T:
    """Rebuild a record of type ``kind`` from what :func:`to_json` made of it."""
    return _build(kind, value)  # type: ignore[no-any-return]  # driven by the annotation


def canonical(value: object) -> bytes:
    """Return the one octet form of ``value``: sorted keys, no spaces, UTF-8."""
    return _CANONICAL.encode(to_json(value)).encode()


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical form, in 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


@cache
def _field_names(kind: type) -> tuple[str, ...]:
    """Return the names of a record's fields, none for what is no record."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


@cache
def _if_any(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind) if field.metadata == IF_ANY)


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _build(kind: Any, value: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        inner = [choice for choice in get_args(kind) if choice is not type(None)]
        return None if value is None else _build(inner[0], value)
    if origin is tuple:
        parts = get_args(kind)
        if len(parts) == 2 and parts[1] is Ellipsis:
            return tuple(_build(parts[0], item) for item in value)
        return tuple(_build(part, item) for part, item in zip(parts, value, strict=True))
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        known = {field.name for field in fields(kind)}
        return kind(**{name: _build(hints[name], item) for name, item in value.items()
                       if name in known})
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return kind(value)
    return value
