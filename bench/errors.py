"""The one tree of exceptions that cross a module's border.

::

    BenchError
    +-- PlanError            a test plan, requirement or baseline file is wrong
    +-- ProfileError         a device profile is wrong
    +-- RigError             a rig file is wrong, or the rig cannot do what is asked
    |   +-- NotTestableHere  the rig is sound but lacks the means (a port, the time)
    +-- LinkError            the way to the device broke: absent, busy, unplugged
    +-- LedgerError          evidence cannot be stored, or does not verify
    +-- RegisterError        the register of decisions refuses an entry
    +-- DocumentError        a document cannot be made, signed or read
    +-- Undecided            a step ends without a judgement, and says why
    |   +-- Inconclusive     it can be told neither that the device is right nor that it is wrong
    |   +-- Inapplicable     what the case is about is not there, or the device need not have it
    +-- ProtocolError
        +-- LocalProtocolError   we misused a codec: a fault of the bench
        +-- RemoteProtocolError  the device broke a rule: evidence for FAIL

This module imports nothing, so that every room, ``bench.protocols`` included, may use it.
"""

from __future__ import annotations


class BenchError(Exception):
    """Base of everything the bench raises on purpose; its text is fit for a user."""


class PlanError(BenchError):
    """A plan, requirement or baseline file is wrong; the text starts with ``file:line:``."""


class ProfileError(BenchError):
    """A device profile is wrong; the text starts with ``file:line:``."""


class RigError(BenchError):
    """A rig file is wrong or the rig cannot do what is asked of it."""


class NotTestableHere(RigError):  # noqa: N818  the disposition's own name
    """The rig is sound but lacks the means; the text says which, and the time it would need."""


class LinkError(BenchError):
    """The way to the device broke.

    ``octets`` holds what had arrived before that.
    """

    def __init__(self, message: str, octets: bytes = b"") -> None:
        super().__init__(message)
        self.octets = octets


class LedgerError(BenchError):
    """Evidence could not be stored, or stored evidence does not verify."""


class RegisterError(BenchError):
    """The register of decisions refuses an entry."""


class DocumentError(BenchError):
    """A report or certificate cannot be made, signed or read."""


class Undecided(BenchError):  # noqa: N818  no error: the step ends here
    """A step ends without a judgement; the text is the reason, and is what the report says."""


class Inconclusive(Undecided):
    """The step can tell neither that the device is right nor that it is wrong."""


class Inapplicable(Undecided):
    """What the case is about is not there, and the device need not have it."""


class ProtocolError(BenchError):
    """A protocol rule was broken, by us or by the other side."""


class LocalProtocolError(ProtocolError):
    """We asked a codec for something that its standard does not allow."""


class RemoteProtocolError(ProtocolError):
    """Received octets break a rule.

    ``offset`` counts octets from the start of the message; ``expected`` and ``found`` are
    short texts.
    """

    def __init__(self, offset: int, expected: str, found: str) -> None:
        super().__init__(f"octet {offset}: expected {expected}, found {found}")
        self.offset = offset
        self.expected = expected
        self.found = found
