"""The rows of ``for_each``: tables in files, and tables that the protocols themselves define.

A table in code is a function without arguments, registered under the name that plans use. Its rows
hold plain JSON values, as those of a file do, and become part of each collected case. It imports
its codec when it is called: a plan that does not ask for it need not wait for it.

The rows of a disclosed table come from the device, at run time (:mod:`bench.runner.disclosure`).
What stands here is one row as it may come, by which plans are checked without a device.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

Row = dict[str, Any]

COMMAND, CRITICAL_COMMAND = "SME.C.", "SME.C.C"
"""Message categories (GBCS section 5): a command, and one that its sender must sign."""

TABLES: dict[str, Callable[[], list[Row]]] = {}
"""Tables in code by name."""

_ASSOCIATION: Row = {
    "association": "hls", "client": 48, "server": 1, "context": "ln-ciphered",
    "mechanism": "hls-gmac", "short_names": False, "class": 15, "version": 2,
}
_OBJECT: Row = {"association": "hls", "object": "8/0-0:1.0.0.255", "class": 8, "version": 0,
                "obis": "0-0:1.0.0.255", "name": "clock", "short_name": None, "rights": "listed"}
ADDED: Row = {"id": "hls.8.0-0.1.0.0.255", "declared": True, "declared_mode": "read, write"}
"""What the bench adds to each disclosed row: a part for the id of a case, whether the profile
declares the association or object, and with which rights."""

DISCLOSED: Mapping[str, Row] = {
    "disclosed_associations": {**_ASSOCIATION, **ADDED, "id": "hls", "declared_mode": ""},
    "disclosed_objects": {**_OBJECT, **ADDED, "declared_mode": ""},
    "disclosed_attributes": {
        **_OBJECT, "reference": "8/0-0:1.0.0.255/a2", "index": 2, "attribute": "time",
        "mode": "read, write", "type": "date-time", "readable": True, "writable": True,
        "varied": False, "untried": "", "selectors": [],
        **ADDED, "id": "hls.8.0-0.1.0.0.255.a2"},
    "disclosed_methods": {
        **_OBJECT, "reference": "8/0-0:1.0.0.255/m1", "index": 1, "method": "adjust_to_quarter",
        "mode": "access", "callable": True, **ADDED, "id": "hls.8.0-0.1.0.0.255.m1",
        "declared_mode": "access"},
}
"""Tables whose rows the device gives, by name, each with a row as it may come.

``association`` is its name in the profile; ``object`` is ``class/obis``, ``reference`` that with
``/a`` or ``/m`` and ``index``; ``name``, ``attribute`` and ``method`` are the standard's names, ""
where they are not known; ``short_name`` is None where there is none or it is not known. ``mode`` is
the right in words, as the device lists it, or as it is declared where the device lists none:
``rights`` is ``listed`` or ``declared``. ``type`` is the standard's name of the one type that an
attribute has, ``varied`` whether the write test may have another value for it, ``untried`` why it
is not written though it may be.
"""


def table(name: str) -> Callable[[Callable[[], list[Row]]], Callable[[], list[Row]]]:
    """Register the decorated function as the table ``name``."""

    def register(rows: Callable[[], list[Row]]) -> Callable[[], list[Row]]:
        TABLES[name] = rows
        return rows

    return register


@table("esme_use_cases")
def esme_use_cases() -> list[Row]:
    """Every command that GBCS defines for an ESME (GBCS 4.0, use case tables): ``id``, ``code``,
    ``title``, ``category``, ``critical``, ``access`` (read or update), ``replay_protected``,
    ``future_dateable``, ``roles`` (who may send it) and ``protocol``."""
    from bench.protocols.gbcs.use_cases import USE_CASES  # noqa: PLC0415  as above

    return [
        {
            "id": use_case.id,
            "code": use_case.code,
            "title": use_case.title,
            "category": use_case.category,
            "critical": use_case.category == CRITICAL_COMMAND,
            "access": use_case.access,
            "replay_protected": bool(use_case.replay_protected),
            "future_dateable": bool(use_case.future_dateable),
            "roles": list(use_case.roles),
            "protocol": use_case.protocol,
        }
        for use_case in USE_CASES.values()
        if "ESME" in use_case.target and use_case.category.startswith(COMMAND)
    ]


@table("remote_party_roles")
def remote_party_roles() -> list[Row]:
    """Every role that a remote party may have: ``role`` as plans write it, ``code`` (GBCS)."""
    from bench.steps.parties import ROLES  # noqa: PLC0415  as above

    return [{"role": name, "code": int(role)} for name, role in ROLES.items()]


@table("mutations")
def mutations() -> list[Row]:
    """Every way in which the bench can make a message wrong: ``name``, ``field`` (what it
    changes), ``kind`` (how), ``resealed`` (whether MAC and signature are made anew over the wrong
    field), ``caught_by`` (the check that should refuse it)."""
    from bench.protocols.gbcs.mutation import MUTATIONS  # noqa: PLC0415  as above

    return [asdict(mutation) for mutation in MUTATIONS.values()]
