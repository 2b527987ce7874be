"""OpenSSL's time-stamping authority takes our requests, we take its replies, and it takes the form
that we keep them in."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import tsp
from bundled_runs import Laboratory, part_of, said
from stamping_authorities import YEAR, Reply, authority, now, openssl, openssl_reply

from bench.bundle import FindingKind, read_authorities, stamp_bundle, stamp_request, verify_bundle
from bench.bundle.time_stamp import read_reply


@pytest.mark.parametrize(("kind", "settings"), [
    ("ec", {}), ("rsa", {}), ("p384", {"digest": "sha384", "ess": "sha512"}),
    ("rsa", {"ess": "sha1", "digest": "sha512", "chain": False}),
])
def test_openssl_stamps_what_we_ask_for_and_verifies_what_we_keep(
    lab: Laboratory, kind: str, settings: dict[str, object],
) -> None:
    begin = now()
    lab.create("fresh.zip", now=begin)
    fresh, stamped = lab.folder / "fresh.zip", lab.folder / "stamped.zip"
    query = lab.folder / "request.tsq"
    query.write_bytes(stamp_request(fresh, 2**64 - 1, begin))
    asked = openssl("ts", "-query", "-in", query, "-text")
    assert "Hash Algorithm: sha256" in asked
    assert "Nonce: 0xFFFFFFFFFFFFFFFF" in asked
    assert "Certificate required: yes" in asked
    signer = authority(kind, start=begin - YEAR, end=begin + YEAR)
    reply = openssl_reply(signer, query, **settings)  # type: ignore[arg-type]
    made, stamp = stamp_bundle(fresh, reply, stamped, now())
    assert made.intact
    assert begin - timedelta(seconds=1) <= stamp.time <= now()
    for which in ("root", "above", "certificate"):
        authorities = read_authorities([signer.trusting(lab.folder, which)])
        found = verify_bundle(stamped, lab.trust, now(), authorities)
        if which == "root" and "chain" in settings:  # the certificate between is missing
            assert [finding.kind for finding in found.findings] == [
                FindingKind.UNKNOWN_AUTHORITY]
        else:
            assert found.sound, said(found)
            assert found.stamp is not None
    assert openssl_accepts(lab.folder, part_of(stamped, "envelope.tsr"),
                           part_of(stamped, "envelope.dsse.json"), now(),
                           chain=signer.trusting(lab.folder, "above"))


@pytest.mark.parametrize("kind", ["ec", "p384", "rsa"])
def test_openssl_accepts_the_authority_that_the_other_tests_are_made_with(
    tmp_path: Path, kind: str,
) -> None:
    signer = authority(kind)
    reply = Reply(b"what was stamped", nonce=5, text=("done",))
    signer.trusting(tmp_path, "root")
    octets = reply.of(signer)
    assert openssl_accepts(tmp_path, octets, reply.octets, reply.time)
    assert openssl_accepts(tmp_path, read_reply(octets).octets, reply.octets, reply.time)


def test_openssl_accepts_the_form_of_a_signature_by_rsa_pss(tmp_path: Path) -> None:
    # its ts knows no PSS, its cms does
    signer = authority("rsa")
    reply = Reply(b"what was stamped", pss=True)
    root = signer.trusting(tmp_path, "root")
    for number, octets in enumerate((reply.of(signer), read_reply(reply.of(signer)).octets)):
        token = tmp_path / f"{number}.p7s"
        token.write_bytes(tsp.TimeStampResp.load(octets)["time_stamp_token"].dump())
        openssl("cms", "-verify", "-inform", "DER", "-in", token, "-CAfile", root, "-purpose",
                "timestampsign", "-attime", int(reply.time.timestamp()), "-binary",
                "-out", tmp_path / "content")
        assert (tmp_path / "content").read_bytes()


def openssl_accepts(folder: Path, stamp: bytes, octets: bytes, when: datetime,
                    chain: Path | None = None) -> bool:
    for name, written in (("part.tsr", stamp), ("stamped", octets)):
        (folder / name).write_bytes(written)
    openssl("ts", "-verify", "-in", folder / "part.tsr", "-data", folder / "stamped",
            "-attime", int(when.timestamp()), "-CAfile", folder / "root.pem",
            *(("-untrusted", chain) if chain else ()))
    return True
