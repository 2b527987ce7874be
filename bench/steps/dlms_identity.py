"""Which firmware a DLMS meter runs: the check that comes before every run.

The object that ``ixit.dlms.firmware`` names is read in the association that it names.
"""

from __future__ import annotations

from bench.errors import RigError
from bench.steps.context import Context
from bench.steps.identity import Identity


def read_dlms_identity(context: Context) -> Identity:
    """Return what the device says its firmware is: the octets of the object, in hexadecimal.

    Raises LinkError if the way to the device broke.
    """
    where = context.ixit["dlms"]["firmware"]
    raise RigError(f"nothing in the bench reads {where['object']} yet")
