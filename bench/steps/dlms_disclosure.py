"""What a DLMS meter lists: its object lists, association by association.

Rows have the columns of :data:`bench.plan.tables.DISCLOSED` but those that the runner adds.
"""

from __future__ import annotations

from bench.records.disclosure import Disclosure
from bench.steps.context import Context
from bench.steps.disclosure import Disclosed


def disclose(context: Context) -> Disclosed:
    """Return what the associations of ``ixit.dlms`` list; one failure for each that does not open.

    Raises LinkError if the way to the device broke.
    """
    associations = context.ixit["dlms"]["associations"]
    return Disclosed(Disclosure(failures=tuple(
        f"{name}: nothing in the bench reads an object list yet" for name in associations)))
