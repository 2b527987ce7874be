"""A terminal as the emulator's line: a tty, or a new pseudo-terminal. Not on Windows."""

from __future__ import annotations

import os
import sys

from bench.errors import RigError


class Terminal:
    """An open terminal, received from and sent to like a socket.

    ``name`` is what a program at the other end opens; ``other`` is that end of a new
    pseudo-terminal, held open so that the line stays up while nobody is there.
    """

    def __init__(self, handle: int, name: str, other: int | None = None) -> None:
        self.name = name
        self._handle = handle
        self._other = other

    @property
    def is_new(self) -> bool:
        """Whether it is a new pseudo-terminal: the other end sets its speed."""
        return self._other is not None

    def fileno(self) -> int:
        """Return the file descriptor, for a selector."""
        return self._handle

    def recv(self, most: int) -> bytes:
        """Return at most ``most`` octets that are there; errors are those of ``os.read``."""
        return os.read(self._handle, most)

    def send(self, octets: bytes | bytearray) -> int:
        """Send what goes out at once; return how many octets that was."""
        return os.write(self._handle, octets)

    def close(self) -> None:
        """Close it, and with a new pseudo-terminal its other end."""
        os.close(self._handle)
        if self._other is not None:
            os.close(self._other)


def open_terminal(path: str) -> Terminal:
    """Open the device ``path``, or a new pseudo-terminal for ``auto``: raw, non-blocking.

    Raises :class:`RigError` if that fails, and on Windows.
    """
    if sys.platform != "win32":
        import termios  # noqa: PLC0415  not on Windows
        import tty  # noqa: PLC0415

        try:
            if path == "auto":
                handle, other = os.openpty()
                terminal = Terminal(handle, os.ttyname(other), other)
                tty.setraw(other)
            else:
                handle = os.open(path, os.O_RDWR | os.O_NOCTTY)
                terminal = Terminal(handle, path)
                tty.setraw(handle)
        except (OSError, termios.error) as wrong:
            raise RigError(f"{path}: {wrong.args[-1]}") from wrong
        os.set_blocking(handle, False)
        return terminal
    raise RigError(f"--line {path}: needs a pseudo-terminal or a tty, and Windows has neither (COM "
                   "ports are not supported); use --listen HOST:PORT, in a rig file line: tcp")
