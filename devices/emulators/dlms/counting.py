"""Keys that a security setup holds, and invocation counters: for each global and dedicated key one.

A global key is a security setup's, so its counters are shared by all associations that have its
keys, and outlive them; a dedicated key is one association's, and so are its counters.
"""

from __future__ import annotations

from typing import Any

from bench.protocols.dlms.security.counters import Counters, Key
from devices.emulators.dlms.keys import MeterKeys

_FIRST = 1  # of a fresh key: some clients take 0 for one that they have had


class GlobalCounters:
    """What all associations share: the next counter to send and the highest taken."""

    def __init__(self) -> None:
        self.sending: dict[Key, int] = dict.fromkeys(Key, _FIRST)
        self.seen: dict[Key, int] = {}

    def of_association(self) -> Counters:
        """Return the counters of one association."""
        counters = Counters()
        counters.sending = _Split(self.sending, counters.sending)
        counters.seen = _Split(self.seen, {})
        return counters

    @property
    def taken(self) -> int:
        """The highest counter taken with the global unicast key, 0 before the first."""
        return self.seen.get(Key.UNICAST, 0)

    def renew(self, key: Key) -> None:
        """Start again, as a fresh key does."""
        self.sending[key] = _FIRST
        self.seen.pop(key, None)


class Held:
    """Keys and what was counted under them; ``transferred`` ones count from :meth:`settle` on."""

    def __init__(self, keys: MeterKeys) -> None:
        self.keys = self.transferred = keys
        self.counters = GlobalCounters()

    def transfer(self, keys: MeterKeys) -> None:
        """Take keys that count from the next :meth:`settle` on."""
        self.transferred = keys

    def settle(self) -> bool:
        """Let transferred keys count; return whether there were any."""
        former, self.keys = self.keys, self.transferred
        if former.global_unicast != self.keys.global_unicast:
            self.counters.renew(Key.UNICAST)
        return former is not self.keys


class _Split(dict[Key, int]):
    """Numbers by key: those of the dedicated key here, the others where they are shared."""

    def __init__(self, shared: dict[Key, int], own: dict[Key, int]) -> None:
        super().__init__(own)
        self._shared = shared

    def __getitem__(self, key: Key) -> int:
        return super().__getitem__(key) if key is Key.DEDICATED else self._shared[key]

    def __setitem__(self, key: Key, value: int) -> None:
        if key is Key.DEDICATED:
            super().__setitem__(key, value)
        else:
            self._shared[key] = value

    def get(self, key: Key, default: Any = None) -> Any:
        return super().get(key, default) if key is Key.DEDICATED \
            else self._shared.get(key, default)
