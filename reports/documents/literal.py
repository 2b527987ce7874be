"""Values as literals of the Typst language, so that no text can ever become markup or code.

A template prints nothing but what :func:`literal` returns (it is the ``finalize`` of its Jinja2
environment): a string in quotes, a number, ``true``, ``none``, an array or a dictionary of these.
What the fonts cannot show, or a reader cannot see, is spelt out as ``\\u4e2d``: PDF/A allows no
missing glyph. Long words get places where a line may break.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

FONTS = Path(__file__).parent / "fonts"

LONGEST_WORD = 16
"""A run of so many characters without a space or hyphen is left whole."""
LONGEST_WHOLE = 64
"""Hexadecimal digits of a SHA-256: what :class:`Whole` keeps in one piece."""

_BREAK = "\\u{200b}"  # zero width space, as Typst writes it
_PIECE = 8
_EASY = re.compile(r"[ !#-\[\]-~]*")  # printable ASCII less quote and backslash
_WORD = re.compile(rf"[^\s-]{{{LONGEST_WORD + 1},}}")
_PIECES = re.compile(rf"(?s).{{1,{_PIECE}}}")


class Whole(str):
    """A text that must be copied as it is: a digest gets no places to break."""

    __slots__ = ()


def literal(value: object) -> str:
    """Return ``value`` as a Typst literal.

    Takes ``None``, booleans, integers, text, and sequences and mappings of these; raises
    ``TypeError`` for anything else, so that nothing is printed by accident.
    """
    if isinstance(value, str):
        return _text(value)
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value >= 0 else f"({value})"
    if isinstance(value, Mapping):
        inside = ",".join(f"{_text(key)}:{literal(item)}" for key, item in value.items())
        return f"({inside})" if inside else "(:)"
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return "(" + "".join(f"{literal(item)}," for item in value) + ")"
    raise TypeError(f"no literal of Typst stands for {type(value).__name__}")


def _text(text: str) -> str:
    whole = isinstance(text, Whole) and len(text) <= LONGEST_WHOLE
    if _EASY.fullmatch(text) and (whole or not _WORD.search(text)):
        return f'"{text}"'
    shown = "".join(map(_shown, text.replace("\r\n", "\n").replace("\t", " ")))
    if whole:
        return f'"{_escaped(shown)}"'
    parts = []
    end = 0
    for word in _WORD.finditer(shown):
        parts += [_escaped(shown[end:word.start()]),
                  _BREAK.join(map(_escaped, _PIECES.findall(word[0])))]
        end = word.end()
    return f'"{"".join(parts)}{_escaped(shown[end:])}"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _shown(letter: str) -> str:
    if letter == "\n" or ord(letter) in _covered():
        return letter
    return f"\\u{ord(letter):04x}"


@cache
def _covered() -> frozenset[int]:
    """Return the code points that every font of ours has a visible glyph, or a space, for."""
    from fontTools.ttLib import TTFont  # noqa: PLC0415  an extra

    cmaps = []
    for file in sorted(FONTS.glob("*.ttf")):
        with TTFont(file, lazy=True) as font:
            cmaps.append(frozenset(font.getBestCmap()))
    return frozenset(code for code in frozenset.intersection(*cmaps)
                     if unicodedata.category(chr(code)) not in UNSEEN)


UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that are not seen, or reorder what is."""
