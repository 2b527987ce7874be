"""What a step is given: the rig's ports, the device's declaration, the remote parties' keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from bench.records.answers import Answers


class Lasting(Protocol):
    """What a port's steps keep for as long as the rig is open."""

    def hang_up(self) -> None:
        """End what is open with the device; called before the rig is given back."""

    def take(self) -> tuple[Any, ...]:
        """Return the frames that crossed the line and no observation has; they are given once."""


@dataclass(slots=True)
class Context:
    """One case's view of the world; made anew for every case, except the remote parties and what is
    ``lasting``, which are those of the open rig."""

    ports: Mapping[str, Any]  # port name -> adapter (devices.ports)
    answers: Answers
    parties: Any  # bench.steps.parties.RemoteParties
    clock: Callable[[], datetime]  # the bench's clock, UTC
    recordings: Path | None = None  # folder of the messages that `send_recorded` may send
    folder: Path = Path()  # of the profile, to which the files that it declares are relative
    launched: bool = False  # the rig runs the device itself: a line that drops is the rig's fault
    observations: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    sent: dict[str, Any] = field(default_factory=dict)  # step name -> what it sent, for a replay
    received: dict[str, tuple[bytes, ...]] = field(default_factory=dict)  # step name -> messages
    step_name: str = ""  # of the step now running
    place: tuple[str, int] = ("", 0)  # its phase and its index there
    dlms_keys: Any = None  # devices.dlms_keys.DlmsKeys, where a DLMS meter has keys
    explained: bool = True  # whether frames are read for people: where nobody will, it is left out
    lasting: dict[str, Lasting] = field(default_factory=dict)  # what outlives the case: counters

    @property
    def ixit(self) -> Mapping[str, Any]:
        """The extra information for testing."""
        return self.answers.ixit
