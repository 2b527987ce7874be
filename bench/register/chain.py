"""One entry of the chain: its content as text, and the hash over it and over the one before.

The hash is the SHA-256 of this JSON, keys sorted, no spaces, UTF-8::

    {"at":A,"certificate":C,"content":T,"kind":K,"model":M,"previous":P,"sequence":N,"subject":S}

``T`` is the content as the text that is stored, itself JSON of the same form; ``P`` the hash of
the entry before, 64 zeros for the first. So a check needs to hash stored text and to understand
none of it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from bench.errors import RegisterError
from bench.records.register import CONTENT, Content, Entry, EntryKind, Grant
from bench.records.serial import canonical, digest, from_json
from bench.records.subject import Subject
from bench.scheme.subject import subject_key

START = "0" * 64


class Stored(NamedTuple):
    """An entry as the database holds it, checked by nobody."""

    sequence: int
    at: str
    kind: str
    certificate: str
    subject: str
    model: str
    content: str
    previous: str
    hash: str

    @property
    def name(self) -> str:
        """How a message calls it."""
        of = f" of {self.certificate}" if self.certificate else ""
        return f"entry {self.sequence} ({self.kind}{of}, {self.at})"


def chained(sequence: int, at: str, kind: EntryKind, certificate: str, content: Content,
            previous: str) -> Stored:
    """Return the entry ``sequence`` after the hash ``previous``."""
    subject, model = keys(content)
    entry = Stored(sequence, at, kind.value, certificate, subject, model,
                   canonical(content).decode(), previous, "")
    return entry._replace(hash=entry_hash(entry))


def keys(content: Content) -> tuple[str, str]:
    """Return by what a grant is found: subject and model; ("", "") for what is no grant."""
    if not isinstance(content, Grant):
        return "", ""
    return subject_key(content.subject), model_key(content.subject)


def model_key(subject: Subject) -> str:
    """Return what a model is found by: the maker's id and the model."""
    return f"{subject.manufacturer_id}/{subject.model}"


def entry_hash(entry: Stored) -> str:
    """Return the hash that the entry must have."""
    fields: dict[str, Any] = entry._asdict()
    del fields["hash"]
    return digest(fields)


def flaw(entry: Stored, sequence: int, previous: str) -> str:
    """Return what is wrong with ``entry`` as number ``sequence`` after ``previous``, or ""."""
    if entry.hash != entry_hash(entry):
        return "what it holds is not what was entered"
    if (entry.sequence, entry.previous) != (sequence, previous):
        return ("it does not follow the entry before it: that one was rewritten, or entries were "
                "removed, inserted or moved")
    return ""


def read(stored: Stored) -> Entry:
    """Return the entry with its content as a record.

    Raises :class:`~bench.errors.RegisterError` where it holds none: the database was altered.
    """
    try:
        kind = EntryKind(stored.kind)
        content = from_json(CONTENT[kind], json.loads(stored.content))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as wrong:
        raise RegisterError(f"{stored.name} is no entry of a register: it was altered") from wrong
    return Entry(stored.sequence, stored.at, kind, stored.certificate, stored.subject,
                 stored.model, stored.content, stored.previous, stored.hash, content)
