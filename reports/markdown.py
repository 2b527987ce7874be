"""Markdown for job pages of GitHub and GitLab, safe and of bounded length.

All that comes from a device, a plan or a person stands in a code span: there it is shown as it
is, and is no markup, HTML, link, mention or formula (CommonMark 0.31, 6.1). So the documents use
lists; tables, in which a code span cannot hold every text, have the bench's own words only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from reports.text import elided, visible

LONGEST_TEXT = 400  # characters of one foreign text
MOST_CHARACTERS = 60_000  # of a document; GitHub takes 1 MiB for a step, in UTF-8

_SPACE = re.compile(r"\s+")
_TICKS = re.compile("`+")


def code(text: object) -> str:
    """Return a foreign text as a code span on one line; an empty one as ``(empty)``."""
    shown = _SPACE.sub(" ", visible(elided(str(text), LONGEST_TEXT))).strip()
    if not shown:
        return "(empty)"
    fence = "`" * (max((len(run[0]) for run in _TICKS.finditer(shown)), default=0) + 1)
    pad = " " if "`" in (shown[0], shown[-1]) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def codes(texts: Iterable[object]) -> str:
    """Return several foreign texts, ``none`` where there are none."""
    return ", ".join(map(code, texts)) or "none"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table of the bench's own words and numbers."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def listed(title: str, items: Sequence[str], most: int) -> Iterator[str]:
    """Yield a section of list items, each of one or more lines, and what is left out of it."""
    if not items:
        return
    yield f"## {title} ({len(items)})\n"
    yield from items[:most]
    if len(items) > most:
        yield f"- and {len(items) - most} more"
    yield ""


def document(blocks: Iterable[str]) -> str:
    """Return the blocks, one below the other, cut at the end of a block and saying so."""
    kept: list[str] = []
    room = MOST_CHARACTERS
    for block in blocks:
        room -= len(block) + 1
        if room < 0:
            kept += ["", "The rest is left out of this page; the evidence holds it."]
            break
        kept.append(block)
    return "\n".join(kept).rstrip("\n") + "\n"
