"""What this room refuses, and its errors."""

from __future__ import annotations

from bench.errors import LedgerError


class BundleError(LedgerError):
    """A bundle cannot be made, or is refused unread; the text names the part or the file."""


class KeyFileError(BundleError):
    """A signing key or an entry of a trust store cannot be used; the text names the file and
    never repeats what is in it."""
