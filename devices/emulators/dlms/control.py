"""The supply: disconnect control, limiter and arbitrator (classes 70, 71, 68 of IEC 62056-6-2)."""

from __future__ import annotations

import enum
from typing import Any

from bench.protocols.cosem.data import Data, Tag
from devices.emulators.dlms import instants
from devices.emulators.dlms.interface import (
    NEVER,
    OTHER_REASON,
    TYPE_UNMATCHED,
    Interface,
    Refused,
)
from devices.emulators.dlms.metering import Metering, Timekeeper
from devices.emulators.dlms.objects import Objects
from devices.emulators.dlms.schedules import run_script
from devices.emulators.gbcs.faults import NONE, Faults


class State(enum.IntEnum):
    """The control states of class 70."""

    DISCONNECTED = 0
    CONNECTED = 1
    READY = 2


_DIRECT = (2, 4)  # control modes in which a remote reconnection needs no hand
_MANUAL_DISCONNECTION = (1, 2, 5)
_LOCAL_RECONNECTION = (5, 6)


class DisconnectControl(Interface):
    """Class 70: the state machine of the switch; mode 0 is always connected."""

    CLASS_ID = 70
    ATTRIBUTES = (("output_state", "bool"), ("control_state", "enum 0..2"),
                  ("control_mode", "enum 0..6"))
    METHODS = (("remote_disconnect", "i8"), ("remote_reconnect", "i8"))

    def __init__(self, code: str, metering: Metering, *, control_mode: int,
                 faults: Faults = NONE) -> None:
        super().__init__(code, control_mode=control_mode)
        self._metering, self._faults = metering, faults
        self._state = State.CONNECTED

    def read_output_state(self) -> Data:
        """Return whether the supply is connected."""
        return Data(Tag.BOOLEAN, self._metering.closed)

    def read_control_state(self) -> Data:
        """Return the state."""
        out_of_range = "enumeration-out-of-range" in self._faults
        return Data(Tag.ENUM, 7 if out_of_range else int(self._state))

    def write_control_mode(self, value: Data) -> None:
        """Change the mode; mode 0 connects."""
        self.store("control_mode", value)
        if value.value == 0:
            self._go(State.CONNECTED)

    def do_remote_disconnect(self, _parameter: Data) -> None:
        """Disconnect (transitions b, c)."""
        self._leave(State.DISCONNECTED)

    def do_remote_reconnect(self, _parameter: Data) -> None:
        """Reconnect, or make ready for it (a, d)."""
        if self._state == State.DISCONNECTED:
            self._go(State.CONNECTED if self._mode in _DIRECT else State.READY)

    def disconnect_locally(self) -> None:
        """Make ready for reconnection, as a limiter or the end of credit does (g)."""
        if self._state == State.CONNECTED:
            self._leave(State.READY)

    def reconnect_locally(self) -> None:
        """Reconnect without a hand, where the mode allows it (h)."""
        if self._state == State.READY and self._mode in _LOCAL_RECONNECTION:
            self._go(State.CONNECTED)

    def press(self) -> None:
        """Operate the button: reconnect if ready (e), else disconnect where the mode allows it."""
        if self._state == State.READY:
            self._go(State.CONNECTED)
        elif self._state == State.CONNECTED and self._mode in _MANUAL_DISCONNECTION:
            self._go(State.READY)

    @property
    def _mode(self) -> int:
        return self.number("control_mode")

    def _leave(self, state: State) -> None:
        if self._mode == 0:
            raise Refused(OTHER_REASON)
        self._go(state)

    def _go(self, state: State) -> None:
        self._state = state
        self._metering.closed = state == State.CONNECTED


def monitor(objects: Objects, value: Data) -> None:
    """Refuse a value definition that names no number; all zero stands for none."""
    class_id, instance, index = (part.value for part in value.value)
    if class_id and not isinstance(objects.read(class_id, instance, index).value, int):
        raise Refused(OTHER_REASON)


_ACTIONS = "{{os(6),u16},{os(6),u16}}"


class Limiter(Interface):
    """Class 71: runs a script when a value has been above, or below, a threshold for a while."""

    CLASS_ID = 71
    ATTRIBUTES = (
        ("monitored_value", "{u16,os(6),i8}"), ("threshold_active", "u32"),
        ("threshold_normal", "u32"), ("threshold_emergency", "u32"),
        ("min_over_threshold_duration", "u32"), ("min_under_threshold_duration", "u32"),
        ("emergency_profile", "{u16,os(12),u32}"), ("emergency_profile_group_id_list", "[0..8]u16"),
        ("emergency_profile_active", "bool"), ("actions", _ACTIONS))

    def __init__(self, code: str, time: Timekeeper, objects: Objects, **values: Any) -> None:
        super().__init__(code, **values)
        self._time, self._objects = time, objects
        self._above: bool | None = None
        self._since = time.now
        self._acted = True

    def write_monitored_value(self, value: Data) -> None:
        """Monitor another attribute, which must be there, or nothing (all zero)."""
        monitor(self._objects, value)
        self.store("monitored_value", value)
        self._above, self._acted = None, True

    def read_threshold_active(self) -> Data:
        """Return the threshold that counts now."""
        emergency = self.read_emergency_profile_active().value
        return self.stored("threshold_emergency" if emergency else "threshold_normal")

    def read_emergency_profile_active(self) -> Data:
        """Return whether now lies in the emergency profile, and its group is of this meter."""
        group, start, duration = (part.value for part in self.stored("emergency_profile").value)
        begin = instants.read(start)
        groups = [one.value for one in self.stored("emergency_profile_group_id_list").value]
        active = begin is not None and group in groups \
            and begin <= self._time.now < begin + duration
        return Data(Tag.BOOLEAN, active)

    def watch(self) -> None:
        """Look at the monitored value: has it passed the threshold?"""
        class_id, instance, index = (part.value for part in self.stored("monitored_value").value)
        if not class_id:  # all zero: nothing is monitored
            return
        value = self._objects.read(class_id, instance, index)
        if not isinstance(value.value, int):
            return
        threshold = self.read_threshold_active().value
        above = bool(threshold) and value.value > threshold
        if above != self._above:
            self._acted = self._above is None and not above
            self._above, self._since = above, self._time.now

    def due(self) -> float:
        """Return when the value has been on its side of the threshold for long enough."""
        if self._acted:
            return NEVER
        over = "min_over_threshold_duration" if self._above else "min_under_threshold_duration"
        return self._since + self.number(over)

    def run(self, now: float) -> None:  # noqa: ARG002  the clock is there already
        """Run the script for this side."""
        self._acted = True
        over, under = self.stored("actions").value
        script, selector = (over if self._above else under).value
        run_script(self._objects, script.value, selector.value)


class Arbitrator(Interface):
    """Class 68: of the actions that actors ask for, the permitted one with the most weight runs."""

    CLASS_ID = 68
    ATTRIBUTES = (
        ("actions", "[0..8]{os(6),u16}"), ("permissions_table", "[0..8]bits(0..8)"),
        ("weightings_table", "[0..8][0..8]u16"), ("most_recent_requests_table", "[0..8]bits(0..8)"),
        ("last_outcome", "u8"))
    METHODS = (("request_action", "{u8,bits(0..8)}"), ("reset", "i8"))

    def __init__(self, code: str, objects: Objects, **values: Any) -> None:
        super().__init__(code, **values)
        self._objects = objects
        self.do_reset(Data(Tag.INTEGER, 0))

    def do_request_action(self, parameter: Data) -> None:
        """Note what an actor, numbered from 1, asks for and run what wins."""
        actor, wanted = parameter.value
        permissions = self.stored("permissions_table").value
        actions = self.stored("actions").value
        if not 1 <= actor.value <= len(permissions) or len(wanted.value) != len(actions):
            raise Refused(TYPE_UNMATCHED)
        allowed = "".join("1" if ask == may == "1" else "0" for ask, may in zip(
            wanted.value, permissions[actor.value - 1].value, strict=False))
        if allowed != wanted.value:
            raise Refused(OTHER_REASON)
        requests = list(self.stored("most_recent_requests_table").value)
        requests[actor.value - 1] = Data(Tag.BIT_STRING, allowed)
        self.store("most_recent_requests_table", Data(Tag.ARRAY, tuple(requests)))
        weights = self.stored("weightings_table").value
        totals = [sum(weights[row].value[column].value for row, request in enumerate(requests)
                      if request.value[column : column + 1] == "1")
                  for column in range(len(actions))]
        best = max(totals, default=0)
        if best and totals.count(best) == 1:
            winner = totals.index(best)
            self.put("last_outcome", winner + 1)
            script, selector = actions[winner].value
            run_script(self._objects, script.value, selector.value)

    def do_reset(self, _parameter: Data) -> None:
        """Forget all requests."""
        count = len(self.stored("actions").value)
        self.store("most_recent_requests_table", Data(Tag.ARRAY, tuple(
            Data(Tag.BIT_STRING, "0" * count) for _ in self.stored("permissions_table").value)))
        self.put("last_outcome", 0)
