"""What came of a service for one attribute, method or short name."""

from __future__ import annotations

from typing import NamedTuple

from bench.protocols.cosem.access import ACTION_RESULTS, DATA_ACCESS_RESULTS
from bench.protocols.cosem.data import Data
from bench.protocols.dlms.apdu import ConfirmedServiceError, ExceptionResponse

Refusal = ExceptionResponse | ConfirmedServiceError
"""An answer that refuses a service as a whole."""


class Result(NamedTuple):
    """``code`` is the data-access-result or, of a method, the action-result: 0 is success.

    It is ``None`` where ``refusal`` says why the service was not done at all. ``data`` is what was
    read or returned; ``returned_code`` the data-access-result that a method gave in its place.
    """

    code: int | None
    data: Data | None = None
    refusal: Refusal | None = None
    acted: bool = False
    returned_code: int | None = None

    @property
    def succeeded(self) -> bool:
        """True where it was done."""
        return self.code == 0

    @property
    def name(self) -> str:
        """Return the standard's name of the code, its number, or what refused the service."""
        if self.code is None:
            return self.refusal.text if self.refusal else "none"
        names = ACTION_RESULTS if self.acted else DATA_ACCESS_RESULTS
        return names.get(self.code, str(self.code))


def read(data: Data) -> Result:
    """Return the result of a read that gave ``data``."""
    return _new(Result, (0, data, None, False, None))


_new = tuple.__new__  # a third of the time of the class
