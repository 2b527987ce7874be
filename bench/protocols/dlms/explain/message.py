"""One APDU for people, of whatever kind: ACSE, ciphered, general blocks, or a plain service."""

from __future__ import annotations

from collections.abc import Sequence

from bench.errors import RemoteProtocolError
from bench.protocols.dlms.apdu.general_block import TAG as GENERAL_BLOCK
from bench.protocols.dlms.explain.associations import RECORDS, read_acse
from bench.protocols.dlms.explain.ciphered import read_ciphered
from bench.protocols.dlms.explain.cursor import Cursor
from bench.protocols.dlms.explain.memory import Memory
from bench.protocols.dlms.explain.services import read_general_block, read_service
from bench.protocols.dlms.explain.tree import Part
from bench.protocols.dlms.explain.values import MOST_ELEMENTS
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.tags import FORMS

_DEEPEST = 4  # protections within each other, beyond which nobody means it


class Reader:
    """Reads the APDUs of one conversation, with the keys of the client's side."""

    def __init__(self, keys: Sequence[Keys] = (), memory: Memory | None = None,
                 most: int = MOST_ELEMENTS) -> None:
        self.keys = tuple(keys)
        self.memory = memory or Memory()
        self.most = most

    def read(self, cursor: Cursor, depth: int = 0) -> str:
        """Read the APDU at the cursor, to its end; return what it is in one line.

        RemoteProtocolError where it is wrong; the parts up to there are kept.
        """
        if not cursor.left:
            raise RemoteProtocolError(cursor.at, "an APDU", "the end")
        tag = cursor.take(1)[0]
        if tag in RECORDS:
            return read_acse(cursor, self.memory, lambda inner: self.read(inner, depth + 1))
        if tag == GENERAL_BLOCK:
            return self._general_block(cursor, depth)
        if tag in FORMS and depth < _DEEPEST:
            return self._ciphered(cursor, depth)
        return read_service(cursor, self.memory, self.most)

    def within(self, octets: bytes, name: str, depth: int = 0) -> tuple[Part, str]:
        """Return ``octets``, which stand nowhere in the message, as a part, and their summary."""
        inner = Cursor(octets)
        summary = ""
        try:
            summary = self.read(inner, depth + 1)
        except RemoteProtocolError as wrong:
            inner.fail(wrong)
        return Part(0, 0, name, f"{len(octets)} octets", tuple(inner.parts), derived=True), summary

    def _ciphered(self, cursor: Cursor, depth: int) -> str:
        name, apdu = read_ciphered(cursor, self.memory, self.keys)
        if apdu is None:
            return name
        part, summary = self.within(apdu, "opened", depth)
        cursor.parts.append(part)
        return f"{name}: {summary}" if summary else name

    def _general_block(self, cursor: Cursor, depth: int) -> str:
        name, joined = read_general_block(cursor, self.memory)
        if joined is None:
            return name
        part, summary = self.within(joined, "joined blocks", depth)
        cursor.parts.append(part)
        return f"{name}: {summary}" if summary else name
