"""DLMS for people: HDLC fields, wrapper, APDUs, objects and values by name, errors at their octet.

Public: :func:`explain` and :class:`Conversation` give plain JSON values, :func:`text_lines` their
text; :class:`Part` is a field of a message.
"""

from __future__ import annotations

from bench.protocols.dlms.explain.conversation import (
    FRAMINGS,
    Conversation,
    explain,
    framing_of,
)
from bench.protocols.dlms.explain.tree import Part, errors, text_lines
from bench.protocols.dlms.explain.values import MOST_ELEMENTS

__all__ = [
    "FRAMINGS", "MOST_ELEMENTS", "Conversation", "Part", "errors", "explain", "framing_of",
    "text_lines",
]
