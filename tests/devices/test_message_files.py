"""A name stays in its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import RigError
from devices.message_files import inside


@pytest.mark.parametrize("name", [
    "", "/etc/hostname", "..", "../b.hex", "a/../../b.hex", "a/../b.hex", "a\\..\\b", "C:b.hex",
    "a\0b", "link.hex"])
def test_nothing_outside_the_folder_is_named(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "b.hex").write_text("00")
    (folder / "link.hex").symlink_to(tmp_path / "b.hex")
    with pytest.raises(RigError, match="expected the name of a file in"):
        inside(folder, name)


def test_a_name_inside_is_a_path_inside(tmp_path: Path) -> None:
    assert inside(tmp_path, "a/b.hex") == tmp_path / "a" / "b.hex"
