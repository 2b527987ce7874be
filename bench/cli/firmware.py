"""``smip-bench firmware``: look into OTA upgrade images and make them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec

from bench.cli import layout
from bench.cli.options import number, write_whole
from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs import firmware
from bench.protocols.gbcs.firmware import FirmwareImage, OtaHeader
from bench.protocols.gbcs.keys import entity_of, owner_only_key

_COPIED = ("manufacturer_image_hash",)  # what other commands take, so never shortened
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

F = TypeVar("F", bound=Callable[..., Any])


def _header_fields(command: F) -> F:
    """Add the fields of the OTA header that an image must be given."""
    for option, text in (
            ("--max-hardware", "16 bits: the last hardware version that the image is for."),
            ("--min-hardware", "16 bits: the first one."),
            ("--file-version", "32 bits: the firmware version that the device will report."),
            ("--image-type", "16 bits, up to 0xFFBF, the manufacturer's choice."),
            ("--manufacturer-code", "16 bits, given by the Connectivity Standards Alliance.")):
        command = click.option(option, callback=number, metavar="N", required=True,
                               help=text)(command)
    return command


@click.group()
def command() -> None:
    """Look into firmware images and make them."""


@command.command("inspect")
@click.argument("file", type=_FILE)
@click.option("--certificate", type=_FILE, metavar="PEM",
              help="Of the authorising party; without it the signature is not verified.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def inspect_image(file: Path, certificate: Path | None, as_json: bool) -> None:
    """Show what the OTA upgrade image in FILE is, and whether its signature is right.

    Exit status 1 if FILE is none, with the octet where it stops being one, or if the signature is
    not that of the certificate's party.
    """
    signer = _certificate(certificate) if certificate else None
    record = {"file": str(file)} | _describe(_octets(file), signer)
    if as_json:
        click.echo(json.dumps(record))
    else:
        for name, value in record.items():
            whole = str(value) if name in _COPIED else layout.printable(str(value))
            for line in layout.fact(name.replace("_", " "), whole, layout.width()):
                click.echo(line)
    if record["problem"]:
        sys.exit(1)


@command.command("build")
@click.argument("image", type=_FILE)
@_header_fields
@click.option("--string", default="", metavar="TEXT", help="Header string, up to 32 characters.")
@click.option("--force-replace", callback=number, metavar="N", default="0", show_default=True,
              help="One octet that a communications hub reads.")
@click.option("--key", type=_FILE, required=True, metavar="KEYFILE",
              help="Private key of the authorising party, PEM, readable by its owner only.")
@click.option("-o", "--out", type=click.Path(dir_okay=False, path_type=Path), required=True,
              metavar="FILE", help="Where the image goes.")
def build_image(
    image: Path, manufacturer_code: int, image_type: int, file_version: int, min_hardware: int,
    max_hardware: int, string: str, force_replace: int, key: Path, out: Path,
) -> None:
    """Sign the manufacturer image in IMAGE and put the OTA header before it.

    Prints the manufacturer image hash, by which CS06 Activate Firmware names the image.
    """
    for file, what in ((image, "manufacturer image"), (key, "private key")):
        if out.exists() and out.samefile(file):
            raise click.UsageError(f"{out} is the {what} itself")
    if not string.isascii() or len(string) > 32:
        raise click.UsageError("--string: up to 32 ASCII characters")
    header = OtaHeader(manufacturer_code, image_type, file_version, min_hardware, max_hardware,
                       string.encode().ljust(32, b"\0"))
    content = _octets(image)
    try:
        built = firmware.build(content, header, owner_only_key(key), force_replace=force_replace)
    except LocalProtocolError as wrong:
        raise click.UsageError(str(wrong)) from None
    write_whole(out, built)
    click.echo(f"{out}: {len(built)} octets, manufacturer image hash "
               f"{firmware.manufacturer_image_hash(content).hex().upper()}")


def _describe(octets: bytes, signer: x509.Certificate | None) -> dict[str, Any]:
    try:
        image = firmware.parse(octets)
    except RemoteProtocolError as wrong:
        return {"problem": str(wrong)}
    header = image.header
    record: dict[str, Any] = {
        "manufacturer_code": f"{header.manufacturer_code:04X}",
        "image_type": f"{header.image_type:04X}",
        "file_version": f"{header.file_version:08X}",
        "header_string": _text(header.string),
        "total_image_size": image.total_size,
        "minimum_hardware": f"{header.minimum_hardware:04X}",
        "maximum_hardware": f"{header.maximum_hardware:04X}",
    }
    if header.credential_version is not None:
        record["credential_version"] = header.credential_version
    if header.destination is not None:
        record["destination"] = header.destination.hex().upper()
    if image.sub_elements:
        record["sub_elements"] = ", ".join(
            f"{element.tag:04X} ({len(element.data)})" for element in image.sub_elements)
    record |= {
        "manufacturer_image_size": len(image.manufacturer_image),
        "manufacturer_image_hash": image.manufacturer_image_hash.hex().upper(),
        "force_replace": image.force_replace,
        "signature_octets": image.signature.hex().upper(),
    }
    return record | _signature(image, signer)


def _signature(image: FirmwareImage, signer: x509.Certificate | None) -> dict[str, str]:
    if signer is None:
        return {"signature": "not verified", "problem": ""}
    entity = entity_of(signer)
    who = entity.hex().upper() if entity else signer.subject.rfc4514_string()
    if firmware.verify(image, _public_key(signer)):
        return {"signature": "valid", "signer": who, "problem": ""}
    return {"signature": "invalid", "problem":
            f"the signature is not that of {who} over this manufacturer image"}


def _text(string: bytes) -> str:
    bare = string.rstrip(b"\0")
    text = bare.decode("latin-1")
    return text if text.isascii() and text.isprintable() else bare.hex().upper()


def _octets(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as wrong:
        raise click.UsageError(f"{file}: {wrong.strerror}") from None


def _certificate(file: Path) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(_octets(file))
        _public_key(certificate)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return certificate
    except (ValueError, UnsupportedAlgorithm):
        raise click.UsageError(f"{file}: no certificate in PEM form") from None
    if not usage.digital_signature:
        raise click.UsageError(f"{file}: a certificate that is not for digital signatures")
    return certificate


def _public_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise click.UsageError("--certificate: not a key on P-256")
    return key
