"""Where the data that ships with the project lies, in a checkout as in an installed wheel."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds ``testplans/``, ``devices/`` and ``reports/``."""


def resolve(path: str | Path) -> Path:
    """Return ``path`` if it exists, else the file of that relative name that ships with us.

    So ``devices/profiles/emulated-esme.yaml`` means the same from a checkout and from an empty
    folder with an installed wheel. A path that exists nowhere is returned unchanged, for the
    caller to complain about by the name that the user gave.
    """
    given = Path(path)
    if given.exists() or given.is_absolute():
        return given
    shipped = ROOT / given
    return shipped if shipped.exists() else given
