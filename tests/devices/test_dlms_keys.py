"""A DLMS meter's keys: only their owner reads them, and no text of ours shows one."""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench.errors import RigError
from devices import dlms_keys
from devices.profile import load_profile

SETS = {"hls": 0, "lls": 0, "signed": 1, "strong": 2, "authenticated": 0, "encrypted": 0}


def made(folder: Path, **given: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(dlms_keys.make(folder, SETS, **given).read_text("utf-8"))
    return document


def put(folder: Path, document: object, mode: int = 0o600) -> Path:
    path = folder / "dlms-keys.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document, indent=1),
                    "utf-8")
    path.chmod(mode)
    return folder


def test_made_keys_are_read_again_for_both_sides(tmp_path: Path) -> None:
    dlms_keys.make(tmp_path / "keys", SETS, flag_id="ABC")
    keys = dlms_keys.load(tmp_path / "keys")
    assert keys.server_title.startswith(b"ABC")
    assert len(keys.client_title) == 8
    for name, number in SETS.items():
        client, server = keys.of(name).client, keys.of(name).server
        assert client.suite == server.suite == number
        assert (client.own_title, client.peer_title) == (server.peer_title, server.own_title)
        assert client.global_unicast == server.global_unicast
        assert client.secret == server.secret
        assert client.secret is not None
        assert client.secret.isascii()
        assert (client.signing is not None) == (number > 0)
    strong = keys.of("strong")
    assert strong.client.peer_signing is not None
    assert strong.server.signing is not None
    assert strong.server.signing.public_key() == strong.client.peer_signing
    assert strong.client.signing is not None
    assert strong.client.signing.public_key() == strong.server.peer_signing


def test_keys_of_one_seed_are_equal_and_others_differ(tmp_path: Path) -> None:
    first, again, other, fresh = (
        made(tmp_path / name, **given) for name, given in (
            ("1", {"seed": "a"}), ("2", {"seed": "a"}), ("3", {"seed": "b"}), ("4", {})))
    assert first == again
    assert len({each["sets"]["hls"]["global_unicast"] for each in (first, other, fresh)}) == 3
    one = first["sets"]["hls"]
    assert len({one[name] for name in dlms_keys.SYMMETRIC}) == len(dlms_keys.SYMMETRIC)


@pytest.mark.skipif(os.name != "posix", reason="POSIX has modes of files")
def test_only_their_owner_reads_them(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    path = dlms_keys.make(folder, SETS)
    assert path.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    for mode in (0o640, 0o604):
        path.chmod(mode)
        with pytest.raises(RigError, match=r"dlms-keys\.json: keys that group or others can reach"):
            dlms_keys.load(folder)


def test_keys_that_are_there_are_not_replaced(tmp_path: Path) -> None:
    dlms_keys.make(tmp_path, SETS)
    with pytest.raises(RigError, match="holds the keys of a meter already"):
        dlms_keys.make(tmp_path, SETS)


def test_no_text_shows_a_key(tmp_path: Path) -> None:
    document = made(tmp_path)
    keys = dlms_keys.load(tmp_path)
    shown = f"{keys!r} {keys.of('hls')!r} {keys.of('strong').server!r} {keys.sets!r}".upper()
    for one in document["sets"].values():
        for name, value in one.items():
            if name != "suite":
                assert value.upper() not in shown


@pytest.mark.parametrize(("place", "value", "told"), [
    (("client_title",), "00", ":2: client_title: expected 16 hexadecimal digits"),
    (("client_title",), 12, ":2: client_title: expected 16 hexadecimal digits"),
    (("server_title",), None, "server_title: expected 16 hexadecimal digits, in quotes; found"),
    (("sets",), [], "sets: expected a mapping"),
    (("sets", "hls", "suite"), 3, r"sets\.hls\.suite: expected 0, 1 or 2; found something else"),
    (("sets", "hls", "master"), "ABCDEF0123", r"hls\.master: expected 32 hexadecimal digits"),
    (("sets", "strong", "master"), "AB" * 16, r"strong\.master: expected 64 hexadecimal digits"),
    (("sets", "hls", "secret"), "", r"hls\.secret: expected 2 or 4 or .* hexadecimal digits"),
    (("sets", "hls", "mastre"), "AB", "sets.hls: expected a key out of .*did you mean master"),
    (("sets", "strong", "signing"), "-----BEGIN", r"strong\.signing: expected an EC private key"),
    (("sets", "strong", "peer_signing"), "AB", r"strong\.peer_signing: expected an EC public key"),
])
def test_a_mistake_is_named_without_its_value(
    tmp_path: Path, place: tuple[str, ...], value: object, told: str
) -> None:
    document = made(tmp_path)
    inner = document
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = value
    with pytest.raises(RigError, match=rf"dlms-keys\.json:?\d*:? ?.*{told}") as caught:
        dlms_keys.load(put(tmp_path, document))
    assert not isinstance(value, str) or len(value) < 3 or value not in str(caught.value)


def certified(signing: str) -> str:
    """Return a certificate of the public part of a private key in PEM, signed by itself."""
    private = serialization.load_pem_private_key(signing.encode(), None)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "434C540000000001")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return x509.CertificateBuilder(
        name, name, private.public_key(), 1, start, start.replace(year=2036)).sign(
        private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def test_a_public_key_may_be_a_certificate_and_the_client_s_own_is_kept(tmp_path: Path) -> None:
    document = made(tmp_path)
    one = document["sets"]["signed"]
    plain = dlms_keys.load(tmp_path).of("signed").client
    assert plain.certificate is None
    one |= {"peer_signing": certified(one["server_signing"]),
            "certificate": certified(one["signing"])}
    found = dlms_keys.load(put(tmp_path, document)).of("signed").client
    assert found.peer_signing == plain.peer_signing
    assert found.certificate is not None
    assert x509.load_der_x509_certificate(found.certificate).public_key() == (
        plain.signing and plain.signing.public_key())


@pytest.mark.parametrize("wrong", ["", "-----BEGIN CERTIFICATE-----", "of another key"])
def test_a_certificate_must_be_that_of_the_key(tmp_path: Path, wrong: str) -> None:
    document = made(tmp_path)
    one = document["sets"]["signed"]
    one["certificate"] = certified(one["server_signing"]) if wrong == "of another key" else wrong
    with pytest.raises(RigError, match=r"signed\.certificate: expected the certificate of signing"):
        dlms_keys.load(put(tmp_path, document))


@pytest.mark.parametrize(("place", "told"), [
    ("peer_signing", "an EC public key or a certificate"),
    ("certificate", "the certificate of signing")])
def test_a_certificate_of_an_unknown_version_is_told(
        tmp_path: Path, place: str, told: str) -> None:
    document = made(tmp_path)
    one = document["sets"]["signed"]
    head, *lines, foot = certified(one["signing"]).splitlines()
    octets = b64decode("".join(lines)).replace(bytes.fromhex("A003020102"),
                                               bytes.fromhex("A003020109"), 1)
    one[place] = f"{head}\n{b64encode(octets).decode()}\n{foot}\n"
    with pytest.raises(RigError, match=rf"signed\.{place}: expected {told}"):
        dlms_keys.load(put(tmp_path, document))


def test_a_key_of_another_suite_s_curve_is_refused(tmp_path: Path) -> None:
    document = made(tmp_path)
    document["sets"]["strong"]["signing"] = document["sets"]["signed"]["signing"]
    with pytest.raises(RigError, match=r"sets\.strong: signing: suite 2 has no key on secp256r1"):
        dlms_keys.load(put(tmp_path, document))


@pytest.mark.parametrize("text", ["", "[", "{\"a\": \"5EC2E7\", \"a\": \"5EC2E7\"}", "\t- 5EC2E7"])
def test_a_file_that_is_no_mapping_is_refused_without_quoting_it(
    tmp_path: Path, text: str
) -> None:
    with pytest.raises(RigError, match=r"dlms-keys\.json:\d+: expected a mapping") as caught:
        dlms_keys.load(put(tmp_path, text))
    assert "5EC2E7" not in str(caught.value)


def test_a_folder_without_keys_is_named(tmp_path: Path) -> None:
    with pytest.raises(RigError, match=r"expected a file dlms-keys\.json or dlms-keys\.yaml"):
        dlms_keys.load(tmp_path)


def test_keys_must_be_those_that_the_declaration_names(tmp_path: Path) -> None:
    dlms = load_profile("devices/profiles/emulated-dlms-meter.yaml").ixit["dlms"]
    assert dlms_keys.needed(dlms) == {"lls": 0, "hls": 0, "authenticated": 0, "encrypted": 0}
    document = made(tmp_path)
    dlms_keys.check(dlms_keys.load(tmp_path), dlms)
    changes: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("hls", document["sets"]["signed"], "expected suite 0, that of the association hls, found"),
        ("hls", {"suite": 0}, "expected global_unicast, which the association hls needs"),
        ("lls", {}, "expected secret, which the association lls needs"))
    for name, change, told in changes:
        wrong = {**document, "sets": {**document["sets"], name: change}}
        with pytest.raises(RigError, match=told):
            dlms_keys.check(dlms_keys.load(put(tmp_path, wrong)), dlms)
    del document["sets"]["hls"]
    with pytest.raises(RigError, match="sets: expected a set out of"):
        dlms_keys.check(dlms_keys.load(put(tmp_path, document)), dlms)
