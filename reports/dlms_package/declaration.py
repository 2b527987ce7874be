"""``declaration.yaml``: what the maker declared (the CTI), as the frozen plan has it, and beside it
what the device disclosed and where the two differ.

Of the section ``dlms`` only what is listed here goes in, and of keys only the names of their sets:
no key is in a plan, and where keys lie is nobody's business but the laboratory's.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode
from ruamel.yaml.representer import SafeRepresenter

from bench.bundle.contents import without_secrets
from bench.errors import LedgerError
from bench.records.event import Event
from bench.records.run import FrozenPlan
from bench.records.serial import to_json
from reports.dlms_package.disclosed import NOT_ASKED, Lists, differences, disclosed, rights

Plain = Mapping[str, Any]

IDENTITY = ("flag_id", "logical_device_name", "type", "serial_number", "firmware")
ASSOCIATION = ("client", "server", "context", "mechanism", "conformance", "max_pdu", "suite",
               "policy")
ELSEWHERE = ("dlms", "keys")
"""Items of the IXIT that do not stand among the others."""

_HEAD = """\
# The maker's declaration as it was when the run began, and what the device disclosed.
# Keys: names of their sets only.
"""


def declaration_yaml(plan: FrozenPlan, events: Iterable[Event]) -> str:
    """Return the document; ``events`` are in ledger order.

    Raises :class:`~bench.errors.LedgerError` for a ledger of another form.
    """
    try:
        return _HEAD + _yaml(_document(plan, events))
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise LedgerError("the declaration or the disclosure in the ledger has another form: "
                          f"{type(wrong).__name__} {wrong}") from wrong


def _document(plan: FrozenPlan, events: Iterable[Event]) -> Plain:
    answers = plan.answers
    found = disclosed(events)
    dlms: Plain = to_json(answers.ixit["dlms"])
    return {
        "subject": to_json(plan.subject),
        "ics": to_json(answers.ics),
        "dlms": dict(_declared(plan.subject.manufacturer, dlms)),
        "ixit": without_secrets({name: value for name, value in to_json(answers.ixit).items()
                                 if name not in ELSEWHERE}),
        "tested_over": plan.rig.get("link", ""),
        "disclosed": {"firmware": found.firmware, "failures": found.failures,
                      "associations_without_rights": found.without_rights,
                      "objects": _lists(found.objects)},
        "differences": differences(dlms, found),
    }


def _lists(objects: Lists | None) -> Any:
    if objects is None:
        return NOT_ASKED
    return {name: [_object({"object": key, **one}) for key, one in listed.items()]
            for name, listed in objects.items()}


def _declared(maker: str, dlms: Plain) -> Iterator[tuple[str, Any]]:
    yield "maker", maker
    for name in IDENTITY:
        yield name, dlms.get(name)
    associations: Plain = dlms.get("associations", {})
    yield "logical_devices", list(_logical_devices(dlms, associations))
    yield "associations", {name: _association(one) for name, one in associations.items()}
    yield "profile_parameters", dlms.get("link", {})
    yield "accepts", dlms.get("accepts", {})
    yield "images", dlms.get("images", {})
    yield "do_not_test", dlms.get("do_not_test", [])


def _logical_devices(dlms: Plain, associations: Plain) -> Iterator[Plain]:
    names = {one["server"]: {"name": one["name"]} for one in dlms.get("logical_devices", ())}
    for server in sorted({*names, *(one["server"] for one in associations.values())}):
        yield {"server": server, **names.get(server, {}), "associations": [
            name for name, one in associations.items() if one["server"] == server]}


def _association(one: Plain) -> Plain:
    return {**{name: one.get(name) for name in ASSOCIATION},
            "key_set": one.get("keys"),
            "objects": [_object(item) for item in one.get("objects", ())]}


def _object(one: Plain) -> Plain:
    return _OneLine(object=one["object"], version=one["version"],
                    attributes=rights(one["attributes"]), methods=rights(one["methods"]))


class _OneLine(dict[str, Any]):
    """A mapping that is written on one line."""


class _Representer(SafeRepresenter):
    """Writes a value that occurs twice out twice: anchors and aliases are hard to read."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  as the library asks
        return True

    def one_line(self, data: _OneLine) -> MappingNode:
        return self.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)


_Representer.add_representer(_OneLine, _Representer.one_line)


def _yaml(document: Plain) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.Representer = _Representer
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # by its default
    yaml.default_flow_style = False
    yaml.width = sys.maxsize
    stream = io.StringIO()
    yaml.dump(document, stream)
    return stream.getvalue()
