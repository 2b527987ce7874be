"""Is the register what was entered, all of it, and by the rules?

Three questions for each entry, in order: does its hash fit what it holds, does it follow the entry
before it, and was it allowed when it was entered. The last one finds entries that somebody forged
together with all hashes after them, as far as they break a rule; a forger who keeps the rules and
rewrites everything is found by a hash that was noted elsewhere.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.errors import RegisterError
from bench.records.register import Change, Entry, Grant
from bench.register import rules
from bench.register.chain import START, Stored, flaw, keys, read


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong from entry ``sequence`` on."""

    sequence: int
    text: str


@dataclass(slots=True)
class _Replay:
    """The entries seen so far, as :class:`bench.register.rules.View`."""

    of: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    subjects: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    codings: dict[str, str] = field(default_factory=dict)
    newest: tuple[int, str] = (0, "")
    announced: str = ""  # the certificate that the next entry must grant

    def entries_of(self, certificate: str) -> Sequence[Entry]:
        return self.of.get(certificate, ())

    def granted_to(self, subject: str) -> Sequence[str]:
        return self.subjects.get(subject, ())

    def coding_of(self, model: str) -> str:
        return self.codings.get(model, "")

    def last(self) -> tuple[int, str]:
        return self.newest

    def take(self, stored: Stored) -> str:
        """Take the next entry; return what is wrong with it by the rules, "" if nothing."""
        try:
            entry = read(stored)
            rules.check(self, entry.at, entry.kind, entry.certificate, entry.content)
        except RegisterError as refused:
            return f"the rules do not allow it: {refused}"
        if (stored.subject, stored.model) != keys(entry.content):
            return "its keys are not those of its content"
        if self.announced not in ("", entry.certificate):
            return f"it does not grant {self.announced}, which the entry before it names"
        after = rules.certificate_id(entry.sequence + 1)
        self.announced = (after if isinstance(entry.content, Change)
                          and entry.content.successor == after else "")
        self.of[entry.certificate].append(entry)
        if isinstance(entry.content, Grant):
            self.subjects[entry.subject].append(entry.certificate)
            self.codings.setdefault(stored.model, entry.content.coding)
        self.newest = entry.sequence, entry.at
        return ""


def flaws(stored: Iterable[Stored], head: tuple[int, str], noted: str = "") -> Iterator[Flaw]:
    """Yield what is wrong; after the first wrong entry no other entry is looked at.

    ``head`` is what the database says of the last entry, ``noted`` a hash of an entry that was
    kept elsewhere, "" for none.
    """
    replay, sequence, previous, seen = _Replay(), 1, START, not noted
    for entry in stored:
        if entry.sequence > sequence:
            yield Flaw(sequence, f"entry {sequence} is missing; {entry.name} comes in its place")
            return
        wrong = flaw(entry, sequence, previous) or replay.take(entry)
        if wrong:
            yield Flaw(entry.sequence, f"{entry.name}: {wrong}")
            return
        sequence, previous, seen = sequence + 1, entry.hash, seen or entry.hash == noted
    last = sequence - 1
    if replay.announced:
        yield Flaw(sequence, f"entry {sequence}, which grants {replay.announced}, is missing")
    elif (last, previous) != head:
        yield Flaw(sequence, f"entry {sequence} is missing: the register ends with entry {last}, "
                             f"its head says {head[0]}" if last < head[0] else
                             f"the head of the register, {head[0]}, is not its last entry, {last}")
    elif not last:
        yield Flaw(1, "entry 1 is missing: the register was never opened")
    elif not seen:
        yield Flaw(1, f"no entry has the noted hash {noted}: entries were rewritten or removed")
