"""The archive of a bundle: a ZIP file (PKWARE APPNOTE 6.3) in the one form that we write.

Every part is stored as it is, one after the other, in the order of the directory, with the same
date, attributes and flags; names are plain ASCII. So the same parts give the same octets, any ZIP
program can take a bundle apart, and nothing in the file escapes a check: what is not a part is a
header, and each header follows from the name, the length and the CRC-32 of its part. Nothing is
compressed, so that no part can be larger than the file. Left out: ZIP64 (files of 4 GiB and more),
encryption, comments, extra fields, folders and links, all of which are refused.
"""

from __future__ import annotations

import mmap
import os
import re
import stat
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from bench.bundle.errors import BundleError

MOST_OCTETS = 2**32 - 1  # of the file; the fields of the headers hold no more
MOST_PARTS = 1000
LONGEST_NAME = 200
CHUNK = 1 << 18  # octets: stays in the processor's cache between reading and hashing

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)*")
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\3\4", b"PK\1\2", b"PK\5\6"
_MADE, _NEEDED = 3 << 8 | 20, 20  # on UNIX by version 2.0; version 2.0 to read
_TIME, _DATE = 0, 1 << 5 | 1  # 1 January 1980, the first that the format knows
_FILE = (stat.S_IFREG | 0o644) << 16
_ENCRYPTED = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A part as it was written: its length in octets, CRC-32, and SHA-256 in hexadecimal."""

    name: str
    octets: int
    crc32: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A part as the directory of an archive has it; ``offset`` is that of its local header."""

    name: str
    octets: int
    crc32: int
    offset: int
    raw: bytes  # the entry's octets in the directory


@dataclass(frozen=True, slots=True)
class Window:
    """A part in the mapped file: from ``start`` up to ``end``."""

    octets: mmap.mmap
    start: int
    end: int


def check_name(name: str) -> None:
    """Raise :class:`BundleError` unless ``name`` can be a part's.

    Only relative names of letters, digits and ``. _ -`` that can be written anywhere and lead
    nowhere else.
    """
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise BundleError(f"part {name[:LONGEST_NAME]!r}: refused: a part is named with letters, "
                          "digits, '.', '_' and '-' only, '/' between folders, and nothing that "
                          "leads out of them")


class ArchiveWriter:
    """Writes parts one after the other into a seekable stream; :meth:`end` makes it an archive."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._directory: list[bytes] = []
        self._offset = 0

    def add(self, name: str, octets: Iterable[bytes | memoryview]) -> Part:
        """Write a part and return what it came to; raises :class:`BundleError` past a limit."""
        check_name(name)
        start = self._offset + _LOCAL.size + len(name)
        self._stream.seek(start)
        digest, crc, size = sha256(), 0, 0
        for chunk in octets:
            digest.update(chunk)
            crc = zlib.crc32(chunk, crc)
            size += len(chunk)
            if start + size > MOST_OCTETS:
                raise BundleError(f"part {name}: a bundle holds less than 4 GiB")
            self._stream.write(chunk)
        self._stream.seek(self._offset)
        self._stream.write(_local(name, size, crc))
        self._directory.append(_central(name, size, crc, self._offset))
        self._offset = start + size
        return Part(name, size, crc, digest.hexdigest())

    def end(self) -> None:
        """Write the directory."""
        if len(self._directory) > MOST_PARTS:
            raise BundleError(f"a bundle holds at most {MOST_PARTS} parts")
        self._stream.seek(self._offset)
        self._stream.write(_tail(self._directory, self._offset))
        self._stream.truncate()


class Archive:
    """An archive open for reading; ``entries`` are its parts in the order of its directory.

    Raises :class:`BundleError` for what is no archive, is cut short, or holds a part that is
    compressed, encrypted, a link, twice there, or of a name that is not allowed: nothing of such
    a file is read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._stream = path.open("rb")
        except OSError as failure:
            raise BundleError(f"{path}: cannot be read: {failure.strerror}") from failure
        try:
            self.size = os.fstat(self._stream.fileno()).st_size
            self._directory_offset, self.entries = self._read_directory()
        except OSError as failure:
            self._stream.close()
            raise BundleError(f"{path}: cannot be read: {failure.strerror}") from failure
        except BaseException:
            self._stream.close()
            raise
        self.by_name = {entry.name: entry for entry in self.entries}

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._stream.close()

    @contextmanager
    def mapped(self, name: str) -> Iterator[Window]:
        """Give a part as it lies in the mapped file, for as long as the context lasts."""
        with (self.path.open("rb") as stream,
              mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as octets):
            count = self._seek(stream, name)
            start = stream.tell()
            yield Window(octets, start, start + count)

    def digest(self, name: str) -> str:
        """Return the SHA-256 of a part.

        It is hashed in one call, so that other threads have the interpreter for themselves
        meanwhile: read in pieces, each piece would have to wait for it.
        """
        with (self.mapped(name) as window, memoryview(window.octets) as octets,
              octets[window.start:window.end] as part):
            return sha256(part).hexdigest()

    def chunks(self, name: str) -> Iterator[memoryview]:
        """Yield the octets of a part; a view is good until the next one is asked for."""
        buffer = memoryview(bytearray(CHUNK))
        with self.path.open("rb", buffering=0) as stream:
            left = self._seek(stream, name)
            while left:
                count = stream.readinto(buffer[:min(left, CHUNK)]) or 0
                if not count:
                    raise BundleError(f"{self.path}: part {name} is cut short")
                left -= count
                yield buffer[:count]

    def lines(self, name: str, longest: int) -> Iterator[bytes]:
        """Yield the lines of a part with their ends; one of over ``longest`` octets in pieces."""
        with self.path.open("rb", buffering=CHUNK) as stream:
            left = self._seek(stream, name)
            while left and (line := stream.readline(min(left, longest))):
                left -= len(line)
                yield line

    def read(self, name: str, most: int) -> bytes:
        """Return a part's octets; raises :class:`BundleError` where there are over ``most``."""
        if self.by_name[name].octets > most:
            raise BundleError(f"part {name}: {self.by_name[name].octets} octets, over the limit "
                              f"of {most}")
        return b"".join(map(bytes, self.chunks(name)))

    def flaws(self) -> Iterator[tuple[str, str]]:
        """Yield (part, what is wrong) for every octet outside the parts that is not as we write.

        The part is "" for what lies between and after them.
        """
        offset = 0
        for entry in self.entries:
            if entry.offset != offset:
                yield entry.name, "it does not lie where its place in the directory puts it"
            elif self._at(offset, _LOCAL.size + len(entry.name)) != \
                    _local(entry.name, entry.octets, entry.crc32):
                yield entry.name, "its header is not as a bundle has it"
            if entry.raw != _central(entry.name, entry.octets, entry.crc32, entry.offset):
                yield entry.name, "its entry in the directory is not as a bundle has it"
            offset += _LOCAL.size + len(entry.name) + entry.octets
        tail = _tail([entry.raw for entry in self.entries], self._directory_offset)
        if self._directory_offset != offset:
            yield "", "there are octets that belong to no part"
        elif self._at(self.size - _END.size, _END.size) != tail[-_END.size:]:
            yield "", "the end of the archive is not as a bundle has it"

    def _at(self, offset: int, count: int) -> bytes:
        self._stream.seek(offset)
        return self._stream.read(count)

    def _seek(self, stream: BinaryIO, name: str) -> int:
        """Go to the first octet of a part and return its length."""
        entry = self.by_name[name]
        stream.seek(entry.offset)
        header = stream.read(_LOCAL.size)
        if len(header) < _LOCAL.size or not header.startswith(_LOCAL_MARK):
            raise BundleError(f"part {name}: it is not where the directory says")
        fields = _LOCAL.unpack(header)
        start = entry.offset + _LOCAL.size + fields[-2] + fields[-1]
        if start + entry.octets > self._directory_offset:
            raise BundleError(f"part {name}: it reaches beyond the parts of the archive")
        stream.seek(start)
        return entry.octets

    def _read_directory(self) -> tuple[int, tuple[Entry, ...]]:
        if self.size > MOST_OCTETS:
            raise BundleError(f"{self.path}: refused: 4 GiB or more")
        end = self._at(max(0, self.size - _END.size), _END.size)
        if len(end) < _END.size or not end.startswith(_END_MARK):
            raise BundleError(f"{self.path}: no whole archive: it is truncated, something was put "
                              "behind its end, or it is no bundle")
        count, octets, offset = _END.unpack(end)[4:7]
        if count > MOST_PARTS:
            raise BundleError(f"{self.path}: refused: {count} parts, over the limit of "
                              f"{MOST_PARTS}")
        if offset + octets != self.size - _END.size:
            raise BundleError(f"{self.path}: no whole archive: its directory does not end where "
                              "its last octets say; it is truncated or something was put into it")
        return offset, tuple(self._entries(self._at(offset, octets), count))

    def _entries(self, directory: bytes, count: int) -> Iterator[Entry]:
        place, seen = 0, set[str]()
        for number in range(count):
            header = directory[place:place + _CENTRAL.size]
            if len(header) < _CENTRAL.size or not header.startswith(_CENTRAL_MARK):
                raise BundleError(f"{self.path}: the directory is damaged at entry {number + 1} "
                                  f"of {count}")
            (_, _, _, flags, method, _, _, crc, packed, octets, name_length, extra, comment,
             _, _, attributes, offset) = _CENTRAL.unpack(header)
            after = place + _CENTRAL.size + name_length
            name = directory[place + _CENTRAL.size:after].decode("ascii", "backslashreplace")
            check_name(name)
            self._refuse(name, flags, method, packed, octets, attributes)
            if name.lower() in seen:
                raise BundleError(f"{self.path}: refused: part {name} is there twice")
            seen.add(name.lower())
            place, start = after + extra + comment, place
            yield Entry(name, octets, crc, offset, directory[start:place])
        if place != len(directory):
            raise BundleError(f"{self.path}: the directory is damaged: it does not hold the "
                              f"{count} entries that it should")

    def _refuse(self, name: str, flags: int, method: int, packed: int, octets: int,
                attributes: int) -> None:
        reasons: Sequence[tuple[bool, str]] = (
            (stat.S_ISLNK(attributes >> 16), "is a symbolic link"),
            (bool(flags & _ENCRYPTED), "is encrypted"),
            (method != 0 or packed != octets,
             "is compressed: the parts of a bundle are stored as they are"),
        )
        for found, reason in reasons:
            if found:
                raise BundleError(f"{self.path}: refused: part {name} {reason}")


def _local(name: str, octets: int, crc32: int) -> bytes:
    return _LOCAL.pack(_LOCAL_MARK, _NEEDED, 0, 0, _TIME, _DATE, crc32, octets, octets, len(name),
                       0) + name.encode("ascii")


def _central(name: str, octets: int, crc32: int, offset: int) -> bytes:
    return _CENTRAL.pack(_CENTRAL_MARK, _MADE, _NEEDED, 0, 0, _TIME, _DATE, crc32, octets, octets,
                         len(name), 0, 0, 0, 0, _FILE, offset) + name.encode("ascii")


def _tail(directory: Sequence[bytes], offset: int) -> bytes:
    joined = b"".join(directory)
    return joined + _END.pack(_END_MARK, 0, 0, len(directory), len(directory), len(joined),
                              offset, 0)
