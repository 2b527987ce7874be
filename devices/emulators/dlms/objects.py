"""The objects of one logical device, found by class and logical name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from bench.protocols.cosem.data import Data
from devices.emulators.dlms.interface import (
    CLASS_INCONSISTENT,
    OBJECT_UNDEFINED,
    Interface,
    Refused,
)
from devices.emulators.dlms.profile import Place


@dataclass(frozen=True, slots=True)
class Access:
    """Who may do what with an object.

    ``public``, ``reader`` and ``limited`` list it for associations with those rights, ``places``
    for those of these clients and logical devices; ``writes`` and ``acts`` are what the management
    association may write and invoke, ``reader_writes`` what the others may that are not public;
    ``hidden`` attributes are never read. What is ``elsewhere``, in another logical device, is
    served and not listed, which only a defect does.
    """

    public: bool = False
    reader: bool = True
    limited: bool = False
    places: frozenset[Place] = frozenset()
    writes: frozenset[int] = frozenset()
    acts: frozenset[int] = frozenset()
    reader_writes: frozenset[int] = frozenset()
    hidden: frozenset[int] = frozenset()
    elsewhere: bool = False


class Objects:
    """All objects by class and logical name, in the order of their listing."""

    def __init__(self) -> None:
        self._held: dict[tuple[int, bytes], tuple[Interface, Access]] = {}

    def __iter__(self) -> Iterator[Interface]:
        return (found for found, _ in self._held.values())

    def __len__(self) -> int:
        return len(self._held)

    def add(self, found: Interface, access: Access) -> None:
        """Add an object."""
        self._held[found.key] = found, access

    def lend(self, others: Objects) -> None:
        """Serve the objects of another logical device that this one does not have."""
        for found in others:
            self._held.setdefault(found.key, (found, Access(reader=False, elsewhere=True)))

    def access(self, key: tuple[int, bytes]) -> Access:
        """Return who may do what with an object that there is."""
        return self._held[key][1]

    def find(self, class_id: int, instance: bytes) -> Interface:
        """Return an object; Refused tells whether the name or the class is not known."""
        if entry := self._held.get((class_id, instance)):
            return entry[0]
        known = any(instance == name for _, name in self._held)
        raise Refused(CLASS_INCONSISTENT if known else OBJECT_UNDEFINED)

    def read(self, class_id: int, instance: bytes, index: int) -> Data:
        """Return the value of an attribute, for the device's own use."""
        found = self.find(class_id, instance)
        if index not in tuple(found.indices()):
            raise Refused(OBJECT_UNDEFINED)
        return found.get(index)

    def invoke(self, class_id: int, instance: bytes, index: int, parameter: Data) -> Data | None:
        """Carry out a method, for the device's own use."""
        found = self.find(class_id, instance)
        if index not in found.methods:
            raise Refused(OBJECT_UNDEFINED)
        return found.invoke(index, parameter)


Rows = Iterable[tuple[Data, ...]]
Supplier = Callable[[], Rows]
"""Gives rows of a profile when they are asked for."""
