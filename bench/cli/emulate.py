"""``smip-bench emulate``: run an emulated device as a process of its own."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

import click

from bench.resources import resolve
from devices import pki
from devices.defects import DEFECTS
from devices.emulators.esme.device import Esme
from devices.emulators.esme.profile import Settings, load_settings
from devices.emulators.gbcs import keyring
from devices.emulators.gbcs.process import Server


@click.group()
def command() -> None:
    """Emulated devices."""


def _address(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, int] | None:
    if text is None:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter("expected HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


@command.command()
@click.option("--line", metavar="PATH|auto",
              help="Serial device or pseudo-terminal; auto makes a new one. Not on Windows.")
@click.option("--listen", metavar="HOST:PORT", callback=_address,
              help="Serve the line over TCP; port 0 takes a free one.")
@click.option("--stimulus", metavar="HOST:PORT", callback=_address,
              help="Open the stimulus channel, on the loopback only.")
@click.option("--pki", "folder", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Keys of the meter and its parties; made for this run where left out.")
@click.option("--profile", type=click.Path(path_type=Path), help="Profile with the identity.")
@click.option("--defect", "defects", multiple=True, metavar="NAME",
              help="Be wrong in this way; may be given more than once.")
@click.option("--seed", type=int, default=0, show_default=True,
              help="Fixes what differs between meters of one make.")
@click.option("--parent-pipe", is_flag=True, help="End when standard input is closed.")
def esme(
    line: str | None, listen: tuple[str, int] | None, stimulus: tuple[str, int] | None,
    folder: Path | None, profile: Path | None, defects: tuple[str, ...], seed: int,
    parent_pipe: bool,
) -> None:
    """Run an emulated single-element electricity meter until SIGINT (Ctrl-C) or SIGTERM.

    The first line on standard output is a JSON object with the addresses in use.
    """
    if (line is None) == (listen is None):
        raise click.UsageError("give one of --line and --listen")
    unknown = sorted(set(defects) - set(DEFECTS))
    if unknown:
        raise click.BadParameter(f"no defect {unknown[0]!r}", param_hint="--defect")
    settings = load_settings(resolve(profile)) if profile else Settings()
    with tempfile.TemporaryDirectory(prefix="smip-bench-pki-") as made:
        if folder is None:
            folder = Path(made)
            pki.init(folder)
        device, parties, keys = keyring.load(folder)
        meter = Esme(settings, keys, device, parties, seed=seed, faults=frozenset(defects))
        with Server(meter) as server:
            _serve(server, line, listen, stimulus, folder, parent_pipe=parent_pipe)


def _serve(
    server: Server, line: str | None, listen: tuple[str, int] | None,
    stimulus: tuple[str, int] | None, folder: Path, *, parent_pipe: bool,
) -> None:
    addresses: dict[str, object] = {}
    if line is not None:
        addresses["line"] = server.open_terminal(line)
    elif listen is not None:
        addresses["line"] = server.listen(*listen)
    if stimulus is not None:
        addresses["stimulus"] = server.listen_stimulus(*stimulus)
    addresses |= {"pid": os.getpid(), "pki": str(folder)}
    server.stop_on_signals()
    if parent_pipe:
        server.stop_at_end_of(sys.stdin.fileno())
    click.echo(json.dumps(addresses))
    sys.stdout.flush()
    server.run()
