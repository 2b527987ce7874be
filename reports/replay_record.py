"""``replay.json``: a replayed case as one document, canonical, and its reading.

The form is that of :class:`bench.records.replay.Replay`, with ``format`` before it; the same replay
gives the same octets, so that its SHA-256 can stand in the register.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from bench.errors import RegisterError
from bench.records.replay import Replay
from bench.records.serial import canonical, from_json, to_json

FORMAT = "smip-bench-replay/1"
LARGEST = 1 << 28  # octets; a case of a thousand messages takes a hundredth


def replay_json(replay: Replay) -> bytes:
    """Return the octets of ``replay.json``."""
    return canonical({"format": FORMAT, **to_json(replay)}) + b"\n"


def read_replay(path: Path) -> tuple[Replay, str]:
    """Return a replay and the SHA-256 of its file.

    Raises :class:`~bench.errors.RegisterError` for a file that holds none, or not as it is
    written.
    """
    try:
        with path.open("rb") as file:
            octets = file.read(LARGEST + 1)
    except OSError as failure:
        raise RegisterError(f"{path}: cannot be read: {failure.strerror}") from failure
    try:
        document = json.loads(octets) if len(octets) <= LARGEST else None
        if isinstance(document, dict) and document.get("format") == FORMAT:
            replay = from_json(Replay, document)
            if replay_json(replay) == octets:
                return replay, hashlib.sha256(octets).hexdigest()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass
    raise RegisterError(f"{path}: it is no replay of the format {FORMAT}, as it was written")
