"""A key on a PKCS #11 token signs as one in a file does; the token here is SoftHSM."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from bundled_runs import NOW, Laboratory, said
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from bench.bundle import (
    BundleError,
    KeyFileError,
    TrustedKey,
    TrustStore,
    read_token_signer,
    verify_bundle,
)
from bench.bundle.keys import public_key
from bench.cli.bundle import command
from bench.cli.signing import PASSWORD

LIBRARIES = [Path(folder) / "libsofthsm2.so" for folder in (
    "/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm",
    "/usr/lib64/softhsm", "/usr/local/lib/softhsm", "/opt/homebrew/lib/softhsm")]
PIN = "1234"


@pytest.fixture
def token(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A token with the laboratory's key under id 2, in a folder of its own; the public half."""
    pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    library = next((path for path in LIBRARIES if path.exists()), None)
    tool = shutil.which("softhsm2-util")
    if library is None or tool is None:
        pytest.skip("SoftHSM is not installed")
    tokens = lab.folder / "tokens"
    tokens.mkdir()
    settings = lab.folder / "softhsm2.conf"
    settings.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(settings))
    monkeypatch.setenv("PYKCS11LIB", str(library))
    for arguments in (
        ["--init-token", "--free", "--label", "lab", "--pin", PIN, "--so-pin", "5678"],
        ["--import", str(lab.folder / "lab.key"), "--token", "lab", "--label", "lab",
         "--id", "02", "--pin", PIN],
    ):
        subprocess.run([tool, *arguments], check=True, capture_output=True, env=os.environ)
    return lab.folder / "lab.pem"


def test_a_token_signs_and_whoever_trusts_its_key_verifies(lab: Laboratory, token: Path) -> None:
    # one process has one library: what it found of tokens it keeps, so all is asked in one test
    signer = read_token_signer("hsm:2?label=lab", lambda: PIN)
    assert signer.public_key.keyid == lab.signer.public_key.keyid
    found = lab.create("token.zip", signer)
    assert found.sound, said(found)
    key = public_key(load_pem_public_key(token.read_bytes()), token)
    trust = TrustStore([TrustedKey("Lab", key)])
    assert verify_bundle(lab.folder / "token.zip", trust, NOW).sound
    done = CliRunner().invoke(command, [
        "create", str(lab.run), "--key", "hsm:2", "--baseline", str(lab.baseline),
        "-o", str(lab.folder / "other.zip")], env={PASSWORD: PIN})
    assert done.exit_code == 0, done.output
    with pytest.raises(BundleError, match="the key did not sign: ") as refused:
        lab.create("wrong.zip", read_token_signer("hsm:2", lambda: "9999"))
    assert "9999" not in str(refused.value)
    with pytest.raises(KeyFileError, match="hsm:7"):
        read_token_signer("hsm:7", lambda: PIN)
    with pytest.raises(KeyFileError, match="No PKCS#11 token found for label other"):
        read_token_signer("hsm:2?label=other", lambda: PIN)


def test_without_a_library_a_token_is_refused(
    lab: Laboratory, monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYKCS11LIB", raising=False)
    for key in ("hsm:2", "hsm:two"):
        done = CliRunner().invoke(command, [
            "create", str(lab.run), "--key", key, "-o", str(lab.folder / "b.zip")])
        assert done.exit_code == 2, done.output
        assert key in done.output
