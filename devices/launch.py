"""An emulator as a process of its own, for the time that a rig is open.

The child is ``smip-bench emulate``; it answers with one JSON line on its standard output::

    {"line": "/dev/pts/3" or "socket://127.0.0.1:PORT", "stimulus": "127.0.0.1:PORT", "pid": N}

and lives until its standard input, a pipe that we hold (``--parent-pipe``), is closed: it ends
with us, however we end. Its keys are made for it, in a private folder that goes with it: a test PKI
(``--pki``), or of a DLMS meter the sets that its profile names (``--keys``), whose link is
``--link``.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bench.errors import LinkError, RigError
from devices import dlms_keys, pki
from devices.declaration import unknown
from devices.defects import of_device
from devices.device_types import DEVICE_TYPES
from devices.dlms_names import LINKS
from devices.forking import Forked
from devices.profile import Profile

EMULATORS = tuple(name for name, kind in DEVICE_TYPES.items() if kind.emulated)
"""Names that ``smip-bench emulate`` takes."""

_START_S = 60.0  # more than a cold start on a busy machine with one core
_END_S = 5.0
_TAIL = 2000  # characters of the child's last words that an error shows

# Ctrl-C is for us to handle, so the child is kept apart from our terminal: on POSIX by a session
# of its own (Windows ignores that argument), on Windows by a process group.
if sys.platform == "win32":
    _APART = subprocess.CREATE_NEW_PROCESS_GROUP
else:
    _APART = 0

Child = subprocess.Popen[str] | Forked

_COMMAND = (sys.executable, "-m", "bench.cli", "emulate")


@dataclass(frozen=True, slots=True)
class Launch:
    """What to launch; ``line`` is ``pty`` or ``tcp``, empty for what this system does best.

    ``link`` is one of :data:`~devices.dlms_names.LINKS`, empty where the device has no choice.
    """

    emulator: str
    seed: int = 0
    line: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Emulator:
    """A running emulator: the URL of its line, the address of its stimulus channel, its keys."""

    line: str
    stimulus: str
    keys: Path


@contextmanager
def launched(launch: Launch, profile: Profile, *, defect: str | None = None, seed: int = 0,
             command: tuple[str, ...] = _COMMAND) -> Iterator[Emulator]:
    """Run the emulator of ``launch`` for the ``with`` block, then end it and remove its keys.

    ``seed`` is added to that of ``launch``. ``command`` is what runs it. Raises
    :class:`RigError` if this system or the emulator lacks what is asked for, and
    :class:`LinkError` with the child's last words if it does not start within 60 s.
    """
    _check(launch, defect)
    with (
        tempfile.TemporaryDirectory(prefix="smip-bench-", ignore_cleanup_errors=True) as folder,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as words,
    ):
        keys = Path(folder) / "keys"
        _make_keys(launch.emulator, profile, keys)
        arguments = _arguments(launch, profile.path, keys, defect, launch.seed + seed)
        try:
            child = _started(command, arguments, words)
        except OSError as failure:
            raise LinkError(
                f"the emulator {launch.emulator} did not start: {failure}") from failure
        try:
            said = _first_line(child)
            yield _emulator(said, launch, keys, child, words)
        finally:
            _end(child)


def fork_from_now_on() -> None:
    """Start emulators as forks of this process, if it can: see :mod:`devices.forking`."""
    _SETTING["fork"] = hasattr(os, "fork")


_SETTING = {"fork": False}


def _started(command: tuple[str, ...], arguments: list[str], words: IO[str]) -> Child:
    if _SETTING["fork"] and command == _COMMAND:
        return Forked(arguments, words)
    return subprocess.Popen(  # noqa: S603  our own command, no shell
        [*command, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=words,
        text=True, encoding="utf-8", start_new_session=True, creationflags=_APART)


def _check(launch: Launch, defect: str | None) -> None:
    """Raise :class:`RigError` for what no emulator can be asked for here."""
    if launch.line == "pty" and sys.platform == "win32":
        raise RigError("launch.line: expected tcp, because Windows has no pseudo-terminals; "
                       "found 'pty'")
    known = of_device(launch.emulator)
    if defect is not None and defect not in known:
        raise RigError(unknown("a defect", defect, known))


def _make_keys(emulator: str, profile: Profile, folder: Path) -> None:
    if DEVICE_TYPES[emulator].gbcs:
        pki.init(folder)
        return
    declared = profile.ixit["dlms"]
    dlms_keys.make(folder, dlms_keys.needed(declared), flag_id=declared["flag_id"])


def _arguments(launch: Launch, profile: Path, keys: Path, defect: str | None,
               seed: int) -> list[str]:
    link = LINKS.get(launch.link)
    line = launch.line or ("tcp" if sys.platform == "win32" or (link and link.tcp) else "pty")
    way = ["--line", "auto"] if line == "pty" else ["--listen", "127.0.0.1:0"]
    held = "--pki" if DEVICE_TYPES[launch.emulator].gbcs else "--keys"
    served = [] if link is None else ["--link", link.served]
    wrong = [] if defect is None else ["--defect", defect]
    return [launch.emulator, *way, *served, "--stimulus", "127.0.0.1:0", held, str(keys),
            "--profile", str(profile.resolve()), "--seed", str(seed), "--parent-pipe", *wrong]


def _first_line(child: Child) -> str:
    """Return the child's first line, empty if it ended or said none in time."""
    output: IO[str] | None = child.stdout
    said: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        said.put(output.readline() if output is not None else "")

    # A pipe cannot be waited for with a time-out on every system; a thread can.
    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        return said.get(timeout=_START_S)
    except queue.Empty:
        return ""


def _emulator(said: str, launch: Launch, keys: Path, child: Child,
              words: IO[str]) -> Emulator:
    try:
        places: Mapping[str, object] = json.loads(said)
        return Emulator(str(places["line"]), str(places["stimulus"]), keys)
    except (ValueError, KeyError, TypeError) as error:
        _end(child)
        words.seek(0)
        tail = words.read()[-_TAIL:].strip() or "nothing"
        raise LinkError(
            f"the emulator {launch.emulator} did not start (exit status {child.returncode}): "
            f"expected a JSON line with its addresses, found {said.strip()[:80]!r}; "
            f"its last words: {tail}") from error


def _end(child: Child) -> None:
    if child.stdin is not None and not child.stdin.closed:
        child.stdin.close()
    try:
        child.wait(_END_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    if child.stdout is not None:
        child.stdout.close()
