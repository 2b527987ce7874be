"""The stimulus channel's calls: which port and method moves what of the device.

The names are those of :mod:`devices.ports`; ``identity`` is the emulator's own port, with which a
rig may make sure of what it talks to. Which calls there are is each device's own
(:meth:`~devices.emulators.gbcs.device.Device.calls`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bench.errors import BenchError, NotTestableHere
from devices.adapters.stimulus_channel import FAILED, NOT_TESTABLE, Reply, Request

Calls = Mapping[tuple[str, str], Callable[..., Any]]
"""Port and method -> what carries it out."""


class Stimuli:
    """The calls that one device takes."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def perform(self, request: Request) -> Reply:
        """Carry out one call; what goes wrong is in the reply."""
        call = self._calls.get((request.port, request.method))
        if call is None:
            return Reply(error=f"this device has no {request.port}.{request.method}",
                         kind=NOT_TESTABLE)
        try:
            return Reply(call(**request.arguments))
        except NotTestableHere as wrong:
            return Reply(error=str(wrong), kind=NOT_TESTABLE)
        except (BenchError, TypeError) as wrong:
            return Reply(error=f"{request.port}.{request.method}: {wrong}", kind=FAILED)
