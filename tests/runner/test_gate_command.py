"""``smip-bench gate`` on registers of its own making."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from bench_folder import PROFILE, Bench

from bench.records.decision import Status
from bench.records.register import CertifiedBaseline, Grant
from bench.records.serial import to_json
from bench.register import Register
from devices.profile import load_profile

SUBJECT = load_profile(PROFILE).subject
GRANT = Grant(
    SUBJECT, CertifiedBaseline("Baseline", "2026-01-01", "0" * 64, (("SMETS2", "5.1"),)),
    Status.COMPLIANT, "all mandatory requirements", "1" * 64, "The Laboratory", "The Body",
    "all passed")
ASK = ("gate", "--profile", str(PROFILE), "--register", "register.db", "--at", "2026-03-01")


@pytest.fixture
def make(bench: Bench) -> Callable[..., Path]:
    def made(*grants: Grant, demonstration: bool = False) -> Path:
        path = bench.folder / "register.db"
        with Register.create(path, keeper="The Body", at="2026-01-01",
                             demonstration=demonstration) as register:
            for grant in grants:
                register.grant(replace(grant, demonstration=demonstration), at="2026-02-20")
        return path

    return made


def test_a_certified_firmware_passes(bench: Bench, make: Callable[..., Path]) -> None:
    make(GRANT)
    ended = bench.call(*ASK)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("pass: certificate SMIP-000002, granted on 2026-02-20")


def test_a_day_before_the_certificate_does_not(bench: Bench, make: Callable[..., Path]) -> None:
    make(GRANT)
    ended = bench.call(*ASK[:-1], "2026-02-19")
    assert ended.returncode == 1
    assert ended.stdout.startswith("fail: no certificate for firmware 00000001 with image hash")


def test_another_hash_is_told_with_what_would_make_it_pass(
    bench: Bench, make: Callable[..., Path]
) -> None:
    make(replace(GRANT, subject=replace(SUBJECT, image_hash="AB" * 32)))
    ended = bench.call(*ASK)
    assert ended.returncode == 1
    assert f"  SMIP-000002 (granted) is for image_hash {'AB' * 32}" in ended.stdout
    assert "what would make it pass: certify this exact firmware" in ended.stdout


def test_a_partial_certificate(bench: Bench, make: Callable[..., Path]) -> None:
    make(replace(GRANT, decision=Status.PARTIAL, scope="credit only"))
    assert bench.call(*ASK).returncode == 1
    assert bench.call(*ASK, "--accept-partial").returncode == 0


def test_a_subject_may_be_given_as_json(bench: Bench, make: Callable[..., Path]) -> None:
    make(GRANT)
    path = bench.folder / "subject.json"
    ask = ("gate", "--subject-json", str(path), *ASK[3:])
    for document in (to_json(SUBJECT), {"format": "x", "subject": to_json(SUBJECT)}):
        path.write_text(json.dumps(document))
        assert bench.call(*ask).returncode == 0
    found = json.loads(bench.call(*ask, "--json").stdout)
    assert (found["passes"], found["certificate"]) == (True, "SMIP-000002")
    path.write_text(json.dumps(to_json(SUBJECT) | {"firmware_version": "1.0.0"}))
    ended = bench.call(*ask)
    assert ended.returncode == 2
    assert "subject.json:1: firmware_version: expected 8 hexadecimal digits" in ended.stderr
    for text in ("", "5", "[]", "{}", '{"subject": null}', "[" * 100_000):
        path.write_text(text)
        ended = bench.call(*ask)
        assert ended.returncode == 2, text[:20]
        assert "it is no subject" in ended.stderr


def test_one_subject_is_asked_for(bench: Bench, make: Callable[..., Path]) -> None:
    make(GRANT)
    assert bench.call("gate", "--register", "register.db").returncode == 2
    (bench.folder / "s.json").write_text("{}")
    assert bench.call(*ASK, "--subject-json", "s.json").returncode == 2


def test_no_register_and_an_altered_one_never_pass(
    bench: Bench, make: Callable[..., Path]
) -> None:
    assert bench.call(*ASK).returncode == 3
    path = make(replace(GRANT, decision=Status.PARTIAL, scope="credit only"))
    with sqlite3.connect(path) as database:
        for (trigger,) in database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {trigger}")
        changed = database.execute(
            "UPDATE register_entry SET content = replace(content, 'partial', 'SMIP Compliant')")
        assert changed.rowcount
    database.close()
    ended = bench.call(*ASK)
    assert ended.returncode == 3
    assert "the register was altered: entry 2" in ended.stderr


def test_a_register_for_demonstration_is_named(bench: Bench, make: Callable[..., Path]) -> None:
    make(GRANT, demonstration=True)
    ended = bench.call(*ASK)
    assert ended.returncode == 2
    assert "its certificates are worth nothing" in " ".join(ended.stderr.split())
    ended = bench.call(*ASK, "--demonstration")
    assert ended.returncode == 0
    assert ended.stdout.startswith("DEMONSTRATION: pass:")
