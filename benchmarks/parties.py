"""A private key folder for the time of one benchmark, and messages of its parties."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.errors import LocalProtocolError
from bench.protocols.gbcs.commands import build_command
from bench.protocols.gbcs.keys import KeyStore
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.protection import protect
from bench.protocols.gbcs.use_cases import USE_CASES
from devices import pki

FIRST_COUNTER = 1000


@dataclass(slots=True)
class Correspondence:
    """All keys of a test PKI, and a counter that rises with each message."""

    folder: Path
    keys: KeyStore
    named: Mapping[str, bytes]
    counter: int = field(default=FIRST_COUNTER)

    @property
    def device(self) -> bytes:
        """The meter's EUI-64."""
        return self.named[pki.DEVICE]

    def command(self, use_case: str) -> Message:
        """Return the next command of ``use_case``, sent and protected by the supplier."""
        self.counter += 1
        supplier = self.named["supplier"]
        request = build_command(use_case, counter=self.counter, originator=supplier,
                                recipient=self.device)
        code = USE_CASES[use_case].code
        return protect(Message(Cra.COMMAND, self.counter, supplier, self.device, code,
                               request.encode()), self.keys)

    def response(self, use_case: str, payload: bytes) -> Message:
        """Return the meter's protected response to the supplier with ``payload``."""
        self.counter += 1
        return protect(Message(Cra.RESPONSE, self.counter, self.device, self.named["supplier"],
                               USE_CASES[use_case].code, payload), self.keys)


@contextmanager
def correspondence() -> Iterator[Correspondence]:
    """Make the keys, and remove them afterwards."""
    with tempfile.TemporaryDirectory(prefix="smip-bench-benchmark-") as made:
        folder = Path(made) / "keys"
        pki.init(folder)
        yield Correspondence(folder, KeyStore.load(folder, strict=True), pki.read_parties(folder))


def dlms_use_cases(category: str = "") -> Iterator[str]:
    """Yield the use cases whose commands have a DLMS payload, of one category if given."""
    for name, use_case in USE_CASES.items():
        if category in ("", use_case.category):
            try:
                build_command(name)
            except LocalProtocolError:
                continue
            yield name
