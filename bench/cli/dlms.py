"""``smip-bench dlms``: look into DLMS/COSEM traffic, and hand in the results of a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from bench.cli.dlms_sources import Message, messages
from bench.protocols.dlms.explain import (
    FRAMINGS,
    MOST_ELEMENTS,
    Conversation,
    framing_of,
    text_lines,
)
from bench.protocols.dlms.security.keys import Keys
from devices import dlms_keys

_ALL = 1 << 30
_SIGN_ON = (0x2F, 0xAF, 0x06)  # what goes before HDLC in mode E


@click.group()
def command() -> None:
    """Look into DLMS/COSEM traffic; package the results of a run."""


@command.command("decode")
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option("--framing", type=click.Choice(["auto", *FRAMINGS]), default="auto",
              show_default=True, help="What carries the APDUs.")
@click.option("--keys", "folder", metavar="DIR", type=click.Path(path_type=Path),
              help="Folder with the meter's dlms-keys.json, readable by its owner only; without "
                   "it ciphered parts stay closed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--all", "every", is_flag=True, help="Show every element of a long array.")
def decode(sources: tuple[str, ...], framing: str, folder: Path | None, *, as_json: bool,
           every: bool) -> None:
    """Show what messages say: frames, APDUs, objects and values by name, errors at their octet.

    A SOURCE is hexadecimal text, a file of it (a message a line, with direction and time before it
    or not), a capture (pcap or pcapng), or the folder of a run. The messages of a source are read
    in order as one conversation, or one for each connection of a capture.

    Exit status 1 if any message is wrong somewhere; 2 if there is no such source, or no keys; 3 if
    a capture or a ledger is broken.
    """
    keys = _keys(folder)
    wrong = False
    for source in sources:
        for message, said in _explained(source, framing, keys, every=every):
            wrong = wrong or "errors" in said
            if as_json:
                click.echo(json.dumps(_record(message, said)))
            else:
                click.echo("\n".join(_lines(message, said)) + "\n")
    sys.exit(1 if wrong else 0)


@command.command("package")
@click.argument("folder", metavar="RUN",
                type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="FILE.zip",
              help="The package; nothing may be there yet.")
def package(folder: Path, out: Path) -> None:
    """Write the results of the complete run in the folder RUN as a package: report, log, line
    traffic, declaration and hashes.

    The verdicts are those of judging the ledger again. The same evidence gives the same octets.
    What is printed is the SHA-256 of the package.

    Exit status: 0 written; 2 wrong usage; 3 no run, one on another kind of device, evidence that
    does not hold, or a package that cannot be stored.
    """
    # decoding need not wait for what judges and reports
    from bench.cli.dlms_package import package_run  # noqa: PLC0415

    click.echo(f"{package_run(folder, out)}  {out}")


def _keys(folder: Path | None) -> tuple[Keys, ...]:
    if folder is None:
        return ()
    held = dlms_keys.load(folder)
    return tuple(held.sets[name].client for name in sorted(held.sets))


def _explained(source: str, framing: str, keys: tuple[Keys, ...], *, every: bool
               ) -> Iterator[tuple[Message, Mapping[str, Any]]]:
    conversations: dict[str, Conversation] = {}
    for message in messages(source):
        carried = framing if framing != "auto" else framing_of(message.octets)
        conversation = conversations.get(message.line)
        if conversation is None or (framing == "auto" and carried != conversation.framing
                                    and not message.streamed):
            starts_hdlc = framing == "auto" and message.octets[0] in _SIGN_ON
            conversation = conversations[message.line] = Conversation(
                "hdlc" if starts_hdlc else carried, keys, most=_ALL if every else MOST_ELEMENTS)
        if message.streamed:
            yield message, conversation.explain(message.octets, message.direction)
        else:
            yield message, conversation.explain_whole(message.octets)


def _record(message: Message, said: Mapping[str, Any]) -> dict[str, Any]:
    named = {"place": message.place, "line": message.line, "direction": message.direction,
             "time": message.time, "note": message.note, "octets": message.octets.hex().upper()}
    return {key: value for key, value in named.items() if value} | dict(said)


def _lines(message: Message, said: Mapping[str, Any]) -> Iterator[str]:
    head = "  ".join(filter(None, (message.place, message.time, message.direction)))
    yield _printable(head)
    yield _printable(f"  {said['summary']}")
    for key in ("begun", "waiting"):
        if key in said:
            yield f"  {said[key]}"
    if message.note:
        yield f"  {message.note}"
    for line in text_lines(said):
        yield _printable(f"  {line}")


def _printable(text: str) -> str:
    """Return a text of a device so that it cannot steer a terminal."""
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)
