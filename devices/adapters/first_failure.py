"""The memory of a broken rig: what failed first is what every later call says."""

from __future__ import annotations

from bench.errors import LinkError


class FirstFailure:
    """Holds the first :class:`LinkError` of an adapter, so that the rig is not hammered."""

    def __init__(self) -> None:
        self._error: LinkError | None = None

    @property
    def error(self) -> LinkError | None:
        """The first failure, None while there was none."""
        return self._error

    def check(self) -> None:
        """Raise the remembered error, if there is one."""
        if self._error is not None:
            raise self._error.with_traceback(None)

    def remember(self, message: str, octets: bytes = b"") -> LinkError:
        """Return the first failure: a new one from ``message``, unless one is held already."""
        if self._error is None:
            self._error = LinkError(message, octets)
        return self._error
