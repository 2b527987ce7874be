"""Where the octets of a part come from: files of a run's folder, and the guard against keys."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.bundle.archive import CHUNK
from bench.bundle.errors import BundleError
from bench.ledger.secrets import SECRET_MARKS, refuse_secrets
from bench.records.event import Event

Source = Callable[[], Iterator[bytes]]

_OVERLAP = max(map(len, SECRET_MARKS)) - 1


def capture_files(end: Event) -> Iterator[str]:
    """Yield the names of the captures that a ledger's last entry vouches for."""
    captures = end.data.get("captures")
    for capture in captures if isinstance(captures, list) else []:
        yield Path(str(capture["file"])).name


def file_source(path: Path) -> Source:
    """Return the octets of a plain file; they raise :class:`BundleError` where it cannot be read
    or is a link."""
    def chunks() -> Iterator[bytes]:
        try:
            if not stat.S_ISREG(path.lstat().st_mode):
                raise BundleError(f"{path}: is no plain file; links are not followed")
            with path.open("rb") as stream:
                while chunk := stream.read(CHUNK):
                    yield chunk
        except OSError as failure:
            raise BundleError(f"{path}: cannot be read: {failure.strerror}") from failure
    return chunks


def octets_source(octets: bytes) -> Source:
    """Return octets that are at hand."""
    return lambda: iter((octets,))


def without_keys(name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Pass ``chunks`` on; refuse a part that holds a private key, also across two of them."""
    before = b""
    for chunk in chunks:
        refuse_secrets(before + chunk, f"part {name}")
        before = (before + chunk)[-_OVERLAP:]
        yield chunk
