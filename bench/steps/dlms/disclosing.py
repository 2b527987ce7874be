"""What a DLMS meter lists: its object lists, association by association.

Rows have the columns of :data:`bench.plan.tables.DISCLOSED` but those that the runner adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.protocols.cosem import classes, obis, obis_names
from bench.protocols.cosem.classes import AttributeMode, InterfaceClass, ListedObject, MethodMode
from bench.protocols.cosem.reference import Attribute
from bench.records.disclosure import Disclosure
from bench.steps.context import Context
from bench.steps.disclosure import Disclosed
from bench.steps.dlms.associating import ACCEPTED, release_association
from bench.steps.dlms.dialogue import dialogue_of
from bench.steps.dlms.identity import reach
from bench.steps.dlms.objects import Listing, name_of, read_list, type_name
from bench.steps.dlms.services import name_of_result
from bench.steps.dlms.variations import is_varied
from bench.steps.dlms.writing import untried

Row = Mapping[str, Any]


def disclose(context: Context) -> Disclosed:
    """Return what the associations of ``ixit.dlms`` list; one failure for each that does not say.

    Raises LinkError if the way to the device broke.
    """
    dialogue = dialogue_of(context)
    failures: list[str] = []
    listed: dict[str, Listing] = {}
    for name in dialogue.declared["associations"]:
        outcome = reach(context, dialogue, name)
        if outcome != ACCEPTED:
            failures.append(f"{name}: the association does not open ({outcome})")
            continue
        listing = read_list(dialogue)
        ran = listing.ran
        if ran.value is None or ran.value.data is None:
            told = ran.text or name_of_result(ran)
            failures.append(f"{name}: the object list is not read ({told})")
        else:
            listed[name] = listing
            failures += [f"{name}: object list{misfit.text}" for misfit in listing.found.misfits]
        release_association(dialogue)
    dialogue.hang_up()
    declared = dialogue.declared["associations"]
    return Disclosed(Disclosure({
        "disclosed_associations": tuple(
            _association(declared[name], listing) for name, listing in listed.items()),
        "disclosed_objects": _rows(listed, _itself),
        "disclosed_attributes": _rows(listed, _attributes),
        "disclosed_methods": _rows(listed, _methods),
    }, tuple(failures)), dialogue.evidence.take())


def _association(declared: Row, listing: Listing) -> Row:
    return {"association": declared["name"], "class": listing.class_id, "version": listing.version,
            **{name: declared[name] for name in
               ("client", "server", "context", "mechanism", "short_names")}}


def _rows(listed: Mapping[str, Listing], members: Any) -> tuple[Row, ...]:
    return tuple({**_object(association, one), "rights": listing.rights, **member}
                 for association, listing in listed.items() for one in listing.found.objects
                 for member in members(one))


def _object(association: str, one: ListedObject) -> Row:
    return {"association": association, "object": name_of(one), "class": one.class_id,
            "version": one.version, "obis": obis.text(one.instance),
            "name": obis_names.name(one.instance) or "", "short_name": one.base_name}


def _itself(_: ListedObject) -> Iterator[Row]:
    yield {}


def _attributes(one: ListedObject) -> Iterator[Row]:
    declared = classes.interface_class(one.class_id, one.version)
    for index, access in sorted(one.attribute_access.items()):
        known = declared.attribute(index) if declared else None
        yield {"reference": f"{name_of(one)}/a{index}", "index": index,
               "short_name": _behind(one, InterfaceClass.attribute_offset(index)),
               "attribute": known.name if known else "",
               "type": type_name(known.type) if known else "",
               "varied": is_varied(Attribute(one.class_id, one.instance, index)),
               "mode": classes.mode_text(access.mode),
               "readable": bool(access.mode & AttributeMode.READ),
               "writable": bool(access.mode & AttributeMode.WRITE),
               "untried": untried(one.class_id,
                                  readable=bool(access.mode & AttributeMode.READ)),
               "selectors": list(access.selectors or ())}


def _methods(one: ListedObject) -> Iterator[Row]:
    declared = classes.interface_class(one.class_id, one.version)
    for index, mode in sorted(one.method_access.items()):
        known = declared.method(index) if declared else None
        yield {"reference": f"{name_of(one)}/m{index}", "index": index,
               "short_name": _behind(one, declared.method_offset(index) if declared else None),
               "method": known.name if known else "", "mode": classes.mode_text(mode),
               "callable": bool(mode & MethodMode.ACCESS)}


def _behind(one: ListedObject, offset: int | None) -> int | None:
    """Return the short name that lies ``offset`` behind that of the object, None where it has none
    or the offset is not known."""
    return None if one.base_name is None or offset is None else one.base_name + offset
