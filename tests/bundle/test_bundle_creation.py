"""A bundle holds all of a finished run, and is made of nothing less."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from bundled_runs import (
    BASELINE,
    NOW,
    Laboratory,
    directory_start,
    no_password,
    part_of,
    stored_verdict,
    take_apart,
    write_key,
    write_run,
)
from cryptography.hazmat.primitives.asymmetric import ed25519

from bench.bundle import BundleError, create_bundle, read_signer, sources
from bench.bundle.contents import ENVELOPE, without_secrets
from bench.bundle.envelope import read_envelope
from bench.errors import LedgerError
from bench.records.serial import digest
from bench.runner.rejudge import judge_run


def test_every_part_of_the_run_is_in_it_octet_for_octet(made: Laboratory) -> None:
    parts = dict(take_apart(made.bundle))
    for name, file in {
        "ledger.jsonl": "ledger.jsonl", "captures/capture.pcapng": "capture.pcapng",
        "reports/report.html": "report.html", "reports/report.json": "report.json",
        "reports/junit.xml": "junit.xml", "baseline/small.yaml": "../small.yaml",
    }.items():
        assert parts[name] == (made.run / file).read_bytes()
    assert json.loads(parts["declaration/ics.json"]) == {"alcs": False}
    assert json.loads(parts["declaration/subject.json"])["model"] == "Model"
    assert json.loads(parts["rig.json"]) == {"gbcs": "serial"}
    assert json.loads(parts["tools.json"]) == [["smip-bench", "0.1.0"]]
    assert [stored_verdict(made.bundle, case) for case in ("ESME-1", "ESME-2", "ESME-OUT")] == \
        ["pass", "fail", "none"]


def test_the_envelope_says_what_it_is_evidence_of(made: Laboratory) -> None:
    signed = read_envelope(part_of(made.bundle, ENVELOPE))
    assert signed.evidence.subject.firmware_version == "00010203"
    assert signed.evidence.baseline == "small (2026-01-01)"
    assert (signed.evidence.entries, signed.evidence.signed) == (9, NOW.isoformat())
    assert [*signed.digests, ENVELOPE] == [name for name, _ in take_apart(made.bundle)]
    statement = json.loads(signed.statement.envelope.payload)
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"].endswith("/evidence/v1")


def test_the_same_run_gives_the_same_octets_before_signing(lab: Laboratory) -> None:
    lab.create("again.zip", now=NOW + timedelta(days=3))
    one, other = (path.read_bytes() for path in (lab.bundle, lab.folder / "again.zip"))
    unsigned = one[:one.index(ENVELOPE.encode())]
    assert len(unsigned) > 20_000
    # all but the CRC-32 and length in the envelope's own header
    assert unsigned[:-16] == other[:len(unsigned)][:-16]
    assert directory_start(one) > len(unsigned)


def test_an_ed25519_key_gives_the_same_octets_throughout(lab: Laboratory) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    signer = read_signer(write_key(lab.folder / "ed.key", key), no_password)  # type: ignore[arg-type]
    lab.create("one.zip", signer)
    lab.create("other.zip", signer)
    assert (lab.folder / "one.zip").read_bytes() == (lab.folder / "other.zip").read_bytes()


def test_secrets_leave_and_their_hashes_stay() -> None:
    pem = "-----BEGIN EC PRIVATE KEY-----"
    assert without_secrets({
        "pin": 1234, "keys": "folder", "menu_password": "x", "keys_held": 2, "keyed": 1,
        "note": pem, "deep": [{"install-code": "00FF"}], "token": "",
    }) == {
        "pin": {"removed": digest(1234)}, "keys": {"removed": digest("folder")},
        "menu_password": {"removed": digest("x")}, "keys_held": {"removed": digest(2)},
        "keyed": 1, "note": {"removed": digest(pem)},
        "deep": [{"install-code": {"removed": digest("00FF")}}], "token": "",
    }


def test_a_secret_item_of_the_ixit_is_not_in_its_part(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run", ixit={"keys": "my-keys", "timeout": 5})
    signer = read_signer(write_key(tmp_path / "lab.key"), no_password)
    create_bundle(folder, tmp_path / "b.zip", signer, judge=judge_run, now=NOW,
                  baselines=[tmp_path / "small.yaml"])
    assert json.loads(part_of(tmp_path / "b.zip", "declaration/ixit.json")) == \
        {"keys": {"removed": digest("my-keys")}, "timeout": 5}


@pytest.mark.parametrize("split", [0, 1, 5, 20])
def test_a_private_key_in_any_part_is_refused(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch, split: int,
) -> None:
    monkeypatch.setattr(sources, "CHUNK", 1000)
    page = lab.run / "report.html"
    text = page.read_text()
    page.write_text(text[:1000 - split] + "-----BEGIN PRIVATE KEY-----" + text[1000 - split:])
    with pytest.raises(LedgerError, match=r"part reports/report\.html holds a private key"):
        lab.create("secret.zip")
    assert sorted(file.name for file in lab.folder.iterdir() if "secret" in file.name) == []


def test_a_bundle_replaces_nothing(lab: Laboratory) -> None:
    before = lab.bundle.read_bytes()
    with pytest.raises(BundleError, match="there is a file already"):
        lab.create()
    assert lab.bundle.read_bytes() == before


def test_an_altered_run_is_not_bundled(lab: Laboratory) -> None:
    ledger = lab.run / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b'"refused"', b'"success"'))
    with pytest.raises(BundleError, match=r"no bundle is made of this run: entry 6"):
        lab.create("b.zip")


def test_an_unfinished_run_is_not_bundled(lab: Laboratory) -> None:
    ledger = lab.run / "ledger.jsonl"
    ledger.write_bytes(b"".join(ledger.read_bytes().splitlines(keepends=True)[:-1]))
    with pytest.raises(BundleError, match="ended early"):
        lab.create("b.zip")


def test_a_baseline_altered_after_the_run_is_refused(lab: Laboratory) -> None:
    lab.baseline.write_text(BASELINE.replace("R-CLK-01", "R-CLK-02"))
    with pytest.raises(BundleError, match="is not the baseline of the run, or was altered after"):
        lab.create("b.zip")
    assert not (lab.folder / "b.zip").exists()


def test_a_comment_in_a_baseline_changes_nothing(lab: Laboratory) -> None:
    lab.baseline.write_text("# a comment\n" + BASELINE)
    assert lab.create("b.zip").sound


def test_a_run_under_a_baseline_is_not_bundled_without_it(lab: Laboratory) -> None:
    with pytest.raises(BundleError, match="no baseline file was signed with it"):
        create_bundle(lab.run, lab.folder / "b.zip", lab.signer, judge=judge_run, now=NOW)


def test_other_baselines_may_go_with_the_run_s(lab: Laboratory) -> None:
    other = lab.folder / "other.yaml"
    other.write_text(BASELINE.replace("small", "other"))
    done = create_bundle(lab.run, lab.folder / "b.zip", lab.signer, judge=judge_run, now=NOW,
                         baselines=[other, lab.baseline])
    assert done.sound
    with pytest.raises(BundleError, match="was given already"):
        create_bundle(lab.run, lab.folder / "c.zip", lab.signer, judge=judge_run, now=NOW,
                      baselines=[lab.baseline, lab.baseline])


def test_a_report_that_tells_other_verdicts_is_refused(lab: Laboratory) -> None:
    report = lab.run / "report.json"
    report.write_text(report.read_text().replace('"verdict": "fail"', '"verdict": "pass"'))
    with pytest.raises(BundleError, match="ESME-2: verdict: reported pass, judged again fail"):
        lab.create("b.zip")


def test_a_report_of_another_run_is_refused(lab: Laboratory) -> None:
    page = lab.run / "report.html"
    page.write_text("nothing of it")
    with pytest.raises(BundleError, match=r"reports/report\.html: it tells of another ledger"):
        lab.create("b.zip")


def test_reports_are_not_asked_for(lab: Laboratory) -> None:
    for name in ("report.html", "report.json", "junit.xml"):
        (lab.run / name).unlink()
    assert lab.create("b.zip").sound
    assert not [name for name, _ in take_apart(lab.folder / "b.zip") if "report" in name]


def test_a_link_in_the_run_is_not_followed(lab: Laboratory) -> None:
    page = lab.run / "report.html"
    page.rename(lab.folder / "elsewhere")
    page.symlink_to(lab.folder / "elsewhere")
    with pytest.raises(BundleError, match="is no plain file"):
        lab.create("b.zip")


def test_a_folder_that_cannot_be_written_is_told(lab: Laboratory) -> None:
    with pytest.raises(BundleError, match="cannot be stored"):
        lab.create("absent/b.zip")


def test_what_a_resumed_run_moved_aside_is_kept(lab: Laboratory) -> None:
    (lab.run / "ledger.cut").write_bytes(b'{"previous"\n')
    assert lab.create("b.zip").sound
    assert part_of(lab.folder / "b.zip", "ledger.cut") == b'{"previous"\n'
