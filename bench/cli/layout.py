"""How the text forms of the commands are laid out: names, values and sources in columns.

As wide as the terminal, 100 characters where there is none; what is narrower wraps within its
column. Octets that are long are shortened and their number said: all of them are in the JSON form.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

_WITHOUT_TERMINAL = 100
_NARROWEST = 60
_HEAD = 27  # the column of names in a record
_INDENT = 2
_NARROW = 28  # a column of sources
_LONGEST_OCTETS = 32  # of these, what fits a line whatever the terminal
_SHOWN_OCTETS = 12
_OCTETS = re.compile(r"(?:[0-9A-F]{2})+")


@dataclass(slots=True)
class Node:
    """One line of a tree: a name, its value and where it comes from, and what lies below it."""

    name: str
    value: str = ""
    source: str = ""
    below: list[Node] = field(default_factory=list)


def width() -> int:
    """Return how many characters a line may have."""
    return max(_NARROWEST, shutil.get_terminal_size((_WITHOUT_TERMINAL, 24)).columns)


def at_terminal() -> bool:
    """Return whether a person reads: at a terminal, not behind a pipe or in a file."""
    return sys.stdout.isatty()


def printable(text: str) -> str:
    """Return a text of a device so that it cannot steer a terminal; long octets shortened."""
    return octets(text) if text.isprintable() else json.dumps(text)


def octets(text: str) -> str:
    """Return hexadecimal text as it is, or shortened and with its length."""
    if len(text) <= 2 * _LONGEST_OCTETS or not _OCTETS.fullmatch(text):
        return text
    return f"{text[:2 * _SHOWN_OCTETS]}... ({len(text) // 2} octets)"


def fact(name: str, value: str, wide: int) -> Iterator[str]:
    """Yield one named value of a record: a line for what reads a pipe, wrapped at a terminal."""
    yield from _wrapped(f"{name:<{_HEAD}}", value or "none",
                        wide if at_terminal() else sys.maxsize)


def tree(nodes: Sequence[Node], wide: int) -> Iterator[str]:
    """Yield the lines of a tree: names indented, values and sources in columns of their own.

    A name or value that leaves no room for what comes next has a line to itself; a source wraps
    within its column, below its value where that column would be narrow. What has no value has its
    source in the column of values.
    """
    rows = list(_rows(nodes, 0))
    names = min(max((len(name) for name, value, _ in rows if value), default=0), wide // 2) + 2
    values = max((len(value) for _, value, _ in rows if len(value) <= wide // 3), default=0) + 2
    for name, value, source in rows:
        yield from _row(name, value, source, (names, values, wide))


def _row(name: str, value: str, source: str, widths: tuple[int, int, int]) -> Iterator[str]:
    names, values, wide = widths
    start = names + values if value else max(names, len(name) + 2)  # of the source
    if value and len(name) + 2 > names:
        yield name
        name = ""
    line = f"{name:<{names}}{value}"
    narrow = wide - start < _NARROW
    if not source or len(line) + 2 > start or (narrow and start + len(source) > wide):
        yield from _wrapped(f"{name:<{names}}", value, wide) if value else (name,)
        line, start = "", 2 * _INDENT + (names if value else len(name) - len(name.lstrip()))
    if source:
        yield from _wrapped(f"{line:<{start}}", source, wide, broken=True)


def _rows(nodes: Iterable[Node], depth: int) -> Iterator[tuple[str, str, str]]:
    for node in nodes:
        yield " " * (_INDENT * depth) + node.name, node.value, node.source
        yield from _rows(node.below, depth + 1)


# Long words are left whole, so that a path or octets can be copied; not so those of a source.
def _wrapped(head: str, text: str, wide: int, *, broken: bool = False) -> Iterator[str]:
    if len(head) + len(text) <= wide:
        yield (head + text).rstrip()
        return
    lines = textwrap.wrap(text, max(wide - len(head), _NARROWEST // 3), break_on_hyphens=False,
                          break_long_words=broken)
    yield head + lines[0]
    for line in lines[1:]:
        yield " " * len(head) + line
