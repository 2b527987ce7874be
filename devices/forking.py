"""An emulator as a fork of this process, where many are started one after the other.

Importing what an emulator needs takes longer than most of what it is then asked; a fork has it
already. Only for qualification, and only where there is ``os.fork``: this process must be one that
runs no other threads while it forks, and has nothing open that a child must not hold.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib import import_module
from typing import IO

_LONGEST_NAP_S = 0.02


class Forked:
    """What :class:`subprocess.Popen` is to its user here: pipes, and waiting for the end."""

    def __init__(self, arguments: Sequence[str], errors: IO[str]) -> None:
        """Run ``smip-bench emulate`` with ``arguments``; its standard error goes to ``errors``."""
        emulate = import_module("bench.cli.emulate").command  # before the fork: that is the point
        theirs_in, ours_in = os.pipe()
        ours_out, theirs_out = os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            _be_child(emulate, arguments, theirs_in, theirs_out, errors.fileno(),
                      (ours_in, ours_out))
        os.close(theirs_in)
        os.close(theirs_out)
        self.stdin: IO[str] | None = os.fdopen(ours_in, "w", encoding="utf-8")
        self.stdout: IO[str] | None = os.fdopen(ours_out, encoding="utf-8")

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit status; :class:`subprocess.TimeoutExpired` if there is none in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        nap = 0.0005
        while self.returncode is None:
            ended, status = os.waitpid(self.pid, 0 if deadline is None else os.WNOHANG)
            if ended:
                self.returncode = os.waitstatus_to_exitcode(status)
            elif deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("emulate", timeout or 0)
            else:
                time.sleep(nap)
                nap = min(2 * nap, _LONGEST_NAP_S)
        return self.returncode

    def kill(self) -> None:
        """End the child at once."""
        if self.returncode is None:
            os.kill(self.pid, 9)


def _be_child(emulate: object, arguments: Sequence[str], into: int, out: int, errors: int,
              parents: Sequence[int]) -> None:
    """Run the command in this process, a child, and end it whatever comes."""
    status = 3
    try:
        os.setsid()
        for end, standard in ((into, 0), (out, 1), (errors, 2)):
            os.dup2(end, standard)
        for end in (*parents, into, out):
            os.close(end)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        sys.stderr = os.fdopen(2, "w", closefd=False)
        emulate.main(list(arguments), standalone_mode=False)  # type: ignore[attr-defined]
        status = 0
    except BaseException as failure:
        print(f"smip-bench: {failure}", file=sys.stderr)  # noqa: T201  its last words
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
