"""``smip-bench gbcs``: look into GBCS messages."""

from __future__ import annotations

import json
import string
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from bench.protocols.gbcs.inspection import describe
from bench.protocols.gbcs.keys import KeyStore, KeyStoreError
from bench.protocols.gbcs.message import GROUPING_TAG, MAC_TAG

_LONGEST = 100  # characters of a value in the text form


class Unreadable(Exception):  # noqa: N818  it is what the file is
    """A file holds no octets; the text says where it stops making sense."""


@click.group()
def command() -> None:
    """Look into GBCS messages."""


@command.command("inspect")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--keys", "folder", metavar="DIR",
              help="Folder of <eui64>-ds|ka|pp-ka.pem and .key; without it nothing verifies.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def inspect_messages(files: tuple[str, ...], folder: str | None, as_json: bool) -> None:
    """Show what each message is, holds and whether its protection is right.

    A FILE holds one message, as hexadecimal text or as octets. Exit status 1 if any cannot be
    read, has a wrong signature or MAC, or breaks the protection rule of its category.
    """
    keys = _keys(folder)
    good = True
    for file in files:
        try:
            octets = read_octets(Path(file))
        except Unreadable as wrong:
            click.echo(f"{file}: {wrong}", err=True)
            good = False
            continue
        record = {"file": file} | describe(octets, keys)
        good = good and not record["problem"]
        click.echo(json.dumps(record) if as_json else "\n".join(_lines(record)) + "\n")
    if not good:
        sys.exit(1)


def read_octets(file: Path) -> bytes:
    """Return the message in ``file``, hexadecimal text or octets; Unreadable for anything else."""
    try:
        content = file.read_bytes()
    except OSError as wrong:
        raise Unreadable(wrong.strerror or "cannot be read") from None
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


def _keys(folder: str | None) -> KeyStore:
    if folder is None:
        return KeyStore()
    try:
        keys = KeyStore.load(folder, strict=False)
    except KeyStoreError as wrong:
        raise click.UsageError(str(wrong)) from None
    if keys.warnings:
        click.echo(f"warning: key folder {folder}: {'; '.join(keys.warnings)}", err=True)
    return keys


def _lines(record: Mapping[str, Any]) -> Iterable[str]:
    for name, value in record.items():
        if value == "" and name not in ("problem",):
            continue
        text = value if isinstance(value, str) else json.dumps(value)
        short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text)})"
        yield f"{name.replace('_', ' '):<27}{short or 'none'}"
