"""The rows of ``for_each``: tables in files, and tables that the protocols themselves define.

A table in code is a function without arguments, registered under the name that plans use. Its rows
hold plain JSON values, as those of a file do, and become part of each collected case. It imports
its codec when it is called: a plan that does not ask for it need not wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

Row = dict[str, Any]

COMMAND, CRITICAL_COMMAND = "SME.C.", "SME.C.C"
"""Message categories (GBCS section 5): a command, and one that its sender must sign."""

TABLES: dict[str, Callable[[], list[Row]]] = {}
"""Tables in code by name."""


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
