"""Reading a message from its first octet on, keeping a part for each field that was read.

What goes wrong is a RemoteProtocolError, as everywhere in the codecs; the parts read so far stay,
and the rest of the innermost field is kept with the error at its octet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from bench.errors import RemoteProtocolError
from bench.protocols.cosem.length import decode_length
from bench.protocols.dlms.explain.tree import Part


class Cursor:
    """A place in ``octets``, from ``at`` to ``end``, and the parts found on the way."""

    def __init__(self, octets: bytes, at: int = 0, end: int | None = None) -> None:
        self.octets = octets
        self.at = at
        self.end = len(octets) if end is None else end
        self.parts: list[Part] = []
        self.told = False  # an error has its part

    @property
    def left(self) -> int:
        """How many octets have not been read."""
        return self.end - self.at

    def add(self, part: Part) -> None:
        """Keep ``part``, and go on behind it if it begins here."""
        self.parts.append(part)
        if part.offset == self.at and not part.derived:
            self.at += part.length

    def take(self, length: int) -> bytes:
        """Return the next ``length`` octets without a part; the caller adds it."""
        if length > self.left:
            raise RemoteProtocolError(self.end, "more octets", "the end")
        return self.octets[self.at : self.at + length]

    def number(self, name: str, length: int = 1, text: Callable[[int], str] = str) -> int:
        """Read an unsigned number of ``length`` octets; ``text`` writes it for people."""
        value = int.from_bytes(self.take(length), "big")
        self.add(Part(self.at, length, name, text(value)))
        return value

    def code(self, name: str, names: Mapping[int, str]) -> int:
        """Read an octet that has a name."""
        return self.number(name, 1, lambda value: f"{value} {names.get(value, 'unknown')}")

    def raw(self, name: str, length: int, text: Callable[[bytes], str] = bytes.hex) -> bytes:
        """Read ``length`` octets as they are."""
        value = self.take(length)
        self.add(Part(self.at, length, name, text(value).upper() if text is bytes.hex
                      else text(value)))
        return value

    def string(self, name: str, text: Callable[[bytes], str] = bytes.hex) -> bytes:
        """Read a length and as many octets."""
        start = self.at
        length = self.length()
        if length > self.left:
            self.at = start
            raise RemoteProtocolError(start, "a length of at most what follows", f"{length}")
        value = self.octets[self.at : self.at + length]
        said = value.hex().upper() if text is bytes.hex else text(value)
        self.at = start
        self.add(Part(start, self._header + length, name, said or "empty"))
        return value

    def length(self) -> int:
        """Read a length, without a part."""
        start = self.at
        try:
            length, self.at = decode_length(self.octets[: self.end], start)
        except IndexError:
            raise RemoteProtocolError(self.end, "a length", "the end") from None
        self._header = self.at - start
        return length

    @contextmanager
    def group(self, name: str, value: str = "") -> Iterator[list[str]]:
        """Collect what is read within as one part; its value may be set by the list yielded."""
        outer, self.parts = self.parts, []
        start = self.at
        said = [value]
        try:
            yield said
        except RemoteProtocolError as wrong:
            self.fail(wrong)
            raise
        finally:
            inner, self.parts = tuple(self.parts), outer
            self.parts.append(Part(start, self.at - start, name, said[0], inner))

    def fail(self, wrong: RemoteProtocolError) -> None:
        """Keep the rest as a part that says what is wrong; once."""
        if self.told:
            return
        self.told = True
        rest = self.octets[self.at : self.end]
        if wrong.offset > self.at:
            self.add(Part(self.at, min(wrong.offset, self.end) - self.at, "octets",
                          rest[: wrong.offset - self.at].hex().upper()))
        rest = self.octets[self.at : self.end]
        self.add(Part(min(wrong.offset, self.end), len(rest), "not read", rest.hex().upper(),
                      error=f"expected {wrong.expected}, found {wrong.found}"))
