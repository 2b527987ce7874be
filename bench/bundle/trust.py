"""The keys that a verifier trusts: PEM files, each with an optional YAML file beside it.

``lab.pem`` holds one certificate or one public key. A certificate is trusted itself, no chain is
built. ``lab.yaml`` may say more of it, all keys optional::

    name: Laboratory of Anytown      # else the certificate's subject, else the file's name
    not_before: 2026-01-01           # a date (that whole day, UTC) or a time with its zone
    not_after: 2027-12-31            # narrows what the certificate says, never widens it
    revoked: stolen in May 2027      # nothing that the key signed is believed, whenever
    revoked_from: 2027-05-01         # but what a time stamp shows to be older than this
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import BaseModel, ConfigDict, StrictStr, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from securesystemslib.signer import SSlibKey

from bench.bundle.errors import KeyFileError
from bench.bundle.keys import LARGEST_FILE, public_key

_ALWAYS = datetime.datetime.min.replace(tzinfo=datetime.UTC)
_NEVER = datetime.datetime.max.replace(tzinfo=datetime.UTC)
_DAY = datetime.timedelta(days=1)
_TICK = datetime.timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """A key, whose it is, and when it may sign; ``not_before`` and ``not_after`` are both
    inclusive, UTC. ``revoked`` is the reason, "" unless it was; ``revoked_from`` the time, ``None``
    where no time helps."""

    name: str
    key: SSlibKey
    not_before: datetime.datetime = _ALWAYS
    not_after: datetime.datetime = _NEVER
    revoked: str = ""
    revoked_from: datetime.datetime | None = None

    def objection(self, when: datetime.datetime, stamped: datetime.datetime | None = None) -> str:
        """Return why a signature of the time ``when`` is not believed, "" if it is.

        ``stamped`` is when a trusted authority saw it, ``None`` where none is known to have.
        """
        if self.revoked and not self._seen_before_revocation(stamped):
            return self._revocation(stamped)
        if when < self.not_before:
            return f"the key of {self.name} is not valid before {self.not_before.isoformat()}"
        if when > self.not_after:
            return f"the key of {self.name} expired: not valid after {self.not_after.isoformat()}"
        if stamped is not None and stamped > self.not_after:
            return (f"the key of {self.name} expired: not valid after "
                    f"{self.not_after.isoformat()}; the time stamp is of {stamped.isoformat()}, "
                    "too late to show that the signature is older")
        return ""

    def _seen_before_revocation(self, stamped: datetime.datetime | None) -> bool:
        return stamped is not None and self.revoked_from is not None \
            and stamped < self.revoked_from

    def _revocation(self, stamped: datetime.datetime | None) -> str:
        if self.revoked_from is None:
            return f"the key of {self.name} was revoked: {self.revoked}"
        seen = ("only a time stamp could show that the signature is older" if stamped is None else
                f"the time stamp is of {stamped.isoformat()}, too late to show that the signature "
                "is older")
        return (f"the key of {self.name} was revoked from {self.revoked_from.isoformat()}: "
                f"{self.revoked}; {seen}")


class TrustStore:
    """The trusted keys by their id."""

    def __init__(self, keys: Iterable[TrustedKey] = ()) -> None:
        self._keys = {trusted.key.keyid: trusted for trusted in keys}

    def __len__(self) -> int:
        return len(self._keys)

    def get(self, keyid: str) -> TrustedKey | None:
        """Return the key of that id, ``None`` where it is not trusted."""
        return self._keys.get(keyid)


def read_trust(paths: Iterable[Path]) -> TrustStore:
    """Read PEM files, and all ``*.pem`` of folders.

    Raises :class:`KeyFileError` for a file that holds no certificate or public key of ours, a
    validity that cannot be read or belongs to no key, a key that is there twice with different
    validities, and a folder without a PEM file: a revocation must not be passed over.
    """
    found: dict[str, TrustedKey] = {}
    for file in (file for path in paths for file in pem_files(path)):
        trusted = _read_entry(file)
        known = found.setdefault(trusted.key.keyid, trusted)
        if known != trusted:
            raise KeyFileError(f"{file}: the same key is trusted twice, with different validities "
                               f"or names ({known.name}, {trusted.name})")
    return TrustStore(found.values())


class _Beside(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: StrictStr = ""
    not_before: datetime.datetime | datetime.date | None = None
    not_after: datetime.datetime | datetime.date | None = None
    revoked: StrictStr = ""
    revoked_from: datetime.datetime | datetime.date | None = None


def pem_files(path: Path) -> Iterator[Path]:
    """Yield a file, or the ``*.pem`` of a folder."""
    if not path.is_dir():
        yield path
        return
    files = sorted(path.glob("*.pem"))
    if not files:
        raise KeyFileError(f"{path}: no *.pem file in this folder")
    for beside in sorted(path.glob("*.y*ml")):
        if beside.with_suffix(".pem") not in files:
            raise KeyFileError(f"{beside}: there is no {beside.stem}.pem that it could speak of")
    yield from files


def _read_entry(file: Path) -> TrustedKey:
    octets = read_octets(file)
    if file.with_suffix(".yml").exists():
        raise KeyFileError(f"{file.with_suffix('.yml')}: is not read; call it {file.stem}.yaml")
    said = _beside(file.with_suffix(".yaml"))
    name, first, last = file.stem, _ALWAYS, _NEVER
    try:
        if b"BEGIN CERTIFICATE" in octets:
            certificate = x509.load_pem_x509_certificate(octets)
            key = public_key(certificate.public_key(), file)
            name = certificate.subject.rfc4514_string() or name
            first = certificate.not_valid_before_utc
            last = certificate.not_valid_after_utc
        else:
            key = public_key(load_pem_public_key(octets), file)
    except (ValueError, UnsupportedAlgorithm):
        raise KeyFileError(f"{file}: no certificate and no public key in PEM form") from None
    if said.revoked_from and not said.revoked:
        raise KeyFileError(f"{file.with_suffix('.yaml')}: revoked_from without revoked: say why")
    return TrustedKey(
        said.name or name, key, max(first, _moment(said.not_before, _ALWAYS, file)),
        min(last, _moment(said.not_after, _NEVER, file, end=True)), said.revoked,
        _moment(said.revoked_from, _ALWAYS, file) if said.revoked_from else None)


def read_octets(file: Path) -> bytes:
    """Return what is in a file of keys; raises :class:`KeyFileError` where it cannot be read."""
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_FILE)
    except OSError as failure:
        raise KeyFileError(f"{file}: cannot be read: {failure.strerror}") from None


def _beside(file: Path) -> _Beside:
    if not file.exists():
        return _Beside()
    try:
        said = YAML(typ="safe", pure=True).load(read_octets(file))
        return _Beside() if said is None else _Beside.model_validate(said)
    except ValidationError as wrong:
        raise KeyFileError("\n".join(
            f"{file}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in wrong.errors())) from None
    except (YAMLError, UnicodeDecodeError) as wrong:
        raise KeyFileError(f"{file}: is not YAML") from wrong


def _moment(said: datetime.datetime | datetime.date | None, unsaid: datetime.datetime, file: Path,
            *, end: bool = False) -> datetime.datetime:
    if said is None:
        return unsaid
    if not isinstance(said, datetime.datetime):
        day = datetime.datetime.combine(said, datetime.time(), datetime.UTC)
        return day + _DAY - _TICK if end else day
    if said.tzinfo is None:
        raise KeyFileError(f"{file.with_suffix('.yaml')}: {said.isoformat()} has no time zone")
    return said
