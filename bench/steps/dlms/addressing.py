"""One attribute of the open association, by the name that the association has for it.

That is its logical name, or in an association by short names its short name: the base name that
the object list gives the object, and 8 more for each index above 1 (IEC 62056-6-2). What reads and
writes attributes need not know which of the two there are.
"""

from __future__ import annotations

from bench.errors import Inconclusive
from bench.protocols.cosem import classes
from bench.protocols.cosem.classes import InterfaceClass, ObjectList
from bench.protocols.cosem.data import Data
from bench.protocols.cosem.reference import Attribute, Selection
from bench.protocols.dlms.apdu import ParameterizedAccess, Variable
from bench.protocols.dlms.apdu.initiate import VAA_NAME_SN
from bench.protocols.dlms.association import SHORT_NAMES
from bench.protocols.dlms.result import Result
from bench.steps.dlms.dialogue import Dialogue, Ran, ask

NOT_LISTED = "not-listed"
"""How reading or writing ends where the object list gives an object no short name."""

_OBJECT_LIST, _ACCESS_RIGHTS = 2, 3  # attributes of class 12


def by_short_names(dialogue: Dialogue) -> bool:
    """Return whether what is open is an association by short names."""
    return dialogue.client is not None and dialogue.client.parameters.context in SHORT_NAMES


def read_attribute(dialogue: Dialogue, reference: Attribute,
                   selection: Selection | None = None) -> Ran[Result]:
    """Read one attribute, or the part of it that is selected.

    Raises Inconclusive where it has a short name and the object list cannot be read.
    """
    if not by_short_names(dialogue):
        return ask(dialogue, lambda client: client.get(reference, selection))
    address = short_name(dialogue, reference)
    return Ran(NOT_LISTED) if address is None else read_address(dialogue, address, selection)


def write_attribute(dialogue: Dialogue, reference: Attribute, value: Data,
                    block_octets: int | None = None) -> Ran[Result]:
    """Write one attribute, in blocks of so many octets where it says so; raises as reading does."""
    if not by_short_names(dialogue):
        return ask(dialogue, lambda client: client.set(
            reference, value, block_octets=block_octets))
    address = short_name(dialogue, reference)
    return Ran(NOT_LISTED) if address is None else write_address(
        dialogue, address, value, block_octets)


def read_address(dialogue: Dialogue, address: int,
                 selection: Selection | None = None) -> Ran[Result]:
    """Read what is at a short name."""
    wanted = Variable(address) if selection is None else ParameterizedAccess(
        address, selection.selector, selection.parameters)
    return _first(ask(dialogue, lambda client: client.read((wanted,))))


def write_address(dialogue: Dialogue, address: int, value: Data,
                  block_octets: int | None = None) -> Ran[Result]:
    """Write what is at a short name."""
    return _first(ask(dialogue, lambda client: client.write(
        (Variable(address),), (value,), block_octets=block_octets)))


def short_name(dialogue: Dialogue, reference: Attribute) -> int | None:
    """Return the short name of an attribute; None where its object is not listed.

    Raises Inconclusive if the object list of the open association cannot be read.
    """
    if dialogue.association not in dialogue.base_names:
        ran, _ = read_short_name_list(dialogue)
        if ran.value is None or ran.value.data is None:
            raise Inconclusive("the object list cannot be read, so no short name is known")
    base = dialogue.base_names[dialogue.association].get(reference[:2])
    if base is None or reference.index < 1:
        return None
    return base + InterfaceClass.attribute_offset(reference.index)


def read_short_name_list(dialogue: Dialogue) -> tuple[Ran[Result], ObjectList]:
    """Return what came of reading the object list of the open association, and what is in it; the
    dialogue knows the base names from then on."""
    ran = _of_association(dialogue, _OBJECT_LIST)
    if ran.value is None or ran.value.data is None:
        return ran, ObjectList((), ())
    found = classes.read_short_name_list(ran.value.data)
    dialogue.base_names[dialogue.association] = {
        (one.class_id, one.instance): one.base_name or 0 for one in found.objects}
    return ran, found


def read_access_rights(dialogue: Dialogue) -> Data | None:
    """Return the access rights list of the open association, None where it gives none."""
    ran = _of_association(dialogue, _ACCESS_RIGHTS)
    return None if ran.value is None else ran.value.data


def association_name(dialogue: Dialogue) -> int:
    """Return the base name of the open association's own object, as the server gave it."""
    return VAA_NAME_SN if dialogue.client is None else dialogue.client.base_name


def _of_association(dialogue: Dialogue, index: int) -> Ran[Result]:
    return read_address(dialogue,
                        association_name(dialogue) + InterfaceClass.attribute_offset(index))


def _first(ran: Ran[tuple[Result, ...]]) -> Ran[Result]:
    return Ran(ran.kind, ran.value[0] if ran.value else None, ran.text)
