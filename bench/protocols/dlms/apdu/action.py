"""The ACTION service in logical name referencing (IEC 62056-5-3, Action-Request, Action-Response).

The raw data of blocks, joined, are the encoded parameter or list of parameters on the way to the
device, and the encoded outcome or list of outcomes on the way back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from bench.protocols.cosem.data import Data
from bench.protocols.cosem.reference import Method
from bench.protocols.dlms.apdu.fields import (
    CODE,
    DATA,
    FLAG,
    METHOD,
    OCTETS,
    RESULT,
    U8,
    U32,
    Refused,
    optional,
    parts,
    sequence_of,
)
from bench.protocols.dlms.apdu.form import Form, Service


class ActionOutcome(NamedTuple):
    """An action-result, 0 is success, and what the method returned, if anything."""

    code: int
    returned: Data | Refused | None = None


METHODS = sequence_of(METHOD)
PARAMETERS = sequence_of(DATA)
OUTCOME = parts(ActionOutcome, CODE, optional(RESULT))
OUTCOMES = sequence_of(OUTCOME)


@dataclass(frozen=True, slots=True)
class ActionRequestNormal(Service):
    """Invokes one method."""

    invoke: int
    method: Method
    parameter: Data | None = None

    form = Form("C3 01", U8, METHOD, optional(DATA))


@dataclass(frozen=True, slots=True)
class ActionRequestNextPblock(Service):
    """Asks for the block behind block ``number`` of the answer."""

    invoke: int
    number: int

    form = Form("C3 02", U8, U32)


@dataclass(frozen=True, slots=True)
class ActionRequestWithList(Service):
    """Invokes several methods, with as many parameters: null where a method takes none."""

    invoke: int
    methods: tuple[Method, ...]
    parameters: tuple[Data, ...]

    form = Form("C3 03", U8, METHODS, PARAMETERS)


@dataclass(frozen=True, slots=True)
class ActionRequestWithFirstPblock(Service):
    """Starts to give the parameter of one method in blocks; ``number`` is 1."""

    invoke: int
    method: Method
    last: bool
    number: int
    raw: bytes

    form = Form("C3 04", U8, METHOD, FLAG, U32, OCTETS)


@dataclass(frozen=True, slots=True)
class ActionRequestWithListAndFirstPblock(Service):
    """Starts to give the parameters of several methods in blocks."""

    invoke: int
    methods: tuple[Method, ...]
    last: bool
    number: int
    raw: bytes

    form = Form("C3 05", U8, METHODS, FLAG, U32, OCTETS)


@dataclass(frozen=True, slots=True)
class ActionRequestWithPblock(Service):
    """Goes on with block ``number``."""

    invoke: int
    last: bool
    number: int
    raw: bytes

    form = Form("C3 06", U8, FLAG, U32, OCTETS)


@dataclass(frozen=True, slots=True)
class ActionResponseNormal(Service):
    """Answers the invocation of one method; ``code`` is an action-result."""

    invoke: int
    code: int
    returned: Data | Refused | None = None

    form = Form("C7 01", U8, CODE, optional(RESULT))


@dataclass(frozen=True, slots=True)
class ActionResponseWithPblock(Service):
    """Gives block ``number`` of an answer."""

    invoke: int
    last: bool
    number: int
    raw: bytes

    form = Form("C7 02", U8, FLAG, U32, OCTETS)


@dataclass(frozen=True, slots=True)
class ActionResponseWithList(Service):
    """Gives one outcome for each method."""

    invoke: int
    outcomes: tuple[ActionOutcome, ...]

    form = Form("C7 03", U8, OUTCOMES)


@dataclass(frozen=True, slots=True)
class ActionResponseNextPblock(Service):
    """Acknowledges block ``number`` of the parameters, which was not the last."""

    invoke: int
    number: int

    form = Form("C7 04", U8, U32)
