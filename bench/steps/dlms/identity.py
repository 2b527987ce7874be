"""Which firmware a DLMS meter runs: the check that comes before every run.

The attribute that ``ixit.dlms.firmware`` names is read in the association that it names.
"""

from __future__ import annotations

from bench.errors import Inconclusive
from bench.steps.context import Context
from bench.steps.dlms.addressing import read_attribute
from bench.steps.dlms.associating import ACCEPTED, open_association
from bench.steps.dlms.carriers import LONGEST_WAIT
from bench.steps.dlms.dialogue import Dialogue, dialogue_of
from bench.steps.dlms.references import attribute
from bench.steps.dlms.services import result_name
from bench.steps.identity import Identity


def read_dlms_identity(context: Context) -> Identity:
    """Return what the device says its firmware is: the octets of the attribute, in hexadecimal.

    Raises LinkError if the way to the device broke.
    """
    dialogue = dialogue_of(context)
    outcome, found = firmware_held(context, dialogue)
    return Identity(found, outcome, dialogue.evidence.take())


def firmware_held(context: Context, dialogue: Dialogue) -> tuple[str, str]:
    """Return how the read of the declared attribute went, in the association that the profile
    names for it, and the octets of what was read, in hexadecimal, those of a text likewise."""
    where = dialogue.declared["firmware"]
    association, reference = where["association"], attribute(where["object"])
    outcome = reach(context, dialogue, association)
    if outcome != ACCEPTED:
        return outcome, ""
    try:
        ran = read_attribute(dialogue, reference)
    except Inconclusive as told:
        return str(told), ""
    if ran.value is None:
        return ran.kind, ""
    if ran.value.data is None:
        return result_name(ran.value), ""
    value = ran.value.data.value
    octets = value.encode() if isinstance(value, str) else value
    return "success", octets.hex().upper() if isinstance(octets, bytes) else str(octets)


def reach(context: Context, dialogue: Dialogue, association: str,
          patience: float = LONGEST_WAIT) -> str:
    """Connect anew, calling for ``patience`` seconds at most, and open an association; return how
    far that came."""
    opening = dialogue.connect(association, patience=patience)
    if opening.outcome not in ("ua", "connected"):
        return opening.outcome
    return open_association(dialogue, association, context.clock()).outcome
