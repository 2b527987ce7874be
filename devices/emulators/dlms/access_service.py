"""The ACCESS service (IEC 62056-5-3): a list of reads, writes and invocations in one request.

All elements are carried out, in order, whatever becomes of the others.
"""

from __future__ import annotations

from bench.protocols.cosem.access import (
    NULL,
    AccessRequest,
    AccessResponse,
    AccessResult,
    AccessSpecification,
    Choice,
)
from bench.protocols.cosem.data import Data
from bench.protocols.cosem.reference import Selection
from devices.emulators.dlms.execution import View
from devices.emulators.dlms.interface import Refused

_READS = (Choice.GET, Choice.GET_WITH_SELECTION)
_WRITES = (Choice.SET, Choice.SET_WITH_SELECTION)


def answer(view: View, request: AccessRequest) -> AccessResponse:
    """Carry out a request."""
    done = [_perform(view, *one)
            for one in zip(request.specifications, request.data, strict=True)]
    results = tuple(AccessResult(one.choice, code) for one, (_, code) in
                    zip(request.specifications, done, strict=True))
    return AccessResponse(request.long_invoke_id, b"", (), tuple(data for data, _ in done), results)


def _perform(view: View, one: AccessSpecification, data: Data) -> tuple[Data, int]:
    place = one.class_id, one.instance, one.index
    selection = None if one.selector is None or one.parameters is None \
        else Selection(one.selector, one.parameters)
    try:
        if one.choice in _READS:
            return view.get(*place, selection), 0
        if one.choice in _WRITES:
            view.set(*place, data, selection)
            return NULL, 0
        return view.act(*place, data) or NULL, 0
    except Refused as refused:
        return NULL, refused.result
