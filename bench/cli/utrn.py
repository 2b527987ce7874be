"""``smip-bench utrn``: make and check the 20 digits of a prepayment top-up."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click

from bench.cli.options import eui64, number
from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs import utrn
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.protection import State
from bench.protocols.gbcs.utrn import Token, ValueClass

_NOT_AUTHENTIC = "not made by this originator for this target with this counter"

F = TypeVar("F", bound=Callable[..., Any])


def _parties(command: F) -> F:
    """Add who makes the token, for which meter, and the keys."""
    for option in (
            click.option("--target", callback=eui64, metavar="EUI64", help="The meter."),
            click.option("--originator", callback=eui64, metavar="EUI64", help="The supplier."),
            click.option("--keys", "folder", metavar="DIR",
                         help="Folder with <originator>-pp-ka and <target>-ka, .pem and .key; "
                              "private keys readable by their owner only.")):
        command = option(command)
    return command


@click.group()
def command() -> None:
    """Make and check prepayment tokens (UTRN)."""


@command.command()
@_parties
@click.option("--counter", callback=number, metavar="N", required=True,
              help="Originator counter of 64 bits, the lower 32 zero, as 0x300000000.")
@click.option("--pence", type=click.IntRange(0, utrn.HIGHEST_VALUE), help="Credit in pence.")
@click.option("--pounds", type=click.IntRange(0, utrn.HIGHEST_VALUE), help="Or in pounds.")
def build(
    folder: str | None, originator: bytes | None, target: bytes | None, counter: int,
    pence: int | None, pounds: int | None,
) -> None:
    """Print the 20 digits that credit --pence or --pounds to the meter --target."""
    if (pence is None) == (pounds is None):
        raise click.UsageError("give one of --pence and --pounds")
    maker = _maker(folder, originator, target)
    if maker is None:
        raise click.UsageError("--keys, --originator and --target are needed")
    value, value_class = ((pence, ValueClass.PENCE) if pence is not None
                          else (pounds or 0, ValueClass.POUNDS))
    try:
        token = utrn.build(value, value_class, counter, *maker)
    except LocalProtocolError as wrong:
        raise click.UsageError(str(wrong)) from None
    click.echo(token.digits)


@command.command()
@click.argument("groups", nargs=-1, required=True, metavar="DIGITS...")
@_parties
@click.option("--counter", callback=number, metavar="N",
              help="Originator counter; without it, its upper 22 bits are taken to be zero.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(
    groups: tuple[str, ...], folder: str | None, originator: bytes | None, target: bytes | None,
    counter: int | None, as_json: bool,
) -> None:
    """Show what the token DIGITS holds and, with --keys, whether it is authentic.

    DIGITS may stand in groups. Exit status 1 if it is no token or not authentic.
    """
    maker = _maker(folder, originator, target)
    record: dict[str, Any] = {"utrn": re.sub(r"[ -]", "", "".join(groups))}
    try:
        token = utrn.parse(record["utrn"])
        record |= _describe(token)
        if maker is not None:
            state = utrn.check(token, *maker, counter)
            record["authentic"] = state.value
            record["problem"] = "" if state == State.VALID else _NOT_AUTHENTIC
    except RemoteProtocolError as wrong:
        record["problem"] = str(wrong)
    except LocalProtocolError as wrong:
        raise click.UsageError(str(wrong)) from None
    if as_json:
        click.echo(json.dumps(record))
    else:
        for name, value in record.items():
            click.echo(f"{name.replace('_', ' '):<27}{value if value != '' else 'none'}")
    if record["problem"]:
        sys.exit(1)


def _describe(token: Token) -> dict[str, Any]:
    return {"value_class": token.value_class.name.lower(), "value": token.value,
            "truncated_counter": token.truncated_counter, "mac": token.mac.hex().upper(),
            "authentic": "not verified", "problem": ""}


def _maker(
    folder: str | None, originator: bytes | None, target: bytes | None
) -> tuple[bytes, bytes, bytes] | None:
    """Return originator, target and their secret, or ``None`` where no option was given."""
    if folder is None and originator is None and target is None:
        return None
    if folder is None or originator is None or target is None:
        raise click.UsageError("--keys, --originator and --target go together")
    try:
        secret = utrn.secret_of(KeyStore.load(folder, strict=True), originator, target)
    except LocalProtocolError as wrong:
        raise click.UsageError(str(wrong)) from None
    return originator, target, secret
