"""``smip-bench emulate dlms-meter``: the emulated DLMS/COSEM meter as a process of its own."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click

from bench.cli.serving import serve
from bench.resources import resolve
from devices import dlms_keys
from devices.defects import DEFECTS, of_device
from devices.emulators.dlms import declared as declarations
from devices.emulators.dlms.declared import Declared
from devices.emulators.dlms.hdlc_server import HdlcServer
from devices.emulators.dlms.line_time import LineSettings
from devices.emulators.dlms.meter import Meter
from devices.emulators.dlms.mode_e_server import ModeEServer
from devices.emulators.dlms.process import LINKS, LinkServer, Server
from devices.emulators.dlms.wrapper_server import WrapperServer

NAME = "dlms-meter"

_TURN_ROUND_S = 0.02  # where time is modelled: the least reaction time of IEC 62056-21
_GAP_S = 0.005  # between two frames of a window


def address(_: click.Context, __: click.Parameter, text: str | None) -> tuple[str, int] | None:
    """Read HOST:PORT."""
    if text is None:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65_535:
        raise click.BadParameter("expected HOST:PORT")
    return host.strip("[]") or "127.0.0.1", int(port)


@click.command(NAME)
@click.option("--link", type=click.Choice(LINKS), default="hdlc", show_default=True,
              help="What carries APDUs: HDLC, HDLC after a sign-on in mode E, or the wrapper.")
@click.option("--line", metavar="PATH|auto",
              help="Serial device or pseudo-terminal; auto makes a new one. Not on Windows.")
@click.option("--listen", metavar="HOST:PORT", callback=address,
              help="Serve the line over TCP; port 0 takes a free one.")
@click.option("--baud", type=int, default=0, metavar="BIT/S",
              help="Model the time of a serial line of this speed; without it octets take none.")
@click.option("--noise", type=float, default=0.0, metavar="SHARE",
              help="Share of octets with a wrong bit, by the seed.")
@click.option("--echo", is_flag=True,
              help="Give back what is received, as some optical heads do.")
@click.option("--stimulus", metavar="HOST:PORT", callback=address,
              help="Open the stimulus channel, on the loopback only.")
@click.option("--profile", type=click.Path(path_type=Path), help="Profile with the identity.")
@click.option("--keys", "--pki", "folder",
              type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="Keys of the meter and its clients; made for this run where left out.")
@click.option("--seed", type=int, default=0, show_default=True,
              help="Fixes what differs between devices of one make, and the noise.")
@click.option("--defect", "defects", multiple=True, metavar="NAME",
              help="Be wrong in this way; may be given more than once.")
@click.option("--parent-pipe", is_flag=True, help="End when standard input is closed.")
def command(
    link: str, line: str | None, listen: tuple[str, int] | None, baud: int, noise: float,
    echo: bool, stimulus: tuple[str, int] | None, profile: Path | None, folder: Path | None,
    seed: int, defects: tuple[str, ...], parent_pipe: bool,
) -> None:
    """Run an emulated DLMS/COSEM meter until SIGINT (Ctrl-C) or SIGTERM.

    The first line on standard output is a JSON object with the addresses in use.
    """
    if (line is None) == (listen is None):
        raise click.UsageError("give one of --line and --listen")
    if link == "wrapper" and line is not None:
        raise click.UsageError("the wrapper needs --listen")
    for defect in sorted(set(defects) - set(of_device(NAME))):
        of = f" of the {NAME}" if defect in DEFECTS else ""
        raise click.BadParameter(f"no defect {defect!r}{of}", param_hint="--defect")
    settings = LineSettings(baud, noise, _TURN_ROUND_S, _GAP_S, seed, echo)
    declared = declarations.load(resolve(profile)) if profile else Declared()
    with tempfile.TemporaryDirectory(prefix="smip-bench-keys-") as made:
        if folder is None:
            folder = Path(made)
            dlms_keys.make(folder, declared.sets, flag_id=declared.settings.flag_id)
        keys = declarations.meter_keys(folder, declared)
        meter = Meter(declared.settings, keys, further=declarations.further_keys(folder, declared),
                      seed=seed, faults=frozenset(defects))
        with Server(meter, _served(link, meter, declared), settings) as server:
            serve(server, line, listen, stimulus, {"keys": str(folder)}, parent_pipe=parent_pipe)


def _served(link: str, meter: Meter, declared: Declared) -> LinkServer:
    if link == "wrapper":
        return WrapperServer(meter)
    if link == "mode-e":
        return ModeEServer(meter, declared.hdlc, address=declared.address)
    return HdlcServer(meter, declared.hdlc)
