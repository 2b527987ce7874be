"""Options that several commands share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

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
