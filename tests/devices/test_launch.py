"""An emulator is started as a process of its own, and never outlives the rig."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.errors import LinkError, RigError
from bench.resources import ROOT
from devices import dlms_keys
from devices import launch as launching
from devices.launch import Launch, launched
from devices.pki import read_parties
from devices.profile import load_profile

PROFILE = load_profile("devices/profiles/emulated-esme.yaml")
PTY = pytest.mark.skipif(os.name != "posix", reason="a pseudo-terminal")

# Stands for `smip-bench emulate`: says where it is and what it was told, ends with its parent.
FAITHFUL = """
import json, os, sys
with open(os.environ["SMIP_TEST_NOTES"], "w") as notes:
    json.dump(sys.argv[1:], notes)
print(json.dumps({"line": "loop://", "stimulus": "127.0.0.1:9", "pid": os.getpid()}), flush=True)
sys.stdin.read()
with open(os.environ["SMIP_TEST_NOTES"], "a") as notes:
    notes.write("\\nended")
"""
DEAF = """
import signal, time
print('{"line": "loop://", "stimulus": "127.0.0.1:9", "pid": 1}', flush=True)
while True:
    signal.pause()
"""
SILENT = "import sys; sys.stdin.read()"
FAILING = "import sys; sys.exit('defect no-such-defect is not known')"
BABBLING = "print('hello', flush=True); import sys; sys.stdin.read()"
INCOMPLETE = "print('{\"line\": \"loop://\"}', flush=True); import sys; sys.stdin.read()"


def command(program: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", program)


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "notes"
    monkeypatch.setenv("SMIP_TEST_NOTES", str(path))
    return path


def test_the_emulator_says_where_it_is_and_ends_with_the_rig(notes: Path) -> None:
    with launched(Launch("esme"), PROFILE, command=command(FAITHFUL)) as emulator:
        assert (emulator.line, emulator.stimulus) == ("loop://", "127.0.0.1:9")
        assert "supplier" in read_parties(emulator.keys)
        if os.name == "posix":  # elsewhere the folder of temporary files is the user's own
            assert emulator.keys.parent.stat().st_mode & 0o077 == 0
    assert notes.read_text().endswith("\nended")
    assert not emulator.keys.exists()


def test_it_is_told_everything_it_needs(notes: Path) -> None:
    with launched(Launch("esme", 3, "tcp"), PROFILE, defect="replay-accepted", seed=4,
                  command=command(FAITHFUL)) as emulator:
        told = json.loads(notes.read_text())
    assert told == [
        "esme", "--listen", "127.0.0.1:0", "--stimulus", "127.0.0.1:0",
        "--pki", str(emulator.keys), "--profile", str(PROFILE.path.resolve()), "--seed", "7",
        "--parent-pipe", "--defect", "replay-accepted"]


@pytest.mark.parametrize(("link", "line", "served"), [
    ("wrapper", ["--listen", "127.0.0.1:0"], "wrapper"),
    ("hdlc-tcp", ["--listen", "127.0.0.1:0"], "hdlc"),
    pytest.param("hdlc", ["--line", "auto"], "hdlc", marks=PTY),
    pytest.param("mode-e", ["--line", "auto"], "mode-e", marks=PTY),
])
def test_a_dlms_meter_is_told_its_link_and_gets_the_keys_that_its_profile_names(
    notes: Path, link: str, line: list[str], served: str
) -> None:
    profile = load_profile("devices/profiles/emulated-dlms-meter.yaml")
    with launched(Launch("dlms-meter", link=link), profile,
                  command=command(FAITHFUL)) as emulator:
        told = json.loads(notes.read_text())
        assert set(dlms_keys.load(emulator.keys).sets) == {
            "lls", "hls", "authenticated", "encrypted"}
    assert told == ["dlms-meter", *line, "--link", served, "--stimulus", "127.0.0.1:0",
                    "--keys", str(emulator.keys), "--profile",
                    str(profile.path.resolve()), "--seed", "0", "--parent-pipe"]


@pytest.mark.parametrize(("platform", "line", "way"), [
    ("linux", "", ["--line", "auto"]), ("win32", "", ["--listen", "127.0.0.1:0"]),
    ("win32", "pty", ["--line", "auto"]), ("linux", "tcp", ["--listen", "127.0.0.1:0"]),
])
def test_the_line_is_a_pseudo_terminal_where_there_are_any(
    monkeypatch: pytest.MonkeyPatch, platform: str, line: str, way: list[str]
) -> None:
    monkeypatch.setattr(launching.sys, "platform", platform)
    told = launching._arguments(Launch("esme", 0, line), PROFILE.path, Path("keys"), None, 0)
    assert told[1:3] == way


def test_two_rigs_have_keys_of_their_own(notes: Path) -> None:
    with launched(Launch("esme"), PROFILE, command=command(FAITHFUL)) as one, \
            launched(Launch("esme"), PROFILE, command=command(FAITHFUL)) as two:
        first, second = (next(rig.keys.glob("*-ds.key")).read_bytes() for rig in (one, two))
        assert first != second


@pytest.mark.parametrize(("program", "told"), [
    (FAILING, r"exit status 1.*found ''; its last words: defect no-such-defect is not known"),
    ("pass", r"exit status 0.*its last words: nothing"),
    (BABBLING, "found 'hello'"),
    (INCOMPLETE, "did not start"),
])
def test_an_emulator_that_does_not_start_is_told_with_its_last_words(
    program: str, told: str
) -> None:
    with pytest.raises(LinkError, match=told), \
            launched(Launch("esme"), PROFILE, command=command(program)):
        pytest.fail("it started")


def test_an_emulator_that_says_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "_START_S", 0.05)
    began = time.monotonic()
    with pytest.raises(LinkError, match="did not start"), \
            launched(Launch("esme"), PROFILE, command=command(SILENT)):
        pytest.fail("it started")
    assert time.monotonic() - began < 3


def test_an_emulator_that_the_system_cannot_start_is_a_broken_rig(tmp_path: Path) -> None:
    with pytest.raises(LinkError, match=r"did not start: .*no-such-program"), \
            launched(Launch("esme"), PROFILE, command=(str(tmp_path / "no-such-program"),)):
        pytest.fail("it started")


def test_a_line_that_the_system_does_not_have_is_a_mistake_of_the_rig_file(
    monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launching.sys, "platform", "win32")
    with pytest.raises(RigError, match=r"launch\.line: expected tcp"), \
            launched(Launch("esme", 0, "pty"), PROFILE, command=command(FAITHFUL)):
        pytest.fail("it started")


def test_a_defect_that_the_emulator_does_not_know_is_a_mistake_too() -> None:
    with pytest.raises(RigError, match="found 'replay-acepted'; did you mean replay-accepted"), \
            launched(Launch("esme"), PROFILE, defect="replay-acepted",
                     command=command(FAITHFUL)):
        pytest.fail("it started")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
def test_an_emulator_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "_END_S", 0.05)
    with launched(Launch("esme"), PROFILE, command=command(DEAF)) as emulator:
        pass
    assert not emulator.keys.exists()


def test_a_break_in_the_middle_ends_it_too(notes: Path) -> None:
    with pytest.raises(KeyboardInterrupt), \
            launched(Launch("esme"), PROFILE, command=command(FAITHFUL)) as emulator:
        raise KeyboardInterrupt
    assert notes.read_text().endswith("\nended")
    assert not emulator.keys.exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="os.fork")
def test_a_forked_emulator_says_where_it_is_and_ends_with_its_parent(tmp_path: Path) -> None:
    """In a process of its own: the one that runs the tests has threads and must not fork."""
    program = f"""
import json, tempfile
from pathlib import Path
from devices import pki
from devices.forking import Forked
pki.init(Path({str(tmp_path / "keys")!r}))
with tempfile.TemporaryFile("w+") as words:
    child = Forked(["chf", "--listen", "127.0.0.1:0", "--pki", {str(tmp_path / "keys")!r},
                    "--parent-pipe"], words)
    said = json.loads(child.stdout.readline())
    assert said["pid"] == child.pid and said["line"].startswith("socket://127.0.0.1:"), said
    child.stdin.close()
    assert child.wait(20) == 0
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True,
                          check=False, timeout=50, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
