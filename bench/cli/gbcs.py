"""``smip-bench gbcs``: look into GBCS messages, and build commands."""

from __future__ import annotations

import json
import string
import sys
from pathlib import Path

import click

from bench.cli import gbcs_text
from bench.cli.gbcs_commands import build, list_use_cases
from bench.cli.options import key_store
from bench.errors import RemoteProtocolError
from bench.protocols.gbcs import explain, payloads
from bench.protocols.gbcs.inspection import describe
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import GROUPING_TAG, MAC_TAG, parse
from bench.protocols.gbcs.readings import Reading

_USAGE = 2


class Unreadable(Exception):  # noqa: N818  it is what the file is
    """A file holds no message, or cannot be read (``absent``); the text says what is wrong."""

    def __init__(self, text: str, *, absent: bool = False) -> None:
        super().__init__(text)
        self.absent = absent


@click.group()
def command() -> None:
    """Look into GBCS messages, and build commands."""


command.add_command(build)
command.add_command(list_use_cases)


@command.command("inspect")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--keys", "folder", metavar="DIR",
              help="Folder of <eui64>-ds|ka|pp-ka.pem and .key; without it nothing verifies.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--explain", "explained", is_flag=True,
              help="Name every value, with unit and clause.")
def inspect_messages(
    files: tuple[str, ...], folder: str | None, *, as_json: bool, explained: bool
) -> None:
    """Show what each message is, holds and whether its protection is right.

    A FILE holds one message, as hexadecimal text or as octets. Exit status 1 if any is no message,
    has a wrong signature or MAC, or breaks the protection rule of its category; 2 if a file or
    the keys cannot be read.
    """
    keys = key_store(folder) if folder else KeyStore()
    status = 0
    for file in files:
        try:
            octets = read_octets(Path(file))
        except Unreadable as wrong:
            status = max(status, _USAGE if wrong.absent else 1)
            click.echo(f"{file}: {wrong}", err=True)
            if as_json:
                click.echo(json.dumps({"file": file, "problem": str(wrong)}))
            continue
        record = {"file": file} | describe(octets, keys)
        status = max(status, 1 if record["problem"] else 0)
        reading = _reading(octets, keys) if explained else None
        if as_json:
            said = {"explained": explain.record(reading) if reading else None} if explained else {}
            click.echo(json.dumps(record | said))
            continue
        lines = [*gbcs_text.record_lines(record, explained=reading is not None),
                 *(gbcs_text.reading_lines(reading) if reading else ())]
        click.echo("\n".join(lines) + ("\n" if len(files) > 1 else ""))
    sys.exit(status)


def read_octets(file: Path) -> bytes:
    """Return the message in ``file``, hexadecimal text or octets; Unreadable for anything else."""
    try:
        content = file.read_bytes()
    except OSError as wrong:
        raise Unreadable(wrong.strerror or "cannot be read", absent=True) from None
    if content[:1] and content[0] in (MAC_TAG, GROUPING_TAG):
        return content
    digits = bytearray()
    for offset, octet in enumerate(content):
        if chr(octet) in string.hexdigits:
            digits.append(octet)
        elif chr(octet) not in string.whitespace:
            raise Unreadable(f"offset {offset}: expected a hexadecimal digit, found "
                             f"{chr(octet)!r}")
    if not digits:
        raise Unreadable("offset 0: expected a message, found an empty file")
    if len(digits) % 2:
        raise Unreadable(f"offset {len(content)}: expected another hexadecimal digit, found "
                         "the end")
    return bytes.fromhex(digits.decode())


def _reading(octets: bytes, keys: KeyStore) -> Reading | None:
    """Return what a message says; ``None`` of one that cannot be read."""
    try:
        return payloads.read(parse(octets), keys)
    except RemoteProtocolError:
        return None  # said as the problem already
