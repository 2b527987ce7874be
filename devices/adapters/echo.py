"""Takes one's own octets out of what a line gives back: a two-wire bus, an optical head.

Echo comes before anything else and octet by octet as sent. The first octet that differs shows that
the line does not echo (or that two sent at once): then nothing is taken out until the next send,
and what was held back comes out too. So an echo may be expected of a line that has none.
"""

from __future__ import annotations


class Echo:
    """What is still expected to come back."""

    def __init__(self) -> None:
        self.came = False
        """Whether the whole of an echo has come back."""
        self._expected = b""
        self._held = b""

    @property
    def is_due(self) -> bool:
        """Whether some of what was sent has not come back."""
        return bool(self._expected)

    def sent(self, octets: bytes) -> None:
        """``octets`` go out."""
        self._expected += octets

    def heard(self, octets: bytes) -> bytes:
        """Return what of ``octets`` is no echo."""
        expected = self._expected
        if not expected:
            return octets
        length = min(len(octets), len(expected))
        if octets[:length] != expected[:length]:
            return self.give_up() + octets
        self._expected = expected[length:]
        self._held = self._held + octets[:length] if self._expected else b""
        self.came = self.came or not self._expected
        return octets[length:]

    def give_up(self) -> bytes:
        """Expect no echo any more; return what looked like one."""
        held, self._held, self._expected = self._held, b"", b""
        return held
