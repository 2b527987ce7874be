"""A stamped bundle: when it was signed is an authority's word, and that word is checked."""

from __future__ import annotations

import struct
import zlib
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import pytest
from bundled_runs import (
    NOW,
    Laboratory,
    part_of,
    put_together,
    replaced,
    said,
    take_apart,
    write_key,
)
from click.testing import CliRunner, Result
from stamping_authorities import STAMPED, YEAR, Authority, Reply, authority, now

from bench.bundle import (
    Authorities,
    BundleError,
    Finding,
    FindingKind,
    KeyFileError,
    TrustedKey,
    TrustStore,
    Verification,
    read_authorities,
    read_trust,
    redact_bundle,
    stamp_bundle,
    stamp_request,
    taken_out,
    verify_bundle,
)
from bench.bundle.time_stamp import read_reply
from bench.cli.bundle import command as bundle
from bench.cli.rejudge import command as rejudge
from bench.cli.verify import command as verify

PART = "envelope.tsr"
LATER = NOW + 10 * YEAR  # than the key of the laboratory is valid
NAME = "CN=Stamps of Anytown"


@cache
def trusted() -> Authority:
    return authority()


def stamped(lab: Laboratory, name: str = "stamped.zip", *, time: datetime = STAMPED,
            signer: Authority | None = None) -> Path:
    """Write the bundle with a time stamp, whether the bench would or not."""
    envelope = part_of(lab.bundle, "envelope.dsse.json")
    reply = lab.folder / "reply.tsr"
    reply.write_bytes(Reply(envelope, time=time).of(signer or trusted()))
    stamp_bundle(lab.bundle, reply, lab.folder / name, max(time, NOW))
    return lab.folder / name


def verified(lab: Laboratory, path: Path, when: datetime = LATER,
             authorities: Authorities | None = None, **key: object) -> Verification:
    trust = TrustStore([TrustedKey("Lab", lab.signer.public_key, **key)])  # type: ignore[arg-type]
    return verify_bundle(path, trust, when, authorities or Authorities([trusted().root]))


def test_a_stamped_bundle_is_sound_and_the_stamp_is_its_last_part(lab: Laboratory) -> None:
    path = stamped(lab)
    assert take_apart(path)[:-1] == take_apart(lab.bundle)
    assert take_apart(path)[-1][0] == PART
    found = verified(lab, path)
    assert found.sound, said(found)
    assert found.stamp is not None
    assert found.stamp.time == STAMPED
    assert found.holds[0] == f"time stamp: {NAME} saw the signature, {STAMPED.isoformat()}"
    assert found.notes == ()


def test_that_the_signature_is_older_than_its_expired_key_is_the_authoritys_word(
    lab: Laboratory,
) -> None:
    found = verified(lab, stamped(lab), not_after=STAMPED + timedelta(days=1))
    assert found.sound, said(found)
    assert found.notes == (
        f"the key of Lab has expired since; that the signature is older is the word of {NAME}",)


@pytest.mark.parametrize(("key", "told"), [
    ({"not_after": STAMPED - timedelta(seconds=1)},
     "the key of Lab expired: not valid after 2026-03-01T12:00:59+00:00; the time stamp is of "
     "2026-03-01T12:01:00+00:00, too late to show that the signature is older; signed 2026-03-01T"
     "12:00:00+00:00"),
    ({"revoked": "stolen", "revoked_from": STAMPED},
     "the key of Lab was revoked from 2026-03-01T12:01:00+00:00: stolen; the time stamp is of "
     "2026-03-01T12:01:00+00:00, too late to show that the signature is older; signed 2026-03-01T"
     "12:00:00+00:00"),
    ({"revoked": "stolen"},
     "the key of Lab was revoked: stolen; signed 2026-03-01T12:00:00+00:00"),
])
def test_a_stamp_from_after_expiry_or_revocation_does_not_help(
    lab: Laboratory, key: dict[str, object], told: str,
) -> None:
    found = verified(lab, stamped(lab), **key)  # type: ignore[arg-type]
    assert found.findings == (Finding(FindingKind.KEY_NOT_VALID, "envelope.dsse.json", told),)


def test_a_stamp_from_before_the_revocation_holds_and_the_laboratorys_word_does_not(
    lab: Laboratory,
) -> None:
    revoked = {"revoked": "stolen", "revoked_from": STAMPED + timedelta(seconds=1)}
    assert verified(lab, stamped(lab), **revoked).sound  # type: ignore[arg-type]
    (finding,) = verified(lab, lab.bundle, **revoked).findings  # type: ignore[arg-type]
    assert finding.kind is FindingKind.KEY_NOT_VALID
    assert "only a time stamp could show that the signature is older" in finding.text


def test_without_trusted_authorities_a_stamp_says_nothing(lab: Laboratory) -> None:
    trust = TrustStore([TrustedKey("Lab", lab.signer.public_key, not_after=STAMPED)])
    found = verify_bundle(stamped(lab), trust, LATER)
    assert found.sound
    assert found.stamp is None
    assert found.notes == (
        f"it carries a time stamp of {STAMPED.isoformat()} by {NAME}, and no authority is trusted "
        "here: judged as without",
        "the key of Lab has expired since; that the signature is older is the laboratory's word")


def test_a_stamp_of_another_authority_is_told_and_says_nothing(lab: Laboratory) -> None:
    path = stamped(lab, signer=authority("rsa"))
    found = verified(lab, path, not_after=STAMPED)
    assert [(finding.kind, finding.part) for finding in found.findings] == [
        (FindingKind.UNKNOWN_AUTHORITY, PART)]
    assert found.stamp is None
    assert found.notes == (
        "judged as without a time stamp",
        "the key of Lab has expired since; that the signature is older is the laboratory's word")


def test_a_bundle_without_a_stamp_leaves_a_note_for_whoever_asks(lab: Laboratory) -> None:
    found = verified(lab, lab.bundle)
    assert found.sound
    assert found.notes == ("no time stamp: when it was signed is the laboratory's word",)


def test_the_stamp_of_another_bundle_is_told(lab: Laboratory) -> None:
    lab.create("other.zip", now=NOW + timedelta(seconds=1))
    other = part_of(stamped(lab), PART)
    path = lab.folder / "swapped.zip"
    put_together(path, [*take_apart(lab.folder / "other.zip"), (PART, other)])
    assert said(verified(lab, path)) == [
        "time stamp: envelope.tsr: it is of other octets than this envelope"]


@pytest.mark.parametrize(("time", "told"), [
    (NOW - timedelta(minutes=5, seconds=1), "before the laboratory says that it signed"),
    (NOW + timedelta(minutes=5, seconds=1), "which is still to come"),
])
def test_a_time_that_cannot_be_is_told(lab: Laboratory, time: datetime, told: str) -> None:
    path = lab.folder / "impossible.zip"
    reply = Reply(part_of(lab.bundle, "envelope.dsse.json"), time=time)
    put_together(path, [*take_apart(lab.bundle), (PART, one_form(reply))])
    found = verified(lab, path, NOW)
    assert [(finding.kind, finding.part) for finding in found.findings] == [
        (FindingKind.TIME_STAMP, PART)]
    assert told in found.findings[0].text
    assert found.stamp is None


def test_clocks_that_differ_a_little_are_no_contradiction(lab: Laboratory) -> None:
    assert verified(lab, stamped(lab, time=NOW - timedelta(minutes=5))).sound


def test_a_flipped_octet_of_the_stamp_is_found_with_its_checksum_made_to_fit_or_not(
    lab: Laboratory,
) -> None:
    path = stamped(lab)
    whole = path.read_bytes()
    octets = part_of(path, PART)
    start = whole.index(octets)
    parts = take_apart(path)
    changed = lab.folder / "changed.zip"
    for place in range(0, len(octets), 29):
        flipped = octets[:place] + bytes([octets[place] ^ 4]) + octets[place + 1:]
        put_together(changed, replaced(PART, flipped)(parts))
        assert PART in {finding.part for finding in verified(lab, changed).findings}, place
        changed.write_bytes(whole[:start] + flipped + whole[start + len(octets):])
        without = verify_bundle(changed, lab.trust, LATER)  # no authority is asked
        assert PART in {finding.part for finding in without.findings}, place


@pytest.mark.parametrize("part", ["manifest.json", "envelope.dsse.json", PART])
def test_a_checksum_changed_in_both_headers_is_named(lab: Laboratory, part: str) -> None:
    path = stamped(lab)
    crc = struct.pack("<I", zlib.crc32(part_of(path, part)))
    octets = path.read_bytes()
    assert octets.count(crc) == 2
    path.write_bytes(octets.replace(crc, b"\0\1\2\3"))
    assert said(verified(lab, path)) == [
        f"altered: {part}: its CRC-32 in the archive is not that of its octets"]


def test_what_is_no_stamp_in_its_place_is_named(lab: Laboratory) -> None:
    reply = Reply(part_of(lab.bundle, "envelope.dsse.json"), text=("Operation Okay",))
    for octets in (b"", b"\x30\x03\x02\x01\0", bytes(70_000), reply.of(trusted())):
        path = lab.folder / "none.zip"
        put_together(path, [*take_apart(lab.bundle), (PART, octets)])
        (finding,) = verified(lab, path).findings
        assert (finding.kind, finding.part) == (FindingKind.ALTERED, PART)


def test_the_place_of_the_stamp_is_the_last(lab: Laboratory) -> None:
    parts = take_apart(stamped(lab))
    path = lab.folder / "turned.zip"
    put_together(path, [*parts[:-2], parts[-1], parts[-2]])
    assert {finding.kind for finding in verified(lab, path).findings} == {FindingKind.REORDERED}
    put_together(path, [*parts[:-1], ("redacted/" + PART, b"")])
    assert said(verified(lab, path)) == [
        "added: redacted/envelope.tsr: it is in the archive and was not signed"]


def test_redaction_keeps_the_stamp_valid(lab: Laboratory) -> None:
    target = lab.folder / "redacted.zip"
    redact_bundle(stamped(lab), ["ledger.jsonl", "rig.json"], target, LATER)
    found = verified(lab, target)
    assert found.sound, said(found)
    assert found.stamp is not None
    with pytest.raises(BundleError, match=r"part envelope\.tsr stays: it says when"):
        redact_bundle(target, [PART], lab.folder / "again.zip", LATER)


def test_a_bundle_is_stamped_once(lab: Laboratory) -> None:
    path = stamped(lab)
    with pytest.raises(BundleError, match="is stamped already"):
        stamp_request(path, 1, LATER)
    with pytest.raises(BundleError, match="is stamped already"):
        stamp_bundle(path, lab.folder / "reply.tsr", lab.folder / "again.zip", LATER)
    assert not (lab.folder / "again.zip").exists()


@pytest.mark.parametrize(("reply", "told"), [
    (lambda envelope: Reply(envelope, status="rejection").of(trusted()), "did not grant it"),
    (lambda envelope: Reply(envelope + b" ").of(trusted()), "of other octets than the envelope"),
    (lambda envelope: Reply(envelope, time=LATER).of(trusted()), "which is still to come"),
    (lambda envelope: b"<html>", "it is no reply of an RFC 3161 authority"),
    (lambda envelope: bytes(70_000), "over 65536 octets"),
])
def test_a_reply_that_does_not_fit_is_not_added(lab: Laboratory, reply: object, told: str) -> None:
    file = lab.folder / "reply.tsr"
    file.write_bytes(reply(part_of(lab.bundle, "envelope.dsse.json")))  # type: ignore[operator]
    with pytest.raises(BundleError, match=told):
        stamp_bundle(lab.bundle, file, lab.folder / "stamped.zip", NOW)
    assert not (lab.folder / "stamped.zip").exists()


def test_nothing_is_stamped_that_does_not_hold(lab: Laboratory) -> None:
    path = lab.altered(replaced("rig.json", b"{}\n"))
    for work in (lambda: stamp_request(path, 1, NOW),
                 lambda: stamp_bundle(path, _reply(lab), lab.folder / "stamped.zip", NOW)):
        with pytest.raises(BundleError, match=r"does not hold: altered: rig\.json"):
            work()


def test_authorities_are_read_from_files_and_folders(lab: Laboratory, tmp_path: Path) -> None:
    one = trusted().trusting(tmp_path, "root")
    two = trusted().trusting(tmp_path, "certificate")
    assert len(read_authorities([tmp_path])) == 2
    one.write_bytes(one.read_bytes() + two.read_bytes())
    assert len(read_authorities([one, two])) == 2
    two.with_suffix(".yaml").write_text("revoked: lost")
    with pytest.raises(KeyFileError, match="nothing more can be said of a time-stamping"):
        read_authorities([tmp_path])
    with pytest.raises(KeyFileError, match="no certificate in PEM form"):
        read_authorities([lab.folder / "lab.pem"])
    one.write_bytes(one.read_bytes() * 200)
    with pytest.raises(KeyFileError, match="octets or more"):
        read_authorities([one])


def test_a_revocation_from_a_day_on_is_read_beside_the_key(lab: Laboratory) -> None:
    beside = lab.folder / "lab.yaml"
    beside.write_text("revoked: stolen\nrevoked_from: 2026-03-02\n")
    trust = read_trust([lab.folder / "lab.pem"])
    assert verify_bundle(stamped(lab), trust, LATER, Authorities([trusted().root])).sound
    assert not verify_bundle(lab.bundle, trust, LATER).sound
    beside.write_text("revoked_from: 2026-03-02\n")
    with pytest.raises(KeyFileError, match="revoked_from without revoked"):
        read_trust([lab.folder / "lab.pem"])


def test_judging_again_takes_the_authoritys_word(lab: Laboratory) -> None:
    trust = TrustStore([TrustedKey("Lab", lab.signer.public_key, revoked="stolen",
                                   revoked_from=STAMPED + timedelta(days=1))])
    path = stamped(lab)
    with taken_out(path, trust, LATER, Authorities([trusted().root])) as taken:
        assert taken.verification.stamp is not None
    with pytest.raises(BundleError, match="is not judged: key not valid"), \
            taken_out(path, trust, LATER):
        pass


def run(command: object, *arguments: object) -> Result:
    return CliRunner().invoke(command, list(map(str, arguments)))  # type: ignore[arg-type]


def test_the_commands_carry_a_bundle_to_an_authority_and_back(lab: Laboratory) -> None:
    fresh, query, path = (lab.folder / name for name in ("fresh.zip", "q.tsq", "stamped.zip"))
    lab.create("fresh.zip", now=now())
    signer = authority(start=now() - YEAR, end=now() + YEAR)
    root = signer.trusting(lab.folder, "root")
    asked = run(bundle, "stamp-request", fresh, "-o", query)
    assert asked.exit_code == 0, asked.output
    assert asked.output.startswith(f"request: {query}, over part envelope.dsse.json")
    assert isinstance(run(bundle, "stamp-request", fresh, "-o", query).exception, BundleError)
    reply = lab.folder / "reply.tsr"
    reply.write_bytes(Reply(part_of(fresh, "envelope.dsse.json"), time=now()).of(signer))
    made = run(bundle, "stamp", fresh, "--response", reply, "-o", path)
    assert made.exit_code == 0, made.output
    assert f", by {NAME}" in made.output.splitlines()[-1]
    found = run(verify, path, "--trust", lab.folder / "lab.pem", "--trust-tsa", root)
    assert (found.exit_code, found.output.splitlines()[-1]) == (0, "sound"), found.output
    assert f"time stamp: {NAME} saw the signature, " in found.output
    found = run(verify, path, "--trust", lab.folder / "lab.pem")
    assert (found.exit_code, "judged as without" in found.output) == (0, True)
    other = authority("rsa").trusting(lab.folder, "certificate")
    found = run(verify, path, "--trust", lab.folder / "lab.pem", "--trust-tsa", other)
    assert found.exit_code == 1
    assert found.output.startswith("unknown authority: envelope.tsr: stamped by CN=Stamps")
    told = run(rejudge, path, "--trust", lab.folder / "lab.pem", "--trust-tsa", root)
    assert (told.exit_code, told.stdout) == (0, "fail 1, none 1, pass 1\n")


def test_wrong_authorities_are_wrong_usage(lab: Laboratory) -> None:
    write_key(lab.folder / "another.key")
    found = run(verify, lab.bundle, "--trust-tsa", lab.folder / "another.pem")
    assert (found.exit_code, "no certificate in PEM form" in found.output) == (2, True)
    for command in (verify, rejudge):
        assert run(command, lab.run, "--trust-tsa", lab.folder / "lab.pem").exit_code == 2


def one_form(reply: Reply) -> bytes:
    return read_reply(reply.of(trusted())).octets


def _reply(lab: Laboratory) -> Path:
    path = lab.folder / "reply.tsr"
    path.write_bytes(Reply(part_of(lab.bundle, "envelope.dsse.json")).of(trusted()))
    return path
