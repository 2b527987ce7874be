"""Messages in files: one GBCS message each, as hexadecimal text or as the octets themselves.

Hexadecimal text may be broken by white space anywhere and be in either case. Octets are told by
their first one, the tag of a MAC header or a grouping header (GBCS section 7.2), which is no
character of hexadecimal text. Whether the octets are a message is not looked at here.
"""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath

from bench.errors import RigError
from bench.protocols.gbcs.message import GROUPING_TAG, MAC_TAG

_SPACE = b" \t\r\n\f\v"
_NO_DIGIT = re.compile(rb"[^0-9A-Fa-f \t\r\n\f\v]")


def read_message(file: Path) -> bytes:
    """Return the octets that ``file`` holds.

    Raises :class:`RigError` with the file, the offset in it, what was expected and found.
    """
    try:
        content = file.read_bytes()
    except OSError as wrong:
        raise RigError(f"{file}: expected a message, found {wrong.strerror}") from wrong
    if content[:1] and content[0] in (MAC_TAG, GROUPING_TAG):
        return content
    stranger = _NO_DIGIT.search(content)
    if stranger is not None:
        raise RigError(f"{file}: offset {stranger.start()}: expected a hexadecimal digit, "
                       f"found octet {stranger[0].hex().upper()}")
    digits = content.translate(None, _SPACE)
    if not digits:
        raise RigError(f"{file}: offset 0: expected a message, found an empty file")
    if len(digits) % 2:
        raise RigError(f"{file}: offset {len(content)}: expected another hexadecimal digit, "
                       "found the end")
    return bytes.fromhex(digits.decode("ascii"))


def inside(folder: Path, name: str) -> Path:
    """Return the path of ``name`` (with ``/`` between its parts) in ``folder``.

    Raises :class:`RigError` for whatever lies outside: an absolute name, ``..``, a link that
    leads away.
    """
    path = folder / name
    if (not name or PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts
            or "\\" in name or ":" in name or "\0" in name
            or not path.resolve().is_relative_to(folder.resolve())):
        raise RigError(f"expected the name of a file in {folder}, found {name!r}")
    return path
