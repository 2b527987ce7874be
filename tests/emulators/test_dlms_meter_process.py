"""The DLMS meter as a process: its addresses, its keys, its profile, wrong usage."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bench.errors import ProfileError, RigError
from bench.protocols.dlms import wrapper
from devices import dlms_keys
from devices.emulators.dlms import declared
from devices.emulators.dlms.declared import Declared

on_posix = pytest.mark.skipif(os.name != "posix", reason="terminals and signals of POSIX")
WAIT = 20.0
AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400001E1DFFFF")


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, Any]]]:
    child = subprocess.Popen(
        [sys.executable, "-m", "bench.cli", "emulate", "dlms-meter", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdin
    assert child.stdout
    assert child.stderr
    try:
        yield child, json.loads(child.stdout.readline() or b"{}")
    finally:
        child.kill()
        child.wait(WAIT)
        for pipe in (child.stdin, child.stdout, child.stderr):
            pipe.close()


def test_a_process_behind_the_wrapper_makes_its_keys_and_ends_with_its_parent() -> None:
    with process("--link", "wrapper", "--listen", "127.0.0.1:0", "--parent-pipe") as (child, said):
        held = dlms_keys.load(Path(said["keys"]))
        assert set(held.sets) == {"lls", "hls"}
        host, _, port = said["line"].removeprefix("socket://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=WAIT) as line:
            line.sendall(wrapper.encode(16, 1, AARQ))
            (answer,) = wrapper.WrapperStream().feed(line.recv(65_536))
        assert answer.apdu[0] == 0x61
        assert child.stdin
        child.stdin.close()
        assert child.wait(WAIT) == 0
        assert not Path(said["keys"]).exists()


@on_posix
def test_a_process_on_a_pseudo_terminal_ends_on_sigterm() -> None:
    with process("--link", "mode-e", "--line", "auto", "--baud", "9600") as (child, said):
        assert Path(said["line"]).exists()
        child.send_signal(signal.SIGTERM)
        assert child.wait(WAIT) == 0
        assert child.stderr
        assert child.stderr.read() == b""


@pytest.mark.parametrize(("arguments", "told"), [
    ((), "give one of --line and --listen"),
    (("--line", "auto", "--listen", "127.0.0.1:0"), "give one of --line and --listen"),
    (("--link", "wrapper", "--line", "auto"), "the wrapper needs --listen"),
    (("--link", "token-ring", "--listen", "127.0.0.1:0"), "token-ring"),
    (("--listen", "127.0.0.1:0", "--baud", "1000"), "baud: expected one of 300"),
    (("--listen", "127.0.0.1:0", "--noise", "2"), "noise: expected a share"),
    (("--listen", "127.0.0.1:0", "--defect", "no-such-defect"), "no defect 'no-such-defect'"),
    (("--listen", "127.0.0.1:0", "--defect", "mac-not-checked"), "of the dlms-meter"),
    (("--listen", "127.0.0.1:0", "--profile", "absent.yaml"), "absent.yaml"),
    (("--listen", "127.0.0.1:0", "--stimulus", "0.0.0.0:0"), "loopback"),
])
def test_wrong_usage_is_one_message_and_status_2(
    arguments: tuple[str, ...], told: str, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from bench.cli import main
    monkeypatch.setattr(sys, "argv", ["smip-bench", "emulate", "dlms-meter", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_the_profile_that_ships_says_how_the_meter_is_reached() -> None:
    from bench.resources import ROOT
    found = declared.load(ROOT / "devices" / "profiles" / "emulated-dlms-meter.yaml")
    assert (found.hdlc.address_octets, found.hdlc.lower) == (4, 17)
    assert (found.low, found.high) == ("lls", "hls")


def test_a_wrong_declaration_is_told_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "meter.yaml"
    path.write_text("emulator: {flag_id: ABC}\ndlms: {flag_id: 5}\n")
    with pytest.raises(ProfileError, match=r"meter\.yaml:2: "):
        declared.load(path)


def test_a_meter_without_a_link_in_its_profile_has_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "meter.yaml"
    path.write_text("emulator: {flag_id: ABC}\n")
    assert declared.load(path) == Declared(declared.load(path).settings)
    assert declared.load(path).settings.flag_id == "ABC"


def test_the_meter_has_the_servers_side_of_its_keys(tmp_path: Path) -> None:
    dlms_keys.make(tmp_path, Declared().sets, seed="1")
    held, found = dlms_keys.load(tmp_path), declared.meter_keys(tmp_path, Declared())
    assert found.title == held.server_title
    assert found.low_secret == held.of("lls").client.secret
    assert found.global_unicast == held.of("hls").client.global_unicast


def test_a_key_that_is_missing_is_told_by_its_name_alone(tmp_path: Path) -> None:
    dlms_keys.make(tmp_path, Declared().sets, seed="1")
    path = tmp_path / dlms_keys.NAMES[0]
    document = json.loads(path.read_text())
    secret = document["sets"]["hls"].pop("master")
    path.write_text(json.dumps(document))
    with pytest.raises(RigError, match=r"sets\.hls: expected master, found none") as told:
        declared.meter_keys(tmp_path, Declared())
    assert secret not in str(told.value)
