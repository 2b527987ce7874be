"""A strict reader of DER for certificates (X.690 sections 8 and 10).

Only what certificates use is here; tags of several octets and indefinite lengths are refused.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from bench.errors import RemoteProtocolError

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTC_TIME, GENERALIZED_TIME, SEQUENCE, SET = 0x17, 0x18, 0x30, 0x31

_LONGEST_ARC = 16  # octets, so that an identifier stays a number one can print


class Der:
    """A place in DER octets: what is taken there has the tag asked for, or is a remote error."""

    def __init__(self, octets: bytes, begin: int = 0, end: int | None = None,
                 header: int | None = None) -> None:
        self._octets = octets
        self._at = self._begin = begin
        self._end = len(octets) if end is None else end
        self._header = begin if header is None else header

    @property
    def content(self) -> bytes:
        return self._octets[self._begin:self._end]

    @property
    def whole(self) -> bytes:
        return self._octets[self._header:self._end]

    def tag(self) -> int | None:
        """Return the next tag, ``None`` at the end."""
        return self._octets[self._at] if self._at < self._end else None

    def wrong(self, expected: str, found: str) -> RemoteProtocolError:
        return RemoteProtocolError(self._at, expected, found)

    def take(self, tag: int | None, expected: str) -> Der:
        """Take the next value, of ``tag`` unless that is ``None``, and return its inside."""
        header, found = self._at, self.tag()
        if found is None or (tag is not None and found != tag):
            raise self.wrong(expected + ("" if tag is None else f" (tag {tag:02X})"),
                             "the end" if found is None else f"tag {found:02X}")
        if found & 0x1F == 0x1F:
            raise self.wrong(expected, "a tag of several octets")
        self._at += 1
        length = self._length()
        if length > self._end - self._at:
            raise self.wrong(f"{length} octets of {expected}", f"{self._end - self._at}")
        inside = Der(self._octets, self._at, self._at + length, header)
        self._at += length
        return inside

    def _length(self) -> int:
        first = self.tag()
        if first is None:
            raise self.wrong("a length", "the end")
        if first < 0x80:
            self._at += 1
            return first
        octets = self._octets[self._at + 1:min(self._at + 1 + (first & 0x7F), self._end)]
        value = int.from_bytes(octets, "big")
        if not 1 <= first & 0x7F <= 4 or len(octets) != first & 0x7F or not octets[0] \
                or value < 0x80:
            raise self.wrong("a definite length in its shortest form",
                             self._octets[self._at:self._at + 5].hex().upper())
        self._at += 1 + len(octets)
        return value

    def end(self) -> None:
        """Raise unless all has been taken."""
        if self._at != self._end:
            raise self.wrong("the end", f"{self._end - self._at} octets more")

    def integer(self) -> int:
        """Return the content as an INTEGER."""
        content = self.content
        if not content or (len(content) > 1 and content[0] == (0xFF if content[1] & 0x80 else 0)):
            raise self.wrong("an integer in its shortest form", content[:4].hex().upper() or "none")
        return int.from_bytes(content, "big", signed=True)

    def boolean(self) -> bool:
        """Return the content as a BOOLEAN."""
        if self.content not in (b"\x00", b"\xFF"):
            raise self.wrong("a boolean, 00 or FF", self.content[:4].hex().upper() or "none")
        return self.content == b"\xFF"

    def bits(self) -> bytes:
        """Return the content as a BIT STRING of whole octets."""
        if self.content[:1] != b"\x00":
            raise self.wrong("a bit string of whole octets", self.content[:1].hex() or "none")
        return self.content[1:]

    def oid(self) -> str:
        """Return the content as an OBJECT IDENTIFIER, dotted."""
        arcs: list[int] = []
        arc, length = 0, 0
        for octet in self.content:
            if (not length and octet == 0x80) or length == _LONGEST_ARC:
                raise self.wrong("an object identifier", self.content[:20].hex().upper())
            arc, length = arc << 7 | octet & 0x7F, length + 1
            if not octet & 0x80:
                arcs.append(arc)
                arc, length = 0, 0
        if length or not arcs:
            raise self.wrong("an object identifier", self.content[:20].hex().upper() or "none")
        root = min(arcs[0] // 40, 2)
        return ".".join(map(str, (root, arcs[0] - 40 * root, *arcs[1:])))

    def time(self) -> tuple[datetime, int]:
        """Take a time, and return it with its tag."""
        start, tag = self._at, self.tag()
        form = {UTC_TIME: rb"\d{12}Z", GENERALIZED_TIME: rb"\d{14}Z"}.get(tag or 0)
        if form is None:
            raise self.wrong("a time", "the end" if tag is None else f"tag {tag:02X}")
        text = self.take(tag, "a time").content
        digits = text.decode("ascii", "replace")
        if tag == UTC_TIME:  # RFC 5280 section 4.1.2.5.1: 1950 to 2049
            digits = ("19" if digits[:2] >= "50" else "20") + digits
        try:
            if not re.fullmatch(form, text):
                raise ValueError
            return datetime.strptime(digits, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC), tag or 0
        except ValueError:
            raise RemoteProtocolError(start, "a time in seconds, ending in Z",
                                      ascii(text[:20])[2:-1]) from None
