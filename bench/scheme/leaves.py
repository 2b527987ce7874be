"""What differs between two decoded payloads, value by value, and which of it by nature.

A payload is plain JSON, as the frames of a ledger hold it: mappings, lists, and values in which
octets are hexadecimal text. By nature differ counters and invocation ids, which follow the
originator counter (GBCS sections 4.3 and 7.3); times, by their name or their form; and, of what the
bench sent, the certificates of its own keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import NamedTuple

from asn1crypto import x509

from bench.errors import ProtocolError
from bench.protocols.cosem import date_time

NATURAL = re.compile(r"(^|_)(invoke_id|counter|time)$|SeqNumber$|Counter$|Time$")
"""Names of items that are counters or times of the run."""

SECONDS = range(473_385_600, 3_187_296_000)
"""2015 to the end of 2100, in seconds since 2000, as bounds of a log are given."""

_TIME_OCTETS = 12
_COUNTER_DIGITS = 16
_OCTETS = re.compile("(?:[0-9A-F]{2})+")
_EARLIEST, _LATEST = 2000, 2200  # years that a clock of a meter can show


class Reading(NamedTuple):
    """A frame as it was decoded: its payload, its originator counter, whether the bench sent it."""

    payload: object
    counter: int
    sent: bool

    @classmethod
    def of(cls, frame: Mapping[str, object]) -> Reading:
        """Return the reading of a stored frame; an empty one of what was not decoded."""
        decoded = frame.get("decoded")
        read = decoded if isinstance(decoded, Mapping) else {}
        counter = read.get("originator_counter")
        return cls(read.get("payload"), counter if isinstance(counter, int) else -1,
                   frame.get("direction") == "sent")


class Leaf(NamedTuple):
    """A value that differs: its path as ``data[0].value``, and what either payload has there."""

    path: str
    stored: object
    replayed: object
    by_nature: bool


def leaves_that_differ(stored: Reading, replayed: Reading) -> tuple[Leaf, ...]:
    """Return the values that differ, in the order of the stored payload, None for none."""
    left, right = dict(_leaves(stored.payload)), dict(_leaves(replayed.payload))
    paths = [*left, *(path for path in right if path not in left)]
    return tuple(
        Leaf(path, left.get(path), right.get(path),
             path in left and path in right and _natural(path, (left[path], right[path]),
                                                         (stored, replayed)))
        for path in paths if path not in left or path not in right or left[path] != right[path])


def located(before: bytes, after: bytes, leaves: Iterable[Leaf]) -> Iterator[tuple[range, Leaf]]:
    """Yield the octets of two payloads that each of ``leaves`` takes.

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


def _natural(path: str, values: tuple[object, object], frames: tuple[Reading, Reading]) -> bool:
    name = re.sub(r"(\[[0-9]+\])+$", "", path).rpartition(".")[2]
    if NATURAL.search(name) or all(map(is_time, values)) or _quote_counters(values, frames):
        return True
    return all(frame.sent for frame in frames) and all(
        value in SECONDS if isinstance(value, int) else _is_certificate(value) for value in values)


def _quote_counters(values: tuple[object, object], frames: tuple[Reading, Reading]) -> bool:
    """Return whether octets are the same but for the counter of the message that they are in."""
    rest = set()
    for value, frame in zip(values, frames, strict=True):
        counter = f"{frame.counter:0{_COUNTER_DIGITS}X}"
        if not isinstance(value, str) or counter not in value:
            return False
        rest.add(value.replace(counter, "-"))
    return len(rest) == 1


def is_time(value: object) -> bool:
    """Return whether a value is a time: 12 octets of a COSEM date-time, or ISO 8601."""
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


def _is_certificate(value: object) -> bool:
    if not isinstance(value, str) or not value.startswith("30") or not _OCTETS.fullmatch(value):
        return False
    try:
        found = x509.Certificate.load(bytes.fromhex(value), strict=True)
        return bool(found["tbs_certificate"]["subject_public_key_info"].native)
    except (ValueError, TypeError):
        return False


def _forms(value: object) -> tuple[bytes, ...]:
    """Return the octets that a value can be in a payload, the same forms in the same order."""
    if isinstance(value, str) and value and _OCTETS.fullmatch(value):
        return (bytes.fromhex(value),)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 64:
        return tuple(value.to_bytes(size, order) for size in (4, 8) if value < 1 << 8 * size
                     for order in ("big", "little"))
    return ()
