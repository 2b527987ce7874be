"""Whatever is done to a bundle, verification says what does not hold and names the part."""

from __future__ import annotations

import json
import random
import shutil
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
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
    put_together,
    replaced,
    said,
    take_apart,
    write_key,
    write_run,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.bundle import FindingKind, TrustedKey, TrustStore, read_signer, verify_bundle
from bench.bundle.archive import ArchiveWriter
from bench.bundle.contents import manifest
from bench.bundle.envelope import read_envelope, sign

PARTS = (
    "baseline/small.yaml", "captures/capture.pcapng", "declaration/ics.json",
    "declaration/ixit.json", "declaration/subject.json", "ledger.jsonl", "reports/junit.xml",
    "reports/report.html", "reports/report.json", "rig.json", "tools.json", "verdicts.json",
    "manifest.json", "envelope.dsse.json",
)


def resigned(lab: Laboratory, change: dict[str, bytes], name: str, **told: object) -> Path:
    """Write the bundle with parts changed, and manifest and envelope made to fit by a stranger."""
    folder = lab.folder / f"stranger-{name}"
    folder.mkdir()
    signer = read_signer(write_key(folder / "stranger.key"), no_password)
    return signed_anew(lab, change, name, signer, **told)


def signed_anew(lab: Laboratory, change: dict[str, bytes], name: str, signer: object, *,
                unlisted: int = 0, **told: object) -> Path:
    path = lab.folder / f"{name}.zip"
    parts = dict(take_apart(lab.bundle)) | change
    evidence = replace(read_envelope(parts["envelope.dsse.json"]).evidence, **told)
    with path.open("wb") as stream:
        writer = ArchiveWriter(stream)
        written = [writer.add(part, [octets]) for part, octets in parts.items()
                   if part not in ("manifest.json", "envelope.dsse.json")]
        written.append(writer.add("manifest.json", [manifest(written[unlisted:])]))
        digests = {part.name: part.sha256 for part in written}
        writer.add("envelope.dsse.json", [sign(digests, evidence, signer)])  # type: ignore[arg-type]
        writer.end()
    return path


def test_what_nobody_touched_is_sound(made: Laboratory) -> None:
    found = made.verify()
    assert found.sound
    assert tuple(name for name, _ in take_apart(made.bundle)) == PARTS
    assert [line.split(":")[0] for line in found.holds] == \
        ["signature", "parts", "ledger", "captures", "baseline"]


@pytest.mark.parametrize("part", PARTS)
def test_a_flipped_octet_in_a_part_names_that_part(lab: Laboratory, part: str) -> None:
    octets = part_of(lab.bundle, part)
    rng = random.Random(part)
    places = sorted({0, len(octets) - 1, *(rng.randrange(len(octets)) for _ in range(12))})
    for place in places:
        changed = bytearray(octets)
        changed[place] ^= 1 << rng.randrange(8)
        found = lab.verify(lab.altered(replaced(part, bytes(changed))))
        named = {finding.part for finding in found.findings}
        assert part in named, (place, said(found))
        assert named <= {part, "manifest.json"}, (place, said(found))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_octets_changed_anywhere_are_found(made: Laboratory, data: st.DataObject) -> None:
    octets = bytearray(made.bundle.read_bytes())
    for place in data.draw(st.lists(st.integers(0, len(octets) - 1), min_size=1, max_size=3,
                                    unique=True)):
        octets[place] ^= data.draw(st.integers(1, 255))
    path = made.folder / "hypothesis.zip"
    path.write_bytes(octets)
    assert not verify_bundle(path, made.trust, NOW).intact


def test_a_flipped_bit_anywhere_between_the_parts_is_found(lab: Laboratory) -> None:
    octets = lab.bundle.read_bytes()
    holds = sum(len(part) for _, part in take_apart(lab.bundle))
    between = set(range(directory_start(octets), len(octets)))
    place = 0
    for name, part in take_apart(lab.bundle):
        between |= set(range(place, place + 30 + len(name)))
        place += 30 + len(name) + len(part)
    assert len(between) + holds == len(octets)
    path = lab.folder / "flipped.zip"
    for place in random.Random(1).sample(sorted(between), 150):
        path.write_bytes(octets[:place] + bytes([octets[place] ^ 0x10]) + octets[place + 1:])
        assert not lab.verify(path).intact, place


@settings(max_examples=100, deadline=None)
@given(cut=st.floats(0, 1, exclude_max=True))
def test_a_truncated_archive_is_refused(made: Laboratory, cut: float) -> None:
    octets = made.bundle.read_bytes()
    path = made.folder / "truncated.zip"
    path.write_bytes(octets[:int(len(octets) * cut)])
    found = verify_bundle(path, made.trust, NOW)
    assert [finding.kind for finding in found.findings] == [FindingKind.REFUSED]
    assert "truncated" in found.findings[0].text


def test_octets_behind_the_end_or_before_the_start_are_found(lab: Laboratory) -> None:
    octets = lab.bundle.read_bytes()
    path = lab.folder / "more.zip"
    for more in (octets + b"\0", b"\0" + octets):
        path.write_bytes(more)
        assert not lab.verify(path).intact


def test_a_swapped_capture_is_named(lab: Laboratory, tmp_path: Path) -> None:
    other = (write_run(tmp_path / "other", leave_out="ESME-1") / "capture.pcapng").read_bytes()
    found = lab.verify(lab.altered(replaced("captures/capture.pcapng", other)))
    assert "altered: captures/capture.pcapng: its octets are not those that were signed" \
        in said(found)


def test_a_capture_swapped_and_signed_anew_is_still_named(lab: Laboratory, tmp_path: Path) -> None:
    other = (write_run(tmp_path / "other", leave_out="ESME-1") / "capture.pcapng").read_bytes()
    change = {"captures/capture.pcapng": other}
    stranger = lab.verify(resigned(lab, change, "stranger"))
    assert [finding.kind for finding in stranger.findings] == \
        [FindingKind.UNKNOWN_KEY, FindingKind.CONTRADICTION]
    own = lab.verify(signed_anew(lab, change, "own", lab.signer))
    assert said(own) == ["contradiction: captures/capture.pcapng: its octets are not those that "
                         "the ledger vouches for"]


def test_a_failed_case_removed_with_the_chain_made_anew_is_told(
    lab: Laboratory, tmp_path: Path,
) -> None:
    other = write_run(tmp_path / "other", leave_out="ESME-2")
    forged = (other / "ledger.jsonl").read_bytes()
    found = lab.verify(lab.altered(replaced("ledger.jsonl", forged)))
    (told,) = (finding for finding in found.findings if finding.part == "ledger.jsonl"
               and finding.text.startswith("its chain holds"))
    assert told.kind is FindingKind.ALTERED
    assert "made anew: 6 entries" in told.text
    assert "signed were 9" in told.text
    # signed anew by a stranger with all that follows from the ledger but the reports
    found = lab.verify(resigned(lab, {
        "ledger.jsonl": forged,
        "captures/capture.pcapng": (other / "capture.pcapng").read_bytes()}, "forged"))
    kinds = {(finding.kind, finding.part) for finding in found.findings}
    assert (FindingKind.UNKNOWN_KEY, "envelope.dsse.json") in kinds
    assert (FindingKind.CONTRADICTION, "envelope.dsse.json") in kinds
    assert {(FindingKind.CONTRADICTION, f"reports/{name}")
            for name in ("junit.xml", "report.html", "report.json")} <= kinds


def test_an_entry_taken_out_of_the_chain_is_named(lab: Laboratory) -> None:
    lines = part_of(lab.bundle, "ledger.jsonl").splitlines(keepends=True)
    without = b"".join(line for number, line in enumerate(lines) if number != 6)
    found = lab.verify(lab.altered(replaced("ledger.jsonl", without)))
    assert any("entry 6 (line 7" in line and "it does not follow the entry before it" in line
               for line in said(found))


def test_an_added_part_is_named(lab: Laboratory) -> None:
    path = lab.altered(lambda parts: [*parts[:3], ("declaration/more.json", b"{}"), *parts[3:]])
    assert said(lab.verify(path)) == [
        "added: declaration/more.json: it is in the archive and was not signed"]


def test_a_missing_part_is_named(lab: Laboratory) -> None:
    for missing in PARTS:
        path = lab.altered(lambda parts, missing=missing: [  # type: ignore[misc]
            part for part in parts if part[0] != missing])
        found = lab.verify(path)
        assert (FindingKind.MISSING, missing) in {(item.kind, item.part) for item in found.findings}


def test_reordered_parts_are_named(lab: Laboratory) -> None:
    path = lab.altered(lambda parts: [parts[1], parts[0], *parts[2:]])
    assert said(lab.verify(path)) == [
        "reordered: captures/capture.pcapng: it stands in place 1, where baseline/small.yaml "
        "belongs",
        "reordered: baseline/small.yaml: it stands in place 2, where captures/capture.pcapng "
        "belongs"]


def test_parts_that_lie_in_another_order_than_the_directory_says_are_named(
    lab: Laboratory,
) -> None:
    octets = lab.altered(lambda parts: [parts[1], parts[0], *parts[2:]]).read_bytes()
    start = directory_start(octets)
    first = 46 + len("captures/capture.pcapng")
    second = first + 46 + len("baseline/small.yaml")
    directory = octets[start:]
    path = lab.folder / "turned.zip"
    path.write_bytes(octets[:start] + directory[first:second] + directory[:first]
                     + directory[second:])
    assert "altered: baseline/small.yaml: it does not lie where its place in the directory puts " \
        "it" in said(lab.verify(path))


def test_a_signature_by_an_unknown_key_is_told_and_the_rest_too(lab: Laboratory) -> None:
    found = lab.verify(resigned(lab, {}, "unknown"))
    assert [finding.kind for finding in found.findings] == [FindingKind.UNKNOWN_KEY]
    assert found.findings[0].part == "envelope.dsse.json"
    assert found.keyid in found.findings[0].text
    assert found.intact
    assert not found.sound


def test_a_stranger_cannot_take_the_name_of_a_trusted_key(lab: Laboratory) -> None:
    stranger = part_of(resigned(lab, {}, "unknown"), "envelope.dsse.json")
    ids = [read_envelope(octets).keyid.encode() for octets in
           (stranger, part_of(lab.bundle, "envelope.dsse.json"))]
    path = lab.altered(replaced("envelope.dsse.json", stranger.replace(*ids)))
    assert [finding.kind for finding in lab.verify(path).findings] == [FindingKind.SIGNATURE]


@pytest.mark.parametrize(("validity", "told"), [
    ({"not_after": NOW - timedelta(days=1)}, "expired: not valid after"),
    ({"not_before": NOW + timedelta(days=1)}, "is not valid before"),
    ({"revoked": "stolen"}, "was revoked: stolen"),
])
def test_a_key_that_was_not_valid_is_told(
    made: Laboratory, validity: dict[str, object], told: str,
) -> None:
    key = made.signer.public_key
    trust = TrustStore([TrustedKey("Lab", key, **validity)])  # type: ignore[arg-type]
    (finding,) = verify_bundle(made.bundle, trust, NOW).findings
    assert finding.kind is FindingKind.KEY_NOT_VALID
    assert told in finding.text


def test_a_key_that_expired_since_leaves_a_note(made: Laboratory) -> None:
    trust = TrustStore([TrustedKey("Lab", made.signer.public_key,  # type: ignore[arg-type]
                                   not_after=NOW + timedelta(days=1))])
    found = verify_bundle(made.bundle, trust, NOW + timedelta(days=2))
    assert found.sound
    assert found.notes == ("the key of Lab has expired since; that the signature is older is the "
                           "laboratory's word",)


@pytest.mark.parametrize(("signed", "told"), [
    ("2025-12-31T00:00:00+00:00", "before the run ended"),
    ("2027-01-01T00:00:00+00:00", "still to come"),
    ("2026-03-01T12:00:00", "no times with a zone"),
])
def test_a_time_of_signing_that_cannot_be_is_told(lab: Laboratory, signed: str, told: str) -> None:
    (finding,) = lab.verify(signed_anew(lab, {}, "time", lab.signer, signed=signed)).findings
    assert finding.kind is FindingKind.SIGNATURE
    assert told in finding.text


def test_a_baseline_altered_after_the_run_is_named(lab: Laboratory) -> None:
    weaker = BASELINE.replace("5.1", "5.2").encode()
    change = {"baseline/small.yaml": weaker}
    assert "altered: baseline/small.yaml: its octets are not those that were signed" in said(
        lab.verify(lab.altered(replaced("baseline/small.yaml", weaker))))
    (finding,) = lab.verify(signed_anew(lab, change, "weaker", lab.signer)).findings
    assert (finding.kind, finding.part) == (FindingKind.CONTRADICTION, "baseline/small.yaml")
    assert "altered after it" in finding.text
    (finding,) = lab.verify(signed_anew(lab, {"baseline/small.yaml": b"[&a [*a]]"}, "none",
                                        lab.signer)).findings
    assert finding.text == "it is no baseline"


def test_a_manifest_altered_and_signed_anew_by_a_stranger_is_told(lab: Laboratory) -> None:
    found = lab.verify(resigned(lab, {"tools.json": b"[]\n"}, "tools"))
    assert [(finding.kind, finding.part) for finding in found.findings] == [
        (FindingKind.UNKNOWN_KEY, "envelope.dsse.json"),
        (FindingKind.CONTRADICTION, "tools.json")]


def test_a_manifest_that_lists_other_parts_than_the_envelope_is_told(lab: Laboratory) -> None:
    found = lab.verify(signed_anew(lab, {}, "unlisted", lab.signer, unlisted=1))
    assert said(found) == ["contradiction: manifest.json: it does not list the parts that the "
                           "envelope names"]


def test_a_manifest_that_does_not_fit_the_envelope_is_told(lab: Laboratory) -> None:
    octets = part_of(lab.bundle, "manifest.json").replace(b'"octets":', b'"octets": ')
    found = lab.verify(lab.altered(replaced("manifest.json", octets)))
    assert {finding.part for finding in found.findings} == {"manifest.json"}


@pytest.mark.parametrize("told", [
    {"baseline": "another"}, {"mode": "certify"}, {"demonstration": False}, {"entries": 8},
    {"ledger_hash": "0" * 64}, {"started": "2020-01-01T00:00:00+00:00"},
])
def test_an_envelope_that_tells_of_another_run_is_told(
    lab: Laboratory, told: dict[str, object],
) -> None:
    found = lab.verify(signed_anew(lab, {}, "told", lab.signer, **told))
    assert [(finding.kind, finding.part) for finding in found.findings] == [
        (FindingKind.CONTRADICTION, "envelope.dsse.json")]


def test_a_report_of_another_run_signed_with_it_is_named(lab: Laboratory, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", leave_out="ESME-2")
    for name in ("junit.xml", "report.html", "report.json"):
        octets = (other / name).read_bytes()
        (finding,) = lab.verify(
            signed_anew(lab, {f"reports/{name}": octets}, name, lab.signer)).findings
        assert (finding.kind, finding.part) == (FindingKind.CONTRADICTION, f"reports/{name}")
        assert "tells of another ledger" in finding.text


def test_a_second_signature_is_refused(lab: Laboratory) -> None:
    stranger = json.loads(part_of(resigned(lab, {}, "unknown"), "envelope.dsse.json"))
    own = json.loads(part_of(lab.bundle, "envelope.dsse.json"))
    own["signatures"] += stranger["signatures"]
    octets = json.dumps(own, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    (finding,) = lab.verify(lab.altered(replaced("envelope.dsse.json", octets))).findings
    assert "it carries 2 signatures" in finding.text


def test_nothing_a_stranger_wrote_reaches_a_terminal_as_it_is(lab: Laboratory) -> None:
    found = lab.verify(signed_anew(lab, {}, "escape", lab.signer, ledger_hash="\x1b[2J"))
    assert any("\\x1b[2J" in line for line in said(found))
    assert not any("\x1b" in line for line in said(found))


@settings(max_examples=200, deadline=None)
@given(octets=st.binary(max_size=200) | st.binary(max_size=60).map(lambda b: b"PK\5\6" + b))
def test_random_octets_are_refused_in_words(made: Laboratory, octets: bytes) -> None:
    path = made.folder / "random.zip"
    path.write_bytes(octets)
    found = verify_bundle(path, made.trust, NOW)
    assert not found.intact


@settings(max_examples=60, deadline=None)
@given(octets=st.binary(max_size=120) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["payload", "payloadType", "signatures", "sig", "keyid"]), inner),
    max_leaves=8).map(lambda value: json.dumps(value).encode()))
def test_random_envelopes_manifests_and_ledgers_are_told(
    made: Laboratory, octets: bytes,
) -> None:
    path = made.folder / "parts.zip"
    for part in ("envelope.dsse.json", "manifest.json", "ledger.jsonl"):
        put_together(path, replaced(part, octets)(take_apart(made.bundle)))
        found = verify_bundle(path, made.trust, NOW)
        assert part in {finding.part for finding in found.findings}


def test_a_folder_of_copies_verifies_the_same(lab: Laboratory, tmp_path: Path) -> None:
    copy = tmp_path / "any-name"
    shutil.copy(lab.bundle, copy)
    assert lab.verify(copy) == lab.verify()


def test_octets_between_the_directory_and_the_end_are_refused(lab: Laboratory) -> None:
    octets = lab.bundle.read_bytes()
    path = lab.folder / "between.zip"
    path.write_bytes(octets[:-22] + b"hidden" + octets[-22:])
    assert "something was put into it" in lab.verify(path).findings[0].text


def test_a_changed_hash_of_the_last_entry_is_named_as_that_entry(lab: Laboratory) -> None:
    octets = bytearray(part_of(lab.bundle, "ledger.jsonl"))
    octets[-4] ^= 1
    found = lab.verify(lab.altered(replaced("ledger.jsonl", bytes(octets))))
    assert any(line.startswith("altered: ledger.jsonl: entry 8 (line 9, run-ended): its octets "
                               "are not those that were written") for line in said(found))


@pytest.mark.parametrize("change", [
    lambda octets: octets.replace(b'{"payload"', b'{ "payload"'),
    lambda octets: octets.replace(b'"payload":', b'"payload":"","payload":'),
    lambda octets: octets[:-1],
])
def test_an_envelope_that_says_the_same_in_other_octets_is_altered(
    lab: Laboratory, change: Callable[[bytes], bytes],
) -> None:
    octets = change(part_of(lab.bundle, "envelope.dsse.json"))
    found = lab.verify(lab.altered(replaced("envelope.dsse.json", octets)))
    assert [(item.kind, item.part, item.text) for item in found.findings] == [
        (FindingKind.ALTERED, "envelope.dsse.json",
         "it is not written as an envelope of ours is")]


def test_a_checksum_changed_in_both_headers_is_named(lab: Laboratory) -> None:
    crc = struct.pack("<I", zlib.crc32(part_of(lab.bundle, "rig.json")))
    octets = lab.bundle.read_bytes()
    assert octets.count(crc) == 2
    path = lab.folder / "checksum.zip"
    path.write_bytes(octets.replace(crc, bytes(4)))
    assert said(lab.verify(path)) == ["altered: rig.json: its length or CRC-32 in the archive is "
                                      "not that of the manifest"]
