"""``smip-bench emulate``: run an emulated device as a process of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import click

from bench.cli.emulate_dlms import address
from bench.cli.emulate_dlms import command as dlms_meter
from bench.cli.serving import serve
from bench.resources import resolve
from devices import pki
from devices.defects import DEFECTS, of_device
from devices.device_types import DEVICE_TYPES
from devices.emulators.catalogue import emulated
from devices.emulators.gbcs import keyring
from devices.emulators.gbcs.process import Server
from devices.emulators.gbcs.profile import load_settings

_WHAT = {"esme": "single-element electricity meter", "gsme": "gas meter",
         "gpf": "gas proxy function of a communications hub",
         "chf": "communications hub function"}


@click.group()
def command() -> None:
    """Emulated devices."""


_OPTIONS: tuple[Any, ...] = (
    click.option("--line", metavar="PATH|auto",
                 help="Serial device or pseudo-terminal; auto makes a new one. Not on Windows."),
    click.option("--listen", metavar="HOST:PORT", callback=address,
                 help="Serve the line over TCP; port 0 takes a free one."),
    click.option("--stimulus", metavar="HOST:PORT", callback=address,
                 help="Open the stimulus channel, on the loopback only."),
    click.option("--pki", "folder",
                 type=click.Path(exists=True, file_okay=False, path_type=Path),
                 help="Keys of the device and its parties; made for this run where left out."),
    click.option("--profile", type=click.Path(path_type=Path), help="Profile with the identity."),
    click.option("--defect", "defects", multiple=True, metavar="NAME",
                 help="Be wrong in this way; may be given more than once."),
    click.option("--seed", type=int, default=0, show_default=True,
                 help="Fixes what differs between devices of one make."),
    click.option("--parent-pipe", is_flag=True, help="End when standard input is closed."),
)


def _add(name: str) -> None:
    """Add the command that runs the emulated device ``name``."""

    def run(
        line: str | None, listen: tuple[str, int] | None, stimulus: tuple[str, int] | None,
        folder: Path | None, profile: Path | None, defects: tuple[str, ...], seed: int,
        parent_pipe: bool,
    ) -> None:
        if (line is None) == (listen is None):
            raise click.UsageError("give one of --line and --listen")
        for defect in sorted(set(defects) - set(of_device(name))):
            of = f" of the {name}" if defect in DEFECTS else ""
            raise click.BadParameter(f"no defect {defect!r}{of}", param_hint="--defect")
        kind, fresh = emulated(name)
        settings = load_settings(resolve(profile), fresh) if profile else fresh
        with tempfile.TemporaryDirectory(prefix="smip-bench-pki-") as made:
            if folder is None:
                folder = Path(made)
                pki.init(folder)
            eui64, parties, keys = keyring.load(folder)
            device = kind(settings, keys, eui64, parties, seed=seed, faults=frozenset(defects))
            with Server(device) as server:
                serve(server, line, listen, stimulus, {"pki": str(folder)},
                      parent_pipe=parent_pipe)

    run.__doc__ = f"""Run an emulated {_WHAT[name]} until SIGINT (Ctrl-C) or SIGTERM.

    The first line on standard output is a JSON object with the addresses in use.
    """
    for option in reversed(_OPTIONS):
        run = option(run)
    command.command(name)(run)


for _name, _kind in DEVICE_TYPES.items():
    if _kind.emulated and _kind.gbcs:
        _add(_name)
command.add_command(dlms_meter)

