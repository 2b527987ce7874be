"""The option that names a signing key, shared by the commands that sign."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
from securesystemslib.signer import Signer

from bench.bundle import KeyFileError, read_signer, read_token_signer

F = TypeVar("F", bound=Callable[..., Any])

PASSWORD = "SMIP_BENCH_KEY_PASSWORD"  # noqa: S105  the variable's name, not a password
TOKEN = "hsm:"  # noqa: S105  how a key on a PKCS #11 token is named


def signing_key(whose: str, *, required: bool = True) -> Callable[[F], F]:
    """Add ``--key``, which :func:`signer_of` reads."""
    return click.option(
        "--key", required=required, default=None, metavar="KEYFILE",
        help=f"{whose} P-256 or Ed25519, PEM, mode 600; or hsm:ID, P-256 on the PKCS #11 token of "
             f"the library in PYKCS11LIB. A password or PIN is in {PASSWORD}, or is asked for.")


def signer_of(key: str) -> Signer:
    """Return what signs with the key that ``--key`` names; a ``click.UsageError`` says why not."""
    try:
        return (read_token_signer(key, password) if key.startswith(TOKEN)
                else read_signer(Path(key), password))
    except KeyFileError as wrong:
        raise click.UsageError(str(wrong)) from wrong


def password() -> str:
    """Return the password or PIN of a key, from the environment or from who sits there."""
    given = os.environ.get(PASSWORD)
    return given if given is not None else str(click.prompt(
        "Password or PIN of the key", hide_input=True, err=True))
