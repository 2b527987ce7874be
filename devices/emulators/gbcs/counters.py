"""The originator counters that a device remembers, against replay (GBCS 4.3.1.5, R-SEC-03).

One for each role and use case: the greatest accepted, which the next must exceed, as it must the
floor of the role. The holder of a role may change, then its counters begin anew at the floor. They
last over a loss of mains.
"""

from __future__ import annotations

from devices.emulators.gbcs.faults import NONE, Faults

_FAR = 1 << 32  # how far ahead a device looks that takes a step forward for an error


class Counters:
    """The counters of one device; a party is the name of its role, or its EUI-64 as text."""

    def __init__(self, faults: Faults = NONE) -> None:
        self._faults = faults
        self._accepted: dict[tuple[str, int], int] = {}

    def refusal(self, party: str, message_code: int, counter: int, floor: int) -> str:
        """Return why ``counter`` is not acceptable, empty if it is."""
        accepted = self._accepted.get(self._key(party, message_code), 0)
        stored = accepted if "floor-counter-ignored" in self._faults else max(accepted, floor)
        same = counter == stored and "replay-accepted" not in self._faults
        lower = counter < stored and "lower-counter-accepted" not in self._faults
        far = ("counter-far-ahead-refused" in self._faults and accepted
               and counter > accepted + _FAR)
        return f"originator counter {counter} after {stored}" if same or lower or far else ""

    def take(self, party: str, message_code: int, counter: int) -> None:
        """Remember an accepted ``counter``."""
        if "counter-not-raised" not in self._faults:
            key = self._key(party, message_code)
            self._accepted[key] = max(counter, self._accepted.get(key, 0))

    def begin_anew(self, party: str) -> None:
        """Forget the counters of a role that somebody else holds now."""
        self._accepted = {key: counter for key, counter in self._accepted.items()
                          if key[0] != party}

    def interrupt(self) -> None:
        """Go through a loss of mains; only a faulty device forgets anything."""
        if "counter-lost-over-outage" in self._faults:
            self._accepted.clear()

    def _key(self, party: str, message_code: int) -> tuple[str, int]:
        shared = "counters-shared-between-parties" in self._faults
        return ("", 0) if shared else (party, message_code)
