"""The reply of an authority: what is believed of it, and the one form in which it is kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import cache

import pytest
from asn1crypto import tsp, x509
from bundled_runs import NOW
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given, settings
from hypothesis import strategies as st
from stamping_authorities import FOR_STAMPS, STAMPED, YEAR, Authority, Reply, authority

from bench.bundle import Authorities, BundleError, TimeStamp
from bench.bundle.time_stamp import read_reply, read_stamp, request

OCTETS = b"what was stamped"


def refusal(octets: bytes) -> str:
    with pytest.raises(BundleError) as refused:
        read_reply(octets)
    return str(refused.value)


def objection(signer: Authority, stamp: TimeStamp, which: str = "root") -> str:
    return Authorities([getattr(signer, which)]).objection(stamp)


def test_the_request_asks_for_the_certificate_and_names_the_digest() -> None:
    asked = tsp.TimeStampReq.load(request(OCTETS, 5), strict=True).native
    assert (asked["version"], asked["nonce"], asked["cert_req"]) == ("v1", 5, True)
    assert asked["message_imprint"]["hash_algorithm"]["algorithm"] == "sha256"
    assert asked["req_policy"] is None


@pytest.mark.parametrize("kind", ["ec", "p384", "rsa"])
@pytest.mark.parametrize("said", [
    {}, {"digest": "sha512"}, {"signed_digest": "sha384"}, {"ess": "v1"}, {"ess_digest": "sha512"},
    {"by_key_id": True}, {"pss": True}, {"nonce": 3}, {"text": ("Operation Okay", "done")},
    {"unsigned": True}, {"certificates": ("root", "above", "certificate")},
], ids=lambda said: next(iter(said), "plain"))
def test_whatever_an_authority_may_do_is_understood(kind: str, said: dict[str, object]) -> None:
    signer = authority(kind)
    stamp = read_reply(Reply(OCTETS, **said).of(signer))  # type: ignore[arg-type]
    assert stamp.covers(OCTETS)
    assert not stamp.covers(OCTETS + b"\0")
    assert (stamp.time, stamp.authority) == (STAMPED, "CN=Stamps of Anytown")
    assert stamp.certificates == (signer.certificate, signer.above)
    assert [objection(signer, stamp, which) for which in ("root", "above", "certificate")] == [
        "", "", ""]


@pytest.mark.parametrize("said", [
    {"text": ("Operation Okay",)}, {"unsigned": True}, {"by_key_id": True},
    {"certificates": ("root", "above", "certificate")},
], ids=lambda said: next(iter(said)))
def test_what_was_not_signed_is_written_in_one_form(said: dict[str, object]) -> None:
    signer = authority("rsa")  # whose signatures are the same each time
    plain = read_reply(Reply(OCTETS).of(signer))
    other = Reply(OCTETS, **said).of(signer)  # type: ignore[arg-type]
    assert read_reply(other) == plain
    assert read_stamp(plain.octets) == plain
    with pytest.raises(BundleError, match="not written as a bundle's time stamp is"):
        read_stamp(other)


@pytest.mark.parametrize(("kind", "step"), [("ec", 1), ("rsa", 3)])
def test_a_flipped_bit_anywhere_in_the_form_is_found(kind: str, step: int) -> None:
    signer = authority(kind)
    octets = read_reply(Reply(OCTETS).of(signer)).octets
    for place in range(0, len(octets), step):
        changed = bytearray(octets)
        changed[place] ^= 1 << place % 8
        try:
            stamp = read_stamp(bytes(changed))
        except BundleError:
            continue
        # the signature of a certificate that another one above made: told when the path is walked
        assert objection(signer, stamp), place


def test_a_certificate_that_says_the_same_in_other_octets_is_found() -> None:
    # where the last bit of its signature is zero, its bit string could leave that bit out
    signer = next(made for made in map(authority, ["ec"] * 50)
                  if not made.above.signature[-1] & 1)
    octets = read_reply(Reply(OCTETS).of(signer)).octets
    place = octets.index(b"\0" + signer.above.signature)
    with pytest.raises(BundleError):
        read_stamp(octets[:place] + b"\1" + octets[place + 1:])


@pytest.mark.parametrize("kind", ["ec", "p384", "rsa"])
def test_the_form_is_der_with_its_sets_in_order(kind: str) -> None:
    octets = read_reply(Reply(OCTETS).of(authority(kind))).octets
    signed = tsp.TimeStampResp.load(octets, strict=True)["time_stamp_token"]["content"]
    certificates = [choice.dump() for choice in signed["certificates"]]
    assert len(certificates) == 2
    assert certificates == sorted(certificates)


@pytest.mark.parametrize(("said", "told"), [
    ({"status": "rejection", "text": ("no money",)}, "did not grant it: rejection, no money"),
    ({"status": "granted_with_mods"}, "did not grant it: granted_with_mods"),
    ({"certificates": ("above", "root")}, "does not hold the authority's certificate"),
    ({"ess": ""}, "does not name the certificate of the authority"),
    ({"named": b"another"}, "does not name the certificate of the authority"),
    ({"ess": "v1", "named": b"another"}, "does not name the certificate of the authority"),
    ({"content": b"another"}, "is over other content"),
    ({"critical": True}, "critical extension"),
    ({"digest": "sha1", "signed_digest": "sha256"}, "over a digest by sha1"),
    ({"signed_digest": "sha1"}, "is signed with sha1_ecdsa over sha1; expected RSA or ECDSA"),
    ({"attributes": [{"type": "content_type", "values": ["tst_info"]}]},
     "its signed attribute content_type is not there once"),
])
def test_a_reply_that_shows_nothing_is_refused(said: dict[str, object], told: str) -> None:
    assert told in refusal(Reply(OCTETS, **said).of(authority()))  # type: ignore[arg-type]


@pytest.mark.parametrize(("wrong", "told"), [
    ({"usage": ()}, "it has no extended key usage"),
    ({"critical": False}, "its extended key usage is not critical"),
    ({"usage": (ExtendedKeyUsageOID.CODE_SIGNING,)}, "is not timeStamping alone"),
    ({"usage": (*FOR_STAMPS, ExtendedKeyUsageOID.CODE_SIGNING)}, "is not timeStamping alone"),
    ({"ca": True}, "it is that of a certification authority"),
    ({"signs": False}, "its key usage does not let it sign"),
])
def test_a_certificate_that_is_not_for_time_stamps_is_refused(
    wrong: dict[str, object], told: str,
) -> None:
    found = refusal(Reply(OCTETS).of(authority(**wrong)))  # type: ignore[arg-type]
    assert found.startswith("the certificate of CN=Stamps of Anytown is not for time stamps: ")
    assert told in found


def test_a_signature_by_another_key_is_refused() -> None:
    signer, stranger = authority("ec"), authority("p384")
    for key in (stranger.key, authority("rsa").key):
        forged = Reply(OCTETS).of(replace(signer, key=key))
        assert "did not make its signature" in refusal(forged)


def test_a_certificate_put_in_the_place_of_the_authoritys_is_refused() -> None:
    # same issuer, name and key, so it would have made the signature: only its digest differs
    signer = authority()
    other = authority(end=NOW + 2 * YEAR)
    reply = tsp.TimeStampResp.load(Reply(OCTETS).of(signer))
    signed = reply["time_stamp_token"]["content"]
    signed["certificates"] = [x509.Certificate.load(other.der)]
    signed["signer_infos"][0]["sid"] = Reply(OCTETS).sid(other)
    assert "does not name the certificate" in refusal(reply.dump(force=True))


@pytest.mark.parametrize(("wrong", "time", "told"), [
    ({"end": NOW - timedelta(days=1)}, STAMPED, "not valid at validation time"),
    ({"start": NOW + timedelta(days=1)}, STAMPED, "not valid at validation time"),
    ({}, NOW + 21 * YEAR, "not valid at validation time"),
    ({"above_ca": False}, STAMPED, "basicConstraints.cA must be asserted"),
    ({"above_signs": False}, STAMPED, "does not let it sign certificates"),
    ({"above_usage": (ExtendedKeyUsageOID.SERVER_AUTH,)}, STAMPED, "leaves time stamps out"),
])
def test_a_path_that_did_not_hold_at_the_time_of_the_stamp_is_told(
    wrong: dict[str, object], time: object, told: str,
) -> None:
    signer = authority(**wrong)  # type: ignore[arg-type]
    stamp = read_reply(Reply(OCTETS, time=time).of(signer))  # type: ignore[arg-type]
    found = objection(signer, stamp)
    assert found.startswith("stamped by CN=Stamps of Anytown; no path of certificates that held")
    assert told in found


def test_an_authority_that_expired_since_is_still_believed() -> None:
    signer = authority(end=STAMPED + timedelta(seconds=1))
    assert objection(signer, read_reply(Reply(OCTETS).of(signer))) == ""


def test_another_root_is_told() -> None:
    signer, other = authority("ec"), authority("rsa")
    stamp = read_reply(Reply(OCTETS).of(signer))
    assert "one of the 1 trusted here" in objection(other, stamp)
    both = Authorities([other.root, signer.root, signer.root])
    assert (len(both), both.objection(stamp)) == (2, "")


@settings(max_examples=300, deadline=None)
@given(octets=st.binary(max_size=200) | st.binary(max_size=60).map(
    lambda more: bytes.fromhex("3080300302010030") + more))
def test_random_octets_are_refused_in_words(octets: bytes) -> None:
    assert refusal(octets) == "it is no reply of an RFC 3161 authority" or refusal(
        octets).startswith("the authority did not grant it")


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_damaged_reply_is_refused_in_words_or_holds_the_same(data: st.DataObject) -> None:
    octets = bytearray(undamaged())
    for place in data.draw(st.lists(st.integers(0, len(octets) - 1), min_size=1, max_size=4)):
        octets[place] = data.draw(st.integers(0, 255))
    try:
        stamp = read_reply(bytes(octets))
    except BundleError:
        return
    assert stamp.covers(OCTETS)
    assert stamp.time == STAMPED


@cache
def undamaged() -> bytes:
    return Reply(OCTETS).of(authority())
