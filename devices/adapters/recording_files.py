"""The files of a recording: which they are, and the GBCS messages that they hold.

A recording is a folder, of which every file named ``*.hex``, ``*.gbcs`` or ``*.bin`` (in either
case, however deep) is a message, or a manifest that names its files: a table with tabs between its
columns (``.tsv``; a column ``file``, and a column ``dir`` if it has one) or YAML
(``messages: [file, ...]``). Names in a manifest are relative to it and stay in its folder.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pydantic import Field

from bench.errors import RemoteProtocolError, RigError
from bench.protocols.gbcs.message import Message, parse
from devices.declaration import Declaration, Schema
from devices.message_files import inside, read_message

ENDINGS = (".hex", ".gbcs", ".bin")


@dataclass(frozen=True, slots=True)
class Recorded:
    """One message of a recording; ``name`` is its file's, relative to the recording."""

    name: str
    octets: bytes
    message: Message


def read_recording(place: Path, select: Sequence[str]) -> list[Recorded]:
    """Return the messages of the recording at ``place`` in the order of their names.

    Of a manifest they come in its order. ``select`` are patterns of names, of which one must
    match; without any all are taken. Raises :class:`RigError` that lists every file that holds no
    message (file, offset), and where nothing is left to play.
    """
    if not place.exists():
        raise RigError(f"{place}: expected a folder or a manifest of messages, found nothing there")
    names = _in_folder(place) if place.is_dir() else _in_manifest(place)
    folder = place if place.is_dir() else place.parent
    recorded, broken = [], []
    for name in names:
        if select and not any(PurePosixPath(name).match(pattern) for pattern in select):
            continue
        try:
            recorded.append(_read(folder, name))
        except RigError as wrong:
            broken.append(str(wrong))
    if broken:
        raise RigError("\n".join(broken))
    if not recorded:
        chosen = f" matching {', '.join(select)}" if select else ""
        raise RigError(f"{place}: expected files of messages{chosen}, found none")
    return recorded


def _read(folder: Path, name: str) -> Recorded:
    file = inside(folder, name)
    octets = read_message(file)
    try:
        return Recorded(name, octets, parse(octets))
    except RemoteProtocolError as wrong:
        raise RigError(f"{file}: {wrong}") from wrong


def _in_folder(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*")
                  if file.suffix.lower() in ENDINGS and file.is_file())


class _Manifest(Schema):
    messages: list[str] = Field(min_length=1, description="a list of files, not empty")


def _in_manifest(file: Path) -> list[str]:
    if file.suffix.lower() == ".tsv":
        return list(_in_table(file))
    if file.suffix.lower() in (".yaml", ".yml"):
        return Declaration(file, RigError).validate(_Manifest).messages
    raise RigError(f"{file}: expected a folder, or a manifest that ends in .tsv, .yaml or .yml")


def _in_table(file: Path) -> Iterator[str]:
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise RigError(f"{file}:1: expected a text file, found {error}") from error
    table = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    if "file" not in (table.fieldnames or ()):
        raise RigError(f"{file}:1: expected a column 'file', found "
                       f"{', '.join(table.fieldnames or ()) or 'nothing'}")
    for row in table:
        if not row["file"]:
            raise RigError(f"{file}:{table.line_num}: expected a file, found none")
        yield f"{row['dir']}/{row['file']}" if row.get("dir") else row["file"]
