"""Port ``gbcs`` from a recording: messages that a device once sent, played to whoever asks again.

The recording (:mod:`.recording_files`) is a set of GBCS messages. A command is known by its
message code, originator counter, originator and recipient; what comes back are the recorded
response and the alerts that tell the command's outcome (:mod:`.recording_index`), at once. What
the recording does not hold is silence, with the reason in the log and in ``unanswered``.

Left out: keys. Whether a command is authentic is not looked at, nor is anything remembered
between commands: a recorded command is answered as often as it is sent.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence

from bench.errors import LinkError, RemoteProtocolError, RigError
from bench.protocols.gbcs.message import Cra, Message, parse
from bench.resources import resolve
from devices.adapters.first_failure import FirstFailure
from devices.adapters.recording_files import read_recording
from devices.adapters.recording_index import Key, index
from devices.ports import Received, Reception

_LOG = logging.getLogger(__name__)
_NEAREST = 3  # commands that a reason names
_KINDS = {Cra.RESPONSE: "a response", Cra.ALERT: "an alert"}


class Recording:
    """A recording as a device.

    ``messages`` is its folder or manifest; ``select`` one pattern of file names or several, such
    as ``*_SUCCESS_*``, of which one must match (``/`` in a pattern: folders too); ``unprompted``
    whether the alerts that belong to no command come when the rig is opened. Raises
    :class:`RigError` for any other value, a file that holds no message, or two messages that
    differ and answer the same command.
    """

    provides = ("gbcs",)
    emulated = True
    recorded = True  # only what was recorded is answered: a question of today never is

    def __init__(self, *, messages: str, select: str | Sequence[str] = (),
                 unprompted: bool = False) -> None:
        if not isinstance(messages, str) or not messages:
            raise RigError(f"messages: expected a folder or a manifest, found {messages!r}")
        if not isinstance(unprompted, bool):
            raise RigError(f"unprompted: expected true or false, found {unprompted!r}")
        patterns = _patterns(select)
        held = index(read_recording(resolve(messages), patterns))
        self._place = messages
        self._answers = held.answers
        self._unprompted = held.unprompted if unprompted else ()
        self._to_come: deque[bytes] = deque()
        self._failure = FirstFailure()
        self._active = False
        self.unanswered = ""
        """Why the command sent last got no answer, empty if it got one."""

    @property
    def failure(self) -> LinkError | None:
        """What broke this adapter, None while it works."""
        return self._failure.error

    def activate(self) -> None:
        """Begin to play; a recording cannot break."""
        self._failure.check()
        self._to_come = deque(self._unprompted)
        self._active = True

    def deactivate(self) -> None:
        """Stop; what was not received is forgotten."""
        self._active = False

    def send(self, message: bytes) -> None:
        """Have what the recording holds for ``message`` come; silence where it holds nothing."""
        self._check()
        found, self.unanswered = self._look_up(message)
        if self.unanswered:
            _LOG.warning("recording %s: %s", self._place, self.unanswered)
        self._to_come.extend(found)

    def receive(self, timeout: float) -> Received:  # noqa: ARG002  nothing more can come later
        """Return the next message, or silence at once."""
        self._check()
        if not self._to_come:
            return Received(Reception.SILENCE)
        return Received(Reception.MESSAGE, self._to_come.popleft())

    def _check(self) -> None:
        self._failure.check()
        if not self._active:
            raise self._failure.remember(f"recording {self._place}: used while not active")

    def _look_up(self, octets: bytes) -> tuple[tuple[bytes, ...], str]:
        """Return what to play, and why there is nothing if so."""
        try:
            command = parse(octets)
        except RemoteProtocolError as wrong:
            return (), f"no GBCS message: {wrong}"
        if command.cra is not Cra.COMMAND or command.pre_command:
            return (), f"expected a command, found {_KINDS.get(command.cra, 'a pre-command')}"
        found = self._answers.get(Key.of(command))
        if found is None:
            return (), self._not_held(command)
        return found, "" if found else f"recorded without a response: {Key.of(command).text}"

    def _not_held(self, command: Message) -> str:
        key = Key.of(command)
        alike = sorted((one for one in self._answers if one.message_code == key.message_code),
                       key=lambda one: abs(one.originator_counter - key.originator_counter))
        nearest = "; ".join(one.text for one in alike[:_NEAREST])
        return (f"not recorded: {key.text}; "
                + (f"nearest: {nearest}" if nearest else "nothing with this code was"))


def _patterns(select: str | Sequence[str]) -> tuple[str, ...]:
    patterns = (select,) if isinstance(select, str) else tuple(select) if isinstance(
        select, list | tuple) else None
    if patterns is None or not all(isinstance(one, str) and one for one in patterns):
        raise RigError(f"select: expected a pattern of file names or a list of them, "
                       f"found {select!r}")
    return patterns
