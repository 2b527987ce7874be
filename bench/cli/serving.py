"""How an emulated device is served until it is stopped, and says where it is reached."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

import click

from devices.emulators.serving import Server


def serve(server: Server, line: str | None, listen: tuple[str, int] | None,
          stimulus: tuple[str, int] | None, more: Mapping[str, object], *,
          parent_pipe: bool) -> None:
    """Open the line and the stimulus channel, print the addresses with ``more`` as one JSON line,
    and serve until SIGINT, SIGTERM or, with ``parent_pipe``, the end of standard input."""
    addresses: dict[str, object] = {}
    if line is not None:
        addresses["line"] = server.open_terminal(line)
    elif listen is not None:
        addresses["line"] = server.listen(*listen)
    if stimulus is not None:
        addresses["stimulus"] = server.listen_stimulus(*stimulus)
    addresses |= {"pid": os.getpid(), **more}
    server.stop_on_signals()
    if parent_pipe:
        server.stop_at_end_of(sys.stdin.fileno())
    click.echo(json.dumps(addresses))
    sys.stdout.flush()
    server.run()
