"""docs/firmware.md is true: its commands print what it shows."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from documented import commands, run

from bench.resources import ROOT

GUIDE = ROOT / "docs" / "firmware.md"


@pytest.mark.skipif(not GUIDE.is_file(), reason="the documents are not installed")
def test_every_command_prints_what_the_guide_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.bin").write_bytes(bytes(range(256)) * 4)
    shown = commands(GUIDE)
    assert [command.split()[:2] for command, _ in shown] == [
        ["pki", "init"], ["firmware", "build"], ["firmware", "inspect"], ["utrn", "build"],
        ["utrn", "check"]]
    for command, printed in shown:
        if command.startswith("utrn build"):  # as the guide says
            for ending in (".pem", ".key"):
                shutil.copy2(f"keys/0200000000000002-ka{ending}",
                             f"keys/0200000000000002-pp-ka{ending}")
        run(command, printed)
