"""DLMS for people: HDLC fields, wrapper, APDUs, objects and values by name, errors at their octet.

Public: :func:`explain` and :class:`Conversation` give plain JSON values; :class:`Part` and
:func:`lines` a tree and its text.
"""

from __future__ import annotations

from bench.protocols.dlms.explain.conversation import (
    FRAMINGS,
    Conversation,
    explain,
    framing_of,
)
from bench.protocols.dlms.explain.tree import Part, errors, lines

__all__ = ["FRAMINGS", "Conversation", "Part", "errors", "explain", "framing_of", "lines"]
