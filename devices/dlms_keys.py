"""The keys of a DLMS meter: one file in its folder of keys that only its owner can read.

``dlms-keys.json`` (or ``.yaml``), octets in hexadecimal digits, EC keys in PEM::

    {"client_title": "...", "server_title": "...",
     "sets": {"hls": {"suite": 0, "secret": "...", "global_unicast": "...", ...}}}

A set has the keys of one association by the names of :class:`~bench.protocols.dlms.security.keys.
Keys`; associations of a profile name their set. Public keys may be certificates. ``certificate`` is
the client's own, which goes in its requests. Where the bench makes the keys, it holds the server's
private keys too, as ``server_signing`` and ``server_agreement``. A mistake is told without the
value: no key is ever in a text of ours.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bench.errors import LocalProtocolError, RigError
from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.suites import TITLE_OCTETS, suite
from devices.declaration import Declaration, unknown

NAMES = ("dlms-keys.json", "dlms-keys.yaml")
"""Names of the file, in the order in which it is looked for."""

SYMMETRIC = ("global_unicast", "global_broadcast", "authentication", "master")
_PRIVATE = ("signing", "agreement", "server_signing", "server_agreement")
_PUBLIC = ("peer_signing", "peer_agreement")
_KNOWN = ("suite", "secret", *SYMMETRIC, *_PRIVATE, *_PUBLIC, "certificate")
_SECRET_OCTETS = 64  # the longest that an association object holds (IEC 62056-6-2, class 15)
_ORDERS = {  # of the curves (FIPS 186-4, D.1.2)
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF
    << 128 | 0x581A0DB248B0A77AECEC196ACCC52973,
}
_SEED_DOMAIN = b"smip-bench dlms keys\0"

PrivateKey = ec.EllipticCurvePrivateKey
PublicKey = ec.EllipticCurvePublicKey


@dataclass(frozen=True, slots=True, repr=False)
class KeySet:
    """The keys of one association, as the client holds them, and the server's where we made it."""

    client: Keys
    server_signing: PrivateKey | None = field(default=None, repr=False)
    server_agreement: PrivateKey | None = field(default=None, repr=False)

    @property
    def server(self) -> Keys:
        """The same keys as the server holds them."""
        ours = self.client
        return Keys(
            suite=ours.suite, own_title=ours.peer_title, peer_title=ours.own_title,
            global_unicast=ours.global_unicast, global_broadcast=ours.global_broadcast,
            authentication=ours.authentication, master=ours.master, secret=ours.secret,
            signing=self.server_signing, agreement=self.server_agreement,
            peer_signing=ours.signing.public_key() if ours.signing else None,
            peer_agreement=ours.agreement.public_key() if ours.agreement else None)

    def __repr__(self) -> str:
        """Return which keys the client has, none of their octets."""
        return f"KeySet({self.client!r})"


@dataclass(frozen=True, slots=True, repr=False)
class DlmsKeys:
    """All keys of one meter; titles have 8 octets."""

    path: Path
    client_title: bytes
    server_title: bytes
    sets: Mapping[str, KeySet] = field(repr=False)

    def of(self, name: str) -> KeySet:
        """Return a set; :class:`RigError` where there is none of that name."""
        if name not in self.sets:
            raise RigError(f"{self.path}: sets: {unknown('a set', name, self.sets)}")
        return self.sets[name]

    def __repr__(self) -> str:
        """Return the titles and the names of the sets."""
        return (f"DlmsKeys(client_title={self.client_title.hex()}, "
                f"server_title={self.server_title.hex()}, sets={', '.join(self.sets)})")


def needed(dlms: Mapping[str, Any]) -> dict[str, int]:
    """Return the sets that a declaration (``ixit["dlms"]``) names, each with its suite."""
    sets: dict[str, int] = {}
    for one in dlms["associations"].values():
        if one["keys"] is not None:
            sets[one["keys"]] = max(sets.get(one["keys"], 0), one["suite"] or 0)
    return sets


def make(folder: Path, sets: Mapping[str, int], *, flag_id: str = "SMB",
         seed: str | None = None) -> Path:
    """Write keys for ``sets`` (name -> suite) to ``folder`` and return the file.

    The folder is made with mode 0700, the file with 0600. With ``seed`` the keys come out equal
    each time, for runs to be compared; anyone who knows the seed knows the keys. Raises
    :class:`RigError` where there are keys already, and where they cannot be written.
    """
    octets = _source(seed)
    flag = flag_id.encode("ascii")
    document = {
        "client_title": (b"CLT" + octets("client title", 5)).hex().upper(),
        "server_title": (flag + octets("server title", 5)).hex().upper(),
        "sets": {name: _new_set(name, number, octets) for name, number in sorted(sets.items())},
    }
    path = folder / NAMES[0]
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(document, file, indent=1)
    except FileExistsError:
        raise RigError(f"{path}: holds the keys of a meter already") from None
    except OSError as wrong:
        raise RigError(f"{path}: cannot be written: {wrong.strerror or wrong}") from wrong
    return path


def load(folder: Path) -> DlmsKeys:
    """Return the keys in ``folder``.

    Raises :class:`RigError` where there is no file of keys, where group or others can read it (on
    POSIX), and with ``file:line`` and the name of what is wrong in it.
    """
    path = next((folder / name for name in NAMES if (folder / name).exists()), None)
    if path is None:
        raise RigError(f"{folder}: expected a file {' or '.join(NAMES)}, found none")
    _refuse_others(path)
    file = _File(path)
    titles = [file.octets(name, (name,), (TITLE_OCTETS,)) for name in
              ("client_title", "server_title")]
    written = file.mapping("sets", ("sets",))
    sets = {name: file.key_set(name, titles[0], titles[1]) for name in written}
    return DlmsKeys(path, titles[0], titles[1], sets)


def check(keys: DlmsKeys, dlms: Mapping[str, Any]) -> None:
    """Raise :class:`RigError` unless ``keys`` has what the associations of a declaration need."""
    for name, one in dlms["associations"].items():
        if one["keys"] is None:
            continue
        held, of = keys.of(one["keys"]).client, f"{keys.path}: sets.{one['keys']}"
        if one["suite"] is not None and held.suite != one["suite"]:
            raise RigError(f"{of}: expected suite {one['suite']}, that of the association {name}, "
                           f"found {held.suite}")
        for key in _wanted(one):
            if getattr(held, key) is None:
                raise RigError(f"{of}: expected {key}, which the association {name} needs, found "
                               "none")


def _wanted(association: Mapping[str, Any]) -> Iterator[str]:
    mechanism = association["mechanism"]
    if association["ciphered"] or mechanism == "hls-gmac":
        yield "global_unicast"
        yield "authentication"
    if mechanism in ("lls", "hls", "hls-md5", "hls-sha1", "hls-sha256"):
        yield "secret"
    if mechanism == "hls-ecdsa":
        yield "signing"
        yield "peer_signing"


def _refuse_others(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except OSError as wrong:
        raise RigError(f"{path}: cannot be read: {wrong.strerror}") from None
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise RigError(f"{path}: keys that group or others can reach; chmod 600 gives them back to "
                       "their owner")


class _File:
    """A file of keys while it is read; its mistakes name a place, never a value."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = Declaration(path, RigError)
        except RigError as wrong:  # its text may quote the file
            line = str(wrong).removeprefix(f"{path}:").partition(":")[0]
            raise RigError(f"{path}:{line}: expected a mapping in JSON or YAML") from None

    def mapping(self, name: str, place: tuple[str, ...]) -> Mapping[str, Any]:
        value = self._value(place)
        if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
            self._wrong(place, name, "a mapping")
        return value  # type: ignore[no-any-return]  # _wrong raises

    def octets(self, name: str, place: tuple[str, ...], lengths: tuple[int, ...]) -> bytes:
        value = self._value(place)
        expected = f"{' or '.join(str(2 * length) for length in lengths)} hexadecimal digits"
        try:
            octets = bytes.fromhex(value) if isinstance(value, str) else b""
        except ValueError:
            octets = b""
        if len(octets) not in lengths:
            self._wrong(place, name, f"{expected}, in quotes")
        return octets

    def key_set(self, name: str, client_title: bytes, server_title: bytes) -> KeySet:
        place = ("sets", name)
        told = f"sets.{name}"
        written = self.mapping(told, place)
        for key in written:
            if key not in _KNOWN:
                self._file.fail([((*place, key), f"{told}: {unknown('a key', key, _KNOWN)}")])
        number = written.get("suite", 0)
        if isinstance(number, bool) or number not in (0, 1, 2):
            self._wrong((*place, "suite"), f"{told}.suite", "0, 1 or 2")
        chosen = suite(number)
        values: dict[str, Any] = {
            key: self.octets(f"{told}.{key}", (*place, key), (chosen.key_octets,))
            for key in SYMMETRIC if key in written}
        if "secret" in written:
            values["secret"] = self.octets(f"{told}.secret", (*place, "secret"),
                                           tuple(range(1, _SECRET_OCTETS + 1)))
        for key in (*_PRIVATE, *_PUBLIC):
            if key in written:
                values[key] = self._ec(f"{told}.{key}", (*place, key), private=key in _PRIVATE)
        if "certificate" in written:
            values["certificate"] = self._certificate(f"{told}.certificate",
                                                      (*place, "certificate"),
                                                      values.get("signing"))
        server = {key: values.pop(key, None) for key in ("server_signing", "server_agreement")}
        try:
            client = Keys(suite=number, own_title=client_title, peer_title=server_title, **values)
        except LocalProtocolError as wrong:
            self._file.fail([(place, f"{told}: {wrong}")])
            raise
        return KeySet(client, **server)

    def _ec(self, name: str, place: tuple[str, ...], *, private: bool) -> PrivateKey | PublicKey:
        value = self._value(place)
        kind: type[PrivateKey] | type[PublicKey] = PrivateKey if private else PublicKey
        try:
            text = value.encode() if isinstance(value, str) else b""
            key: object = serialization.load_pem_private_key(text, None) if private else \
                _public_key(text)
        except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion):
            key = None
        if not isinstance(key, kind):
            self._wrong(place, name, "an EC private key in PEM form, without a password" if private
                        else "an EC public key or a certificate of one in PEM form")
        return key  # type: ignore[return-value]  # _wrong raises

    def _certificate(self, name: str, place: tuple[str, ...],
                     signing: PrivateKey | None) -> bytes:
        """Return a certificate of ``signing`` in DER."""
        value, octets = self._value(place), b""
        try:
            read = x509.load_pem_x509_certificate(value.encode() if isinstance(value, str) else b"")
            if signing is not None and read.public_key() == signing.public_key():
                octets = read.public_bytes(serialization.Encoding.DER)
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
            pass
        if not octets:
            self._wrong(place, name, "the certificate of signing in PEM form")
        return octets

    def _value(self, place: tuple[str, ...]) -> Any:
        value: Any = self._file.values
        for part in place:
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def _wrong(self, place: tuple[str, ...], name: str, expected: str) -> None:
        found = "nothing" if self._value(place) is None else "something else"
        self._file.fail([(place, f"{name}: expected {expected}; found {found}")])


def _public_key(text: bytes) -> object:
    """Return the key in PEM, or that of a certificate."""
    if b"BEGIN CERTIFICATE" in text:
        return x509.load_pem_x509_certificate(text).public_key()
    return serialization.load_pem_public_key(text)


Source = Callable[[str, int], bytes]


def _source(seed: str | None) -> Source:
    """Return what gives octets for a label: by the system's randomness, or by a seed."""
    if seed is None:
        return lambda _label, length: secrets.token_bytes(length)
    return lambda label, length: hashlib.shake_256(
        _SEED_DOMAIN + f"{seed}\0{label}".encode()).digest(length)


def _new_set(name: str, number: int, octets: Source) -> dict[str, Any]:
    chosen = suite(number)
    password = octets(f"{name} secret", 8).hex().encode("ascii")  # LLS takes characters
    made: dict[str, Any] = {"suite": number, "secret": password.hex().upper()}
    made |= {key: octets(f"{name} {key}", chosen.key_octets).hex().upper() for key in SYMMETRIC}
    if chosen.curve is None:
        return made
    for usage in ("signing", "agreement"):
        ours, theirs = (_new_key(chosen.curve, octets(f"{name} {side} {usage}", 64))
                        for side in ("client", "server"))
        made[usage], made[f"server_{usage}"] = _private_pem(ours), _private_pem(theirs)
        made[f"peer_{usage}"] = theirs.public_key().public_bytes(
            serialization.Encoding.PEM,
            serialization.PublicFormat.SubjectPublicKeyInfo).decode("ascii")
    return made


def _new_key(curve: ec.EllipticCurve, octets: bytes) -> PrivateKey:
    return ec.derive_private_key(
        1 + int.from_bytes(octets, "big") % (_ORDERS[curve.name] - 1), curve)


def _private_pem(key: PrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption()).decode("ascii")
