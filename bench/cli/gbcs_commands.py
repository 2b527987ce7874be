"""``smip-bench gbcs build`` and ``use-cases``: commands from named values, and their names."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import click

from bench.cli import gbcs_text, layout
from bench.cli.options import eui64, key_store, number, write_whole
from bench.cli.yaml_values import settings
from bench.errors import LocalProtocolError
from bench.protocols.gbcs import explain, payloads, use_cases
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.protection import protect
from bench.steps.parties import ROLES, category

_HIGHEST_COUNTER = (1 << 64) - 1
_NAMES = {role: name for name, role in ROLES.items()}


@dataclass(frozen=True, slots=True)
class _Parties:
    """Who sends a command to whom; ``None`` for who was not named and cannot be told."""

    originator: bytes | None
    recipient: bytes | None
    role: str


def _counter(ctx: click.Context, parameter: click.Parameter, value: str | None) -> int | None:
    counter = number(ctx, parameter, value)
    if counter is not None and counter > _HIGHEST_COUNTER:
        raise click.BadParameter(f"{value!r} does not fit the 8 octets of a counter")
    return counter


@click.command()
@click.argument("use_case", metavar="USE_CASE")
@click.option("--set", "given", multiple=True, metavar="NAME=VALUE",
              help="A value, in YAML; `smip-bench gbcs use-cases USE_CASE` lists them. "
                   "Once for each name.")
@click.option("--as", "role", type=click.Choice(tuple(ROLES)), metavar="ROLE",
              help=f"Who sends it: the party of that role among the keys. {', '.join(ROLES)}.")
@click.option("--originator", callback=eui64, metavar="EUI64", help="Or who sends it, by id.")
@click.option("--recipient", callback=eui64, metavar="EUI64",
              help="The device; by default the only one that the keys hold.")
@click.option("--counter", callback=_counter, metavar="N",
              help="Originator counter; by default one made of the clock, higher every time.")
@click.option("--keys", "folder", metavar="DIR",
              help="Folder of <eui64>-ds|ka.pem and .key to protect the message with.")
@click.option("--payload-only", is_flag=True, help="The payload without a message around it.")
@click.option("--beyond-limits", is_flag=True,
              help="Let values pass that a device, not the type, has to refuse.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, writable=True), metavar="FILE",
              help="Write the octets there as hexadecimal text.")
def build(
    use_case: str, given: tuple[str, ...], role: str | None, originator: bytes | None,
    recipient: bytes | None, counter: int | None, folder: str | None, out: str | None, *,
    payload_only: bool, beyond_limits: bool,
) -> None:
    """Build a command and print it as hexadecimal text.

    With --keys the whole message, signed and with its MAC as its category asks; without, but with
    both parties named, the pre-command that the party would sign; else the payload.
    """
    number_used = int(time.time()) << 20 if counter is None else counter
    values = settings(given)
    try:
        known = use_cases.use_case(use_case)
        keys = key_store(folder) if folder else None
        parties = _parties(keys, role, originator, recipient)
        octets = payloads.build(
            known.id, values, counter=number_used,
            originator=parties.originator or bytes(8), recipient=parties.recipient or bytes(8),
            beyond_limits=beyond_limits)
        if not payload_only and (keys or (parties.originator and parties.recipient)):
            octets = _message(known, octets, parties, number_used, keys).encode()
    except LocalProtocolError as wrong:
        raise click.UsageError(str(wrong)) from None
    text = octets.hex().upper()
    if out is None:
        click.echo(text)
    else:
        write_whole(Path(out), f"{text}\n".encode())


@click.command("use-cases")
@click.argument("use_case", required=False, metavar="[USE_CASE]")
def list_use_cases(use_case: str | None) -> None:
    """List the use cases, or what is known of one and which values its command takes.

    USE_CASE is an id or a message code of four hexadecimal digits.
    """
    if use_case is None:
        wide = layout.width() if layout.at_terminal() else None
        for known in use_cases.every_use_case():
            line = (f"{known.code:04X}  {known.id:<40}{known.protocol or '':<6}"
                    f"{known.category:<16}{known.title or known.status}")
            click.echo(line[:wide])
        return
    try:
        found = use_cases.use_case(use_case)
        parameters = explain.parameters(found.id)
    except LocalProtocolError as wrong:
        raise click.UsageError(str(wrong)) from None
    click.echo(found.id)
    _echo(explain.facts(found))
    named = sorted({part.split()[0] for source in found.sources.values()
                    for part in source.split("; ")} & set(use_cases.sources()))
    _echo(f"[{name}] {use_cases.sources()[name]}" for name in named)
    click.echo("values:" if parameters else "values: none")
    _echo(gbcs_text.parameter_lines(parameters))


def _echo(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)


def _parties(
    keys: KeyStore | None, role: str | None, originator: bytes | None, recipient: bytes | None
) -> _Parties:
    if originator is None and role is not None:
        if keys is None:
            raise LocalProtocolError("--as needs --keys, to know the party by its certificate")
        held = keys.of_role(ROLES[role])
        if not held:
            raise LocalProtocolError(f"the keys hold no party in the role {role}")
        originator = held[0]
    if keys is not None:
        if originator is None:
            raise LocalProtocolError("who sends it? --as ROLE or --originator EUI64")
        if recipient is None:
            recipient = _only_device(keys)
        found = keys.role(originator)
        if role and found is not None and found is not ROLES[role]:
            raise LocalProtocolError(f"{originator.hex().upper()} is the "
                                     f"{_NAMES.get(found, found.name.lower())}, not the {role}")
        role = role or (_NAMES.get(found, "") if found is not None else "")
    return _Parties(originator, recipient, role or "")


def _only_device(keys: KeyStore) -> bytes:
    devices = [party for party in keys.parties() if keys.role(party) is None]
    if len(devices) != 1:
        raise LocalProtocolError(f"the keys hold {len(devices)} devices; "
                                 "--recipient EUI64 says which")
    return devices[0]


def _message(
    known: use_cases.UseCase, payload: bytes, parties: _Parties, counter: int,
    keys: KeyStore | None,
) -> Message:
    message = Message(
        cra=Cra.COMMAND, originator_counter=counter, originator=parties.originator or b"",
        recipient=parties.recipient or b"", message_code=known.code, payload=payload,
        signature=None)
    if keys is None:
        return message
    return protect(message, keys, category(known, parties.role))
