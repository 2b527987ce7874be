"""The subject of a certificate: one exact firmware of one exact device.

Field forms follow the Certified Products List (reference: schemes.md, part 2).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Subject:
    """Maker, model and versions, as declared in a device profile.

    ``manufacturer_id`` is 4 and ``firmware_version`` 8 hexadecimal digits, ``image_hash`` a
    SHA-256 in 64 hexadecimal digits, all upper case; ``variant`` is an ESME variant letter code.
    """

    device_type: str
    manufacturer: str
    manufacturer_id: str
    model: str
    hardware_version: str
    firmware_version: str
    image_hash: str
    variant: str
