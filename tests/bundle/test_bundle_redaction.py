"""A part can be taken out, and nobody is in doubt about it."""

from __future__ import annotations

from hashlib import sha256

import pytest
from bundled_runs import NOW, Laboratory, part_of, said, take_apart

from bench.bundle import BundleError, FindingKind, redact_bundle, taken_out
from bench.runner.rejudge import rejudge


@pytest.mark.parametrize("part", [
    "baseline/small.yaml", "captures/capture.pcapng", "declaration/ixit.json", "ledger.jsonl",
    "reports/report.json", "rig.json", "verdicts.json",
])
def test_a_redacted_part_is_told_and_the_rest_verifies(lab: Laboratory, part: str) -> None:
    target = lab.folder / "redacted.zip"
    redact_bundle(lab.bundle, [part], target, NOW)
    found = lab.verify(target)
    assert found.sound, said(found)
    assert found.redacted == {part: sha256(part_of(lab.bundle, part)).hexdigest()}
    names = [name for name, _ in take_apart(lab.bundle)]
    assert [name for name, _ in take_apart(target)] == \
        [f"redacted/{name}" if name == part else name for name in names]
    assert any("12 of 13 have the digest that the envelope names, 1 redacted" in line
               for line in found.holds)


def test_what_is_left_can_still_be_altered_and_is_told(lab: Laboratory) -> None:
    target = lab.folder / "redacted.zip"
    redact_bundle(lab.bundle, ["ledger.jsonl"], target, NOW)
    octets = bytearray(target.read_bytes())
    octets[octets.index(b"name: small")] ^= 1
    target.write_bytes(octets)
    assert said(lab.verify(target)) == [
        "altered: baseline/small.yaml: its octets are not those that were signed"]


def test_without_its_ledger_a_bundle_says_what_was_not_checked(lab: Laboratory) -> None:
    target = lab.folder / "redacted.zip"
    redact_bundle(lab.bundle, ["ledger.jsonl"], target, NOW)
    found = lab.verify(target)
    assert "no verdict can be derived again" in found.notes[0]
    with (pytest.raises(BundleError, match="its ledger is redacted"),
          taken_out(target, lab.trust, NOW)):
        pass


def test_a_redacted_capture_is_still_held_against_the_ledger(lab: Laboratory) -> None:
    target = lab.folder / "redacted.zip"
    redact_bundle(lab.bundle, ["captures/capture.pcapng"], target, NOW)
    assert any(line == "captures: 0 of 1 as the ledger vouches for them"
               for line in lab.verify(target).holds)


def test_parts_can_be_redacted_one_after_the_other_in_any_order(lab: Laboratory) -> None:
    one, two, both = (lab.folder / f"{name}.zip" for name in ("one", "two", "both"))
    redact_bundle(lab.bundle, ["rig.json"], one, NOW)
    redact_bundle(one, ["tools.json"], two, NOW)
    redact_bundle(lab.bundle, ["tools.json", "rig.json"], both, NOW)
    assert two.read_bytes() == both.read_bytes()
    assert list(lab.verify(both).redacted) == ["rig.json", "tools.json"]


def test_a_redacted_bundle_is_judged_to_the_same_verdicts(lab: Laboratory) -> None:
    target = lab.folder / "redacted.zip"
    redact_bundle(lab.bundle, ["captures/capture.pcapng", "reports/report.html"], target, NOW)
    with taken_out(target, lab.trust, NOW) as taken:
        assert rejudge(taken.folder) == rejudge(lab.run)
        assert [file.name for file in taken.folder.iterdir()] == ["ledger.jsonl"]
    assert not taken.folder.exists()


@pytest.mark.parametrize(("part", "told"), [
    ("manifest.json", "stays: nothing can be verified without it"),
    ("envelope.dsse.json", "stays: nothing can be verified without it"),
    ("absent.json", "there is no part absent.json; there are baseline/small.yaml"),
    ("redacted/rig.json", "there is no part"), ("rig.json", "is redacted already"),
])
def test_what_cannot_be_redacted_is_told(lab: Laboratory, part: str, told: str) -> None:
    once = lab.folder / "once.zip"
    redact_bundle(lab.bundle, ["rig.json"], once, NOW)
    with pytest.raises(BundleError, match=told):
        redact_bundle(once, [part], lab.folder / "twice.zip", NOW)
    assert not (lab.folder / "twice.zip").exists()


def test_a_bundle_that_does_not_hold_is_not_redacted(lab: Laboratory) -> None:
    path = lab.altered(lambda parts: [part for part in parts if part[0] != "rig.json"])
    with pytest.raises(BundleError, match=r"missing: rig\.json"):
        redact_bundle(path, ["tools.json"], lab.folder / "redacted.zip", NOW)
    with pytest.raises(BundleError, match="there is a file already"):
        redact_bundle(lab.bundle, ["tools.json"], path, NOW)


def test_a_marker_cannot_hide_what_it_should_not(lab: Laboratory) -> None:
    cases = {
        "beside the part": (lambda parts: [*parts[:9], ("redacted/rig.json", b""), *parts[9:]],
                            (FindingKind.ADDED, "redacted/rig.json")),
        "with octets in it": (lambda parts: [
            ("redacted/rig.json", b"x") if name == "rig.json" else (name, octets)
            for name, octets in parts], (FindingKind.ADDED, "redacted/rig.json")),
        "for no part": (lambda parts: [*parts[:9], ("redacted/no.json", b""), *parts[9:]],
                        (FindingKind.ADDED, "redacted/no.json")),
        "for the manifest": (lambda parts: [
            ("redacted/manifest.json", b"") if name == "manifest.json" else (name, octets)
            for name, octets in parts], (FindingKind.MISSING, "manifest.json")),
    }
    for change, finding in cases.values():
        found = lab.verify(lab.altered(change))
        assert finding in {(item.kind, item.part) for item in found.findings}
