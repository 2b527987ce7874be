"""One entry of the ledger and its line: form, hash, and the check of a line against the chain.

A line is ASCII JSON without spaces, its fields in this order::

    {"previous":P,"sequence":N,"time":T,"kind":K,"case":C,"attempt":A,"data":{...},"hash":H}

``H`` is the SHA-256 of the line's octets before ``,"hash"``, and ``P`` the hash of the entry
before (64 zeros for the first). So the check needs no JSON: it compares and hashes octets, and no
second writing of the same values can matter.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bench.errors import LedgerError
from bench.ledger.secrets import refuse_secrets
from bench.records.event import Event
from bench.records.serial import to_json

FILE = "ledger.jsonl"
CUT_FILE = "ledger.cut"

PLAN = "plan"
RUN_STARTED = "run-started"
RUN_RESUMED = "run-resumed"
RUN_ENDED = "run-ended"
OPERATOR_ANSWER = "operator-answer"  # what a person saw or did, and when

START = "0" * 64

_HASH_FIELD = b',"hash":"'
_TAIL = len(_HASH_FIELD) + 64 + len(b'"}\n')


def encode(event: Event, sequence: int, previous: str) -> tuple[bytes, str]:
    """Return the line of ``event`` as entry ``sequence`` after the hash ``previous``, and its hash.

    Raises :class:`~bench.errors.LedgerError` for data that is no JSON or holds a private key.
    """
    try:
        data = _DATA.encode(event.data)
    except (TypeError, ValueError, RecursionError) as wrong:
        raise LedgerError(
            f"the data of a {event.kind} entry is not plain JSON: {wrong}"
        ) from wrong
    head = (
        f'{{"previous":"{previous}","sequence":{sequence},"time":{json.dumps(event.time)}'
        f',"kind":{json.dumps(event.kind)},"case":{json.dumps(event.case)}'
        f',"attempt":{event.attempt:d},"data":{data}'
    ).encode("ascii")
    refuse_secrets(head, f"a {event.kind} entry")
    found = hashlib.sha256(head).hexdigest()
    return b'%b,"hash":"%b"}\n' % (head, found.encode()), found


def decode(line: bytes) -> Event:
    """Return the entry that a checked line holds."""
    fields = json.loads(line)
    return Event(fields["kind"], fields["case"], fields["attempt"], fields["time"],
                 fields["data"], fields["sequence"])


def stored_hash(line: bytes) -> str:
    """Return the hash that a whole line ends with, "" where it holds none."""
    if line[-_TAIL:].startswith(_HASH_FIELD) and line.endswith(b'"}\n'):
        return line[-67:-3].decode("ascii", errors="replace")
    return ""


def flaw(line: bytes, sequence: int, previous: str) -> str:
    """Return what is wrong with a whole line as entry ``sequence`` after ``previous``, or ""."""
    if stored_hash(line) != hashlib.sha256(line[:-_TAIL]).hexdigest():
        return "its octets are not those that were written"
    if not line.startswith(b'{"previous":"%b","sequence":%d,' % (previous.encode(), sequence)):
        return "it does not follow the entry before it: entries were removed, inserted or moved"
    return ""


def walk(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes, str]]:
    """Yield (sequence, line, flaw) for each whole line; flaw is "" where the chain holds.

    After a flaw the walk goes on from what the line says of itself, so that one change is
    reported once and not for every entry after it. A last line without its end is passed over.
    """
    sequence, previous = 0, START
    for line in lines:
        if not line.endswith(b"\n"):
            return
        wrong = flaw(line, sequence, previous)
        yield sequence, line, wrong
        sequence, previous = sequence + 1, stored_hash(line)
        if wrong:
            sequence = _own_sequence(line, sequence - 1) + 1


def _own_sequence(line: bytes, otherwise: int) -> int:
    try:
        own = json.loads(line)["sequence"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return otherwise
    return own if isinstance(own, int) else otherwise


def _plain(value: object) -> Any:
    plain = to_json(value)
    if plain is value and not isinstance(value, Mapping):
        raise TypeError(f"a {type(value).__name__} is no JSON value")
    return plain


_DATA = json.JSONEncoder(default=_plain, sort_keys=True, separators=(",", ":"), allow_nan=False)
