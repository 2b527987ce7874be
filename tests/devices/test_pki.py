"""The test PKI has every party, in the shape that GBCS certificates have."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import RigError
from bench.protocols.gbcs.keys import KeyStore, Role, Usage, entity_of
from devices import pki


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("pki") / "keys"
    pki.init(made)
    return made


def certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_every_party_has_certificates_and_keys_that_belong_together(folder: Path) -> None:
    keys = KeyStore.load(folder, strict=True)
    parties = pki.read_parties(folder)
    assert set(keys.parties()) == set(parties.values())
    for name, party in parties.items():
        for usage in (Usage.DIGITAL_SIGNATURE, Usage.KEY_AGREEMENT):
            found = keys.certificate(party, usage)
            assert found is not None, name
            assert entity_of(found) == party
            assert keys.private_key(party, usage) is not None


def test_roles_are_those_of_the_names(folder: Path) -> None:
    keys, parties = KeyStore.load(folder, strict=True), pki.read_parties(folder)
    for name in ("supplier", "network_operator", "access_control_broker", "wan_provider",
                 "transitional_change_of_supplier", "load_controller", "recovery"):
        assert keys.role(parties[name]) == Role[name.upper()]
    assert keys.role(parties["second_supplier"]) == Role.SUPPLIER
    assert parties["second_supplier"] != parties["supplier"]
    assert keys.role(parties["device"]) is None


def test_each_key_has_one_usage(folder: Path) -> None:
    supplier = pki.read_parties(folder)["supplier"].hex()
    signing = certificate(folder / f"{supplier}-ds.pem")
    agreeing = certificate(folder / f"{supplier}-ka.pem")
    usages = [found.extensions.get_extension_for_class(x509.KeyUsage).value
              for found in (signing, agreeing)]
    assert [usage.digital_signature for usage in usages] == [True, False]
    assert [usage.key_agreement for usage in usages] == [False, True]


def test_the_chain_leads_to_the_root(folder: Path) -> None:
    root = certificate(folder / "authorities" / "root.pem")
    issuing = certificate(folder / "authorities" / "issuing-authority.pem")
    issuing.verify_directly_issued_by(root)
    root.verify_directly_issued_by(root)
    for path in folder.glob("*.pem"):
        found = certificate(path)
        found.verify_directly_issued_by(issuing)
        key = found.public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        assert key.curve.name == "secp256r1"


def test_the_certificates_look_like_those_of_the_reference_test_data(
    folder: Path, shared: Path,
) -> None:
    reference = certificate(
        shared / "vectors/rtds/keystore/90b3d51f30010000-ds.pem")
    ours = certificate(folder / f"{pki.read_parties(folder)['supplier'].hex()}-ds.pem")
    identifiers = [{extension.oid for extension in found.extensions}
                   for found in (reference, ours)]
    assert identifiers[0] == identifiers[1]
    critical = [{extension.oid for extension in found.extensions if extension.critical}
                for found in (reference, ours)]
    assert critical[0] == critical[1]
    device = certificate(next((shared / "vectors/rtds/keystore").glob("00db*-ka.pem")))
    our_device = certificate(folder / f"{pki.DEVICE_EUI64.hex()}-ka.pem")
    assert {extension.oid for extension in device.extensions} \
        == {extension.oid for extension in our_device.extensions}
    assert list(our_device.subject) == []


@pytest.mark.skipif(os.name != "posix", reason="file modes of POSIX")
def test_keys_are_the_owners_alone(folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*.key")}
    assert modes == {0o600}


def test_a_pki_is_not_overwritten_unless_told(tmp_path: Path) -> None:
    pki.init(tmp_path)
    key = tmp_path / f"{pki.DEVICE_EUI64.hex()}-ds.key"
    before = key.read_bytes()
    with pytest.raises(RigError, match="force"):
        pki.init(tmp_path)
    assert key.read_bytes() == before
    pki.init(tmp_path, force=True)
    assert key.read_bytes() != before


def test_a_seed_gives_the_same_keys_each_time(tmp_path: Path) -> None:
    keys = []
    for name, seed in (("one", "s"), ("two", "s"), ("three", "t")):
        pki.init(tmp_path / name, seed=seed)
        keys.append((tmp_path / name / f"{pki.DEVICE_EUI64.hex()}-ds.key").read_bytes())
    assert keys[0] == keys[1] != keys[2]


def test_a_folder_that_cannot_be_made_is_a_fault_of_the_rig(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RigError, match="file"):
        pki.init(tmp_path / "file" / "keys")


@pytest.mark.parametrize("text", ["- a list", "supplier: 12", "supplier: xyz", "supplier: '02'",
                                  "{"])
def test_wrong_parties_are_named_with_their_file(tmp_path: Path, text: str) -> None:
    (tmp_path / "parties.yaml").write_text(text)
    with pytest.raises(RigError, match=r"parties\.yaml"):
        pki.read_parties(tmp_path)


def test_the_command_makes_a_pki_and_refuses_to_overwrite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:
    from bench.cli import main
    monkeypatch.setattr(sys, "argv", ["smip-bench", "pki", "init", str(tmp_path / "keys")])
    for status in (0, 2):
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == status
    assert "--force" in capsys.readouterr().err
