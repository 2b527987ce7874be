"""Having a bundle's signature stamped: what to send to an authority, and adding what it replied.

The bench sends nothing. Whoever holds a bundle carries the request to an authority of their choice
and the reply back (RFC 3161, 3.4); the laboratory's key is not needed.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from bench.bundle.anew import Parts, intact, write_anew
from bench.bundle.archive import Archive
from bench.bundle.contents import ENVELOPE, LARGEST_ENVELOPE, STAMP
from bench.bundle.errors import BundleError
from bench.bundle.findings import Verification
from bench.bundle.time_stamp import LARGEST_STAMP, TimeStamp, read_reply, request


def stamp_request(source: Path, nonce: int, now: datetime.datetime) -> bytes:
    """Return the request (DER) for a time stamp over the envelope of the bundle at ``source``.

    ``nonce`` is a random number that is not negative. Raises :class:`BundleError` if ``source``
    does not hold or is stamped already.
    """
    intact(source, now)
    with Archive(source) as archive:
        _refuse_stamped(archive)
        return request(archive.read(ENVELOPE, LARGEST_ENVELOPE), nonce)


def stamp_bundle(source: Path, reply: Path, target: Path,
                 now: datetime.datetime) -> tuple[Verification, TimeStamp]:
    """Write ``source`` with the time stamp in ``reply`` to ``target``; return how that verifies,
    and the stamp.

    Whose authority it is is not asked. Raises :class:`BundleError` if the reply grants nothing, is
    of something else, or does not hold, if ``source`` does not hold or is stamped already, and if
    ``target`` is there already.
    """
    stamp = _read(reply)

    def stamped(archive: Archive, _: Verification) -> Parts:
        _refuse_stamped(archive)
        if not stamp.covers(archive.read(ENVELOPE, LARGEST_ENVELOPE)):
            raise BundleError(f"{reply}: it is of other octets than the envelope of {source}")
        return chain(_all(archive), [(STAMP, [stamp.octets])])

    return write_anew(source, target, now, stamped), stamp


def _read(reply: Path) -> TimeStamp:
    try:
        with reply.open("rb") as stream:
            octets = stream.read(LARGEST_STAMP + 1)
    except OSError as failure:
        raise BundleError(f"{reply}: cannot be read: {failure.strerror}") from failure
    if len(octets) > LARGEST_STAMP:
        raise BundleError(f"{reply}: over {LARGEST_STAMP} octets: no reply of an authority")
    try:
        return read_reply(octets)
    except BundleError as wrong:
        raise BundleError(f"{reply}: {wrong}") from wrong


def _all(archive: Archive) -> Iterator[tuple[str, Iterator[memoryview]]]:
    return ((entry.name, archive.chunks(entry.name)) for entry in archive.entries)


def _refuse_stamped(archive: Archive) -> None:
    if STAMP in archive.by_name:
        raise BundleError(f"{archive.path}: it is stamped already; another time stamp goes to a "
                          "bundle without one")
