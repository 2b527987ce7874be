"""The commands that a document shows, run as written, and what it says they print.

A command begins with ``$ smip-bench`` in a block of the language ``console``; a line of its own
with ``...`` stands for any lines.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from click.testing import CliRunner

from bench.cli import cli

ELIDED = "...\n"


def blocks(document: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", document.read_text("utf-8"), re.DOTALL)


def commands(document: Path) -> list[tuple[str, str]]:
    """Return each command of ``document``, with what it prints."""
    return [(command.replace("\\\n", " "), shown)
            for block in blocks(document, "console")
            for command, shown in re.findall(
                r"^\$ smip-bench ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", block, re.MULTILINE)]


def run(command: str, shown: str) -> None:
    """Run a command as documented; what it prints and its exit status must be so."""
    ran = CliRunner().invoke(cli, shlex.split(command))
    pattern = "(?s:.*)".join(re.escape(part) for part in shown.split(ELIDED))
    assert re.fullmatch(pattern, ran.output), f"{command}\n{ran.output}"
    assert ran.exit_code == (2 if "Error: " in shown else 0), command
