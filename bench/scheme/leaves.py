"""What differs between two decoded payloads, value by value, and which of it by nature.

A payload is plain JSON, as the frames of a ledger hold it: mappings, lists, and values in which
octets are hexadecimal text. By nature differ invocation ids, which follow the originator counter
(GBCS section 7.3), and times: an item named as one, or a value that is one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from bench.errors import ProtocolError
from bench.protocols.cosem import date_time

NATURAL = frozenset({"long_invoke_id", "invoke_id", "originator_counter", "date_time", "time",
                     "alert_time", "utc_time", "from_date_time"})
"""Names of items that are counters or times of the run."""

_TIME_OCTETS = 12
_OCTETS = re.compile("(?:[0-9A-F]{2})+")
_EARLIEST, _LATEST = 2000, 2200  # years that a clock of a meter can show


class Leaf(NamedTuple):
    """A value that differs: its path as ``data[0].value``, and what either payload has there."""

    path: str
    stored: object
    replayed: object
    by_nature: bool


def leaves_that_differ(stored: object, replayed: object) -> tuple[Leaf, ...]:
    """Return the values that differ, in the order of the stored payload, None for none."""
    left, right = dict(_leaves(stored)), dict(_leaves(replayed))
    paths = [*left, *(path for path in right if path not in left)]
    return tuple(
        Leaf(path, left.get(path), right.get(path), _natural(path, left.get(path),
                                                             right.get(path)))
        for path in paths if left.get(path) != right.get(path))


def located(before: bytes, after: bytes, leaves: Iterable[Leaf]) -> Iterator[tuple[range, Leaf]]:
    """Yield the octets of two payloads, of one length, that each of ``leaves`` takes.

    A value whose octets do not stand once in either payload, and at the same place, is left out.
    """
    for leaf in leaves:
        for left, right in zip(_forms(leaf.stored), _forms(leaf.replayed), strict=False):
            at = before.find(left)
            if len(left) == len(right) and at >= 0 and at == after.find(right) \
                    and before.count(left) == after.count(right) == 1:
                yield range(at, at + len(left)), leaf
                break


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    elif path:
        yield path, value


def _natural(path: str, stored: object, replayed: object) -> bool:
    if stored is None or replayed is None:
        return False
    name = re.sub(r"\[[0-9]+\]$", "", path).rpartition(".")[2]
    return name in NATURAL or (_is_time(stored) and _is_time(replayed))


def _is_time(value: object) -> bool:
    if not isinstance(value, str):
        return False
    if len(value) == 2 * _TIME_OCTETS and _OCTETS.fullmatch(value):
        try:
            moment = date_time.decode(bytes.fromhex(value)).as_datetime()
        except (ProtocolError, ValueError):
            return False
        return _EARLIEST <= moment.year < _LATEST
    try:
        return _EARLIEST <= datetime.fromisoformat(value).year < _LATEST and "-" in value
    except ValueError:
        return False


def _forms(value: object) -> tuple[bytes, ...]:
    """Return the octets that a value can be in a payload, the same forms in the same order."""
    if isinstance(value, str) and value and _OCTETS.fullmatch(value):
        return (bytes.fromhex(value),)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64:
        return tuple(value.to_bytes(size, order) for size in (4, 8) if value < 1 << 8 * size
                     for order in ("big", "little"))
    return ()
