"""What earlier messages of a conversation tell of a later one.

An answer does not say which attribute it gives: its request did, by the same invoke id. Blocks and
segments make sense together only; system titles and dedicated keys are told once, in the
association; scaler and unit of a value stand in another attribute.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from bench.protocols.cosem.classes.types import Structure
from bench.protocols.cosem.reference import Attribute, Method

Reference = Attribute | Method


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asked for; ``listed`` where it was a list."""

    references: tuple[Reference, ...] = ()
    listed: bool = False


@dataclass(slots=True)
class Memory:
    """One conversation between a client and a server."""

    versions: dict[tuple[int, bytes], int] = field(default_factory=dict)
    rows: dict[bytes, Structure] = field(default_factory=dict)  # of profiles, by instance
    asked: dict[int, Asked] = field(default_factory=dict)  # by invoke id
    blocks: dict[tuple[str, int], bytearray] = field(default_factory=dict)  # by service and id
    scalers: dict[tuple[int, bytes], tuple[int, int]] = field(default_factory=dict)
    client_title: bytes = b""
    server_title: bytes = b""
    dedicated: bytes | None = field(default=None, repr=False)
    mechanism: int = 0

    def forget_association(self) -> None:
        """Forget what belongs to one association, as another one is asked for."""
        self.client_title = self.server_title = b""
        self.dedicated, self.mechanism = None, 0
        self.asked.clear()
        self.blocks.clear()

    def version(self, reference: Reference | None) -> int | None:
        """Return the version of the class of an object, where the object list told it."""
        if reference is None:
            return None
        return self.versions.get((reference.class_id, reference.instance))

    def join(self, service: str, invoke: int, number: int, raw: bytes, *, last: bool
             ) -> bytes | None:
        """Keep a block; return all of them once the last is there, if the first was seen."""
        key = (service, invoke)
        if number <= 1:
            self.blocks[key] = bytearray()
        held = self.blocks.get(key)
        if held is None:
            return None
        held += raw
        return bytes(self.blocks.pop(key)) if last else None
