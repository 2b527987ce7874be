"""What the commands on a register share: where it is, on which day, how it answers."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from bench.errors import RegisterError
from bench.register import Register
from bench.register.rules import date

F = TypeVar("F", bound=Callable[..., Any])

REFUSED = 1

PLACE = click.option("--register", "place", required=True, envvar="SMIP_BENCH_REGISTER",
                     metavar="PLACE", help="SQLite file, or postgresql://... (also from "
                                           "SMIP_BENCH_REGISTER).")


def at_day(*, enters: bool) -> Callable[[F], F]:
    """Add ``--at``, the day of an entry, or the one that a question is about."""
    return click.option("--at", metavar="DATE", callback=_day_entered if enters else _day,
                        help="Date of the entry, today if not given." if enters
                        else "As the register stands on that date, today if not given.")


def answers(command: F) -> F:
    """Turn a refusal into one line and exit status 1."""

    @functools.wraps(command)
    def answering(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except RegisterError as refused:
            click.echo(f"smip-bench: {refused}", err=True)
            sys.exit(REFUSED)

    return answering  # type: ignore[return-value]  # wraps() keeps the signature


def opened(place: str) -> Register:
    """Open the register; that there is none is a mistake of usage."""
    try:
        return Register(place)
    except RegisterError as absent:
        raise click.UsageError(str(absent)) from absent


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _day(_: click.Context, __: click.Parameter, value: str | None) -> str:
    if value:
        try:
            date(value, "it")
        except RegisterError as wrong:
            raise click.BadParameter(str(wrong)) from wrong
    return value or _today()


def _day_entered(context: click.Context, option: click.Parameter, value: str | None) -> str:
    day = _day(context, option, value)
    if day > _today():
        # what is entered cannot be taken back, and nothing earlier could be entered after it
        raise click.BadParameter(f"{day} is in the future")
    return day
