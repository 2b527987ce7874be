"""The bench in a folder that most of these tests run on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bench_folder import HERE, PROFILE, Bench

from devices import pki


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    pki.init(folder, seed="runner")
    return folder


@pytest.fixture
def bench(tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    site = tmp_path / "site"
    info = site / "puppet_device-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: puppet-device\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[smip_bench.devices]\npuppet = puppet_device:Puppet\n")
    for path in (site, HERE):
        monkeypatch.syspath_prepend(str(path))
    folder = tmp_path / "bench"
    folder.mkdir()
    (folder / "keys").symlink_to(keys, target_is_directory=True)
    made = Bench(folder, os.environ | {
        "PYTHONPATH": os.pathsep.join([str(site), str(HERE), os.environ.get("PYTHONPATH", "")])})
    made.write_plan()
    made.write_rig()
    made.profile.write_text(
        PROFILE.read_text(encoding="utf-8").replace(
            "  response_timeout_s:", "  keys: keys\n  response_timeout_s:"), encoding="utf-8")
    return made
