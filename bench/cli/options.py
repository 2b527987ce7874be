"""Options that several commands share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from bench.protocols.gbcs.keys import KeyStore, KeyStoreError
from bench.resources import resolve

F = TypeVar("F", bound=Callable[..., Any])


def shipped(_: click.Context, __: click.Parameter, value: str | None) -> Path | None:
    """Return the path that a user's name stands for: a file of theirs, or one that we ship."""
    if value is None:
        return None
    found = resolve(value)
    if not found.exists():
        raise click.BadParameter(f"{value}: there is no such file")
    return found


def all_shipped(context: click.Context, parameter: click.Parameter,
                values: tuple[str, ...]) -> tuple[Path, ...]:
    """Return the paths of an option that may be repeated, as :func:`shipped` does."""
    found = (shipped(context, parameter, value) for value in values)
    return tuple(path for path in found if path is not None)


def number(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """Return the number from 0 that a user wrote, hexadecimal after 0x."""
    if value is None:
        return None
    try:
        found = int(value, 0)
    except ValueError:
        found = -1
    if found < 0:
        raise click.BadParameter(f"{value!r} is no number such as 16 or 0x10")
    return found


def eui64(_: click.Context, __: click.Parameter, value: str | None) -> bytes | None:
    """Return the EUI-64 that a user wrote as 16 hexadecimal digits, with - or : between or not."""
    if value is None:
        return None
    digits = re.sub("[-:]", "", value)
    if not re.fullmatch("[0-9A-Fa-f]{16}", digits):
        raise click.BadParameter(f"{value!r} is no EUI-64 of 16 hexadecimal digits")
    return bytes.fromhex(digits)


def key_store(folder: str) -> KeyStore:
    """Return the keys in ``folder``, with a warning for what is wrong and can be lived with.

    A ``click.UsageError`` says why it cannot be used.
    """
    try:
        keys = KeyStore.load(folder, strict=False)
    except KeyStoreError as wrong:
        raise click.UsageError(str(wrong)) from None
    if keys.warnings:
        click.echo(f"warning: key folder {folder}: {'; '.join(keys.warnings)}", err=True)
    return keys


def write_whole(path: Path, octets: bytes) -> None:
    """Write a file at once or not at all; a ``click.UsageError`` says why not.

    What is no regular file (a terminal, a pipe) is written to as it is.
    """
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(octets)
            return
        goal = path.resolve()  # a link stays one
        beside = goal.with_name(f".{goal.name}.{os.getpid()}")
        try:
            beside.write_bytes(octets)
            beside.replace(goal)
        finally:
            beside.unlink(missing_ok=True)
    except OSError as wrong:
        raise click.UsageError(f"{path}: cannot be written: {wrong.strerror}") from None


def device_and_rig(command: F) -> F:
    """Add ``--dut`` and ``--rig``."""
    for option, text in (("--rig", "Rig file: which adapter stands for which port."),
                         ("--dut", "Device profile: subject, ICS, IXIT.")):
        command = click.option(option, required=True, callback=shipped, metavar="FILE",
                               help=text)(command)
    return command


def workers(command: F) -> F:
    """Add ``-n``."""
    return click.option(
        "-n", "--workers", type=click.IntRange(0), default=None,
        help="Processes, each with an emulator of its own; 0 for none. "
             "Default: one a processor for an emulated device, none for a real one.")(command)


def worker_count(asked: int | None, launched: bool) -> int:
    """Return how many workers a run has."""
    if asked is not None:
        return asked
    return (os.cpu_count() or 1) if launched else 0
