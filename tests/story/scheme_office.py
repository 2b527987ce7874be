"""A laboratory, a certification body and a maker, each with what is theirs, in one folder."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from bench.cli import main
from bench.resources import ROOT

PROFILE = ROOT / "devices" / "profiles" / "emulated-esme.yaml"
RIG = ROOT / "devices" / "rigs" / "emulated-esme.yaml"
BASELINE = """\
name: Identity, power and tampering
date: 2026-01-01
draft: false
device: esme
variant: A
specifications:
  - {name: SMETS2, version: "5"}
plans: [esme/identity.yaml, esme/power.yaml, esme/tamper.yaml]
mandatory: [SMETS2/5.7.1.2, SMETS2/5.7.1.4, SMETS2/5.7.5.17, SMETS2/5.7.5.25, SMETS2/5.7.4.44,
            SMETS2/5.5.12.6, SEED/S-86, SEED/S-88]
outside:
  - requirements: ["*"]
    reason: a baseline for a story
accepts:
  - {kind: safety, requirements: [SEED/S-86], match: [manufacturer, model, hardware_version]}
  - kind: metrology
    requirements: [SEED/S-88]
    match: [manufacturer, model, firmware_version]
    tools: [{name: Meter bench, tested_before: 2027-01-01}]
"""


@dataclass(frozen=True)
class Office:
    """The folder, and what is done in it by the command line."""

    folder: Path

    @classmethod
    def opened(cls, folder: Path) -> Office:
        """Make keys, trust and the frozen baseline."""
        office = cls(folder)
        for name, title in (("lab", "North Lab"), ("body", "Certs plc"), ("stranger", "Nobody")):
            office._key(name, title)
        (folder / "baseline.yaml").write_text(BASELINE)
        office.call("baseline", "freeze", "baseline.yaml")
        return office

    def call(self, *arguments: str, exits: int = 0) -> str:
        """Run a command of the bench, in this process; return what it printed."""
        printed = io.StringIO()
        with (
            pytest.MonkeyPatch.context() as patch, contextlib.chdir(self.folder),
            contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed),
        ):
            patch.setattr(sys, "argv", ["smip-bench", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
        said = printed.getvalue()
        assert ended.value.code == exits, f"{arguments}: {ended.value.code}\n{said}"
        return said

    def firmware(self, name: str, version: str) -> None:
        """Write the profile of a firmware of the maker's one model."""
        text = PROFILE.read_text(encoding="utf-8")
        image = sha256(version.encode()).hexdigest().upper()
        text = text.replace('firmware_version: "00000001"', f'firmware_version: "{version}"')
        known = "9108F2232A402C5358EF712F8DCBDCFAC8657AF1B76FD9E5EF65E8D1D6CBA51D"
        assert known in text
        (self.folder / f"{name}.yaml").write_text(text.replace(known, image), encoding="utf-8")

    def tested(self, name: str, *more: str, exits: int = 0) -> str:
        """Have the laboratory take firmware ``name`` through and sign the evidence."""
        said = self.call(
            "certify", "--demonstration", "--dut", f"{name}.yaml", "--rig", str(RIG), "--baseline",
            "baseline.yaml", "--out", f"run-{name}", "-n", "0", *more, exits=exits)
        self.call("bundle", "create", f"run-{name}", "--key", "lab.key", "--baseline",
                  "baseline.yaml", "-o", f"{name}.zip")
        return said

    def decided(self, name: str, *more: str, exits: int = 0) -> str:
        """Have the certification body rule on the evidence of firmware ``name``."""
        return self.call(
            "decide", f"{name}.zip", "--baseline", "baseline.yaml", "--trust", "lab.pem", "--body",
            "Certs plc", "--key", "body.key", "-o", f"ruling-{name}", *more, exits=exits)

    def register(self, command: str, *arguments: str, exits: int = 0) -> str:
        """Run a command of the register."""
        return self.call("register", command, "--register", "register.sqlite", *arguments,
                         exits=exits)

    def granted(self, name: str, *more: str, exits: int = 0) -> str:
        """Have the register grant a certificate on the ruling on firmware ``name``."""
        return self.register("grant", f"ruling-{name}/ruling.dsse.json", "--trust", "body.pem",
                             *more, exits=exits)

    def _key(self, name: str, title: str) -> None:
        key, file = Ed25519PrivateKey.generate(), self.folder / f"{name}.key"
        file.touch(0o600)
        file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.with_suffix(".pem").write_bytes(key.public_key().public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        file.with_suffix(".yaml").write_text(f"name: {title}\n")
