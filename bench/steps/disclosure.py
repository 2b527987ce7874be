"""A disclosure as a step sees it: what the device said, and the octets that say so."""

from __future__ import annotations

from dataclasses import dataclass

from bench.records.disclosure import Disclosure
from bench.steps.vocabulary import Frame


@dataclass(frozen=True, slots=True)
class Disclosed:
    """What a device disclosed, with the frames of both directions as evidence."""

    said: Disclosure
    frames: tuple[Frame, ...] = ()
