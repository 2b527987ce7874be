"""The supply: enabled, disabled or armed, and the load switch behind it (R-SUP-01..04, R-SUP-06).

The supplier may enable, disable and arm; the consumer's own control enables only from armed. The
switch is closed exactly while the supply is enabled.
"""

from __future__ import annotations

import enum

from devices.emulators.gbcs.faults import NONE, Faults


class State(enum.IntEnum):
    """Supply state, numbered as control_state of the disconnect control (IEC 62056-6-2, 4.5.8)."""

    DISABLED = 0
    ENABLED = 1
    ARMED = 2


# Script numbers of the supply script table 9 / 0-0:10.0.106.255 (GBCS use-case mapping).
ENABLE, DISABLE, ARM = 0x33, 0x34, 0x36

# What the supplier's script does in each state; a pair that is absent is refused.
TRANSITIONS = {
    (ENABLE, State.DISABLED): State.ENABLED, (ENABLE, State.ENABLED): State.ENABLED,
    (ENABLE, State.ARMED): State.ENABLED,
    (DISABLE, State.DISABLED): State.DISABLED, (DISABLE, State.ENABLED): State.DISABLED,
    (DISABLE, State.ARMED): State.DISABLED,
    (ARM, State.DISABLED): State.ARMED, (ARM, State.ARMED): State.ARMED,
}


class Supply:
    """State and switch of the supply."""

    def __init__(self, faults: Faults = NONE, state: State = State.ENABLED) -> None:
        self.state = state
        self._faults = faults

    @property
    def closed(self) -> bool:
        """True while the load switch is closed."""
        if "contactor-stays-closed" in self._faults:
            return True
        return self.state == State.ENABLED

    def script(self, number: int) -> bool:
        """Run the supplier's script; return whether it was known and allowed."""
        target = TRANSITIONS.get((number, self.state))
        if number == ARM and "arm-refused" in self._faults:
            target = None
        if target is None:
            return False
        if number == ARM and "arm-enables-directly" in self._faults:
            target = State.ENABLED
        if number == DISABLE and "disable-without-effect" in self._faults:
            target = self.state
        if number == ENABLE and "enable-only-arms" in self._faults:
            target = State.ARMED
        self.state = target
        return True

    def press(self) -> bool:
        """Operate the consumer's control; return whether the supply became enabled by it."""
        allowed = {State.ARMED}
        if "supply-enabled-from-disabled" in self._faults:
            allowed.add(State.DISABLED)
        if "consumer-control-dead" in self._faults:
            allowed.clear()
        if self.state not in allowed:
            return False
        self.state = State.ENABLED
        return True
