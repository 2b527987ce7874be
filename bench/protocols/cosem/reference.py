"""References to what a COSEM object holds: attributes, methods, and a selection of an attribute.

The descriptors of IEC 62056-5-3 in logical name referencing. Attribute 0 stands for all attributes
of the object. Objects by short names have no record: an address is an ``int``.
"""

from __future__ import annotations

from typing import NamedTuple

from bench.protocols.cosem import obis
from bench.protocols.cosem.values import Data


class Attribute(NamedTuple):
    """``class_id`` is 0..65,535, ``instance`` the six octets of the logical name, index 0..255."""

    class_id: int
    instance: bytes
    index: int  # type: ignore[assignment]  # the standard's word; tuple.index is of no use here

    @property
    def text(self) -> str:
        """Return ``class/obis/aN``, the name of the value everywhere else."""
        return f"{self.class_id}/{obis.text(self.instance)}/a{self.index}"


class Method(NamedTuple):
    """``class_id`` is 0..65,535, ``instance`` the six octets of the logical name, index 0..255."""

    class_id: int
    instance: bytes
    index: int  # type: ignore[assignment]  # as above

    @property
    def text(self) -> str:
        """Return ``class/obis/mN``, the name of the method everywhere else."""
        return f"{self.class_id}/{obis.text(self.instance)}/m{self.index}"


class Selection(NamedTuple):
    """A part of an attribute: what ``selector`` (0..255) means is the class's affair."""

    selector: int
    parameters: Data
