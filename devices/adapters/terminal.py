"""A question to whoever sits at the terminal, past any redirection of standard input and output."""

from __future__ import annotations

import sys
from pathlib import Path

from bench.errors import NotTestableHere

# The reading and the writing end of the controlling terminal.
_DEVICES = {"win32": ("CONIN$", "CONOUT$")}
_POSIX = ("/dev/tty", "/dev/tty")


def ask_at_terminal(question: str) -> str:
    """Show ``question``, return the line that is typed in reply, without spaces around it.

    Raises :class:`NotTestableHere` where there is no terminal, or it is closed.
    """
    reading, writing = _DEVICES.get(sys.platform, _POSIX)
    try:
        with Path(writing).open("w", encoding="utf-8") as screen:
            screen.write(f"{question} ")
        with Path(reading).open(encoding="utf-8") as keyboard:
            answer = keyboard.readline()
    except OSError as error:
        raise NotTestableHere(f"no terminal to ask an operator at: {question}") from error
    if not answer:
        raise NotTestableHere(f"the terminal was closed on the question: {question}")
    return answer.strip()
