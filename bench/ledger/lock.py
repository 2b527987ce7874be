"""One writer: an exclusive lock on the open ledger, which ends with the process that holds it."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import errno
    import msvcrt
    import os

    # Locks on Windows keep readers out too, so the locked octet lies far behind the last entry.
    _BEYOND = 2**62

    def lock(descriptor: int) -> None:
        """Lock the open file; raises ``OSError`` where another writer holds it."""
        os.lseek(descriptor, _BEYOND, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as held:
            raise BlockingIOError(errno.EAGAIN, "locked") from held
        os.lseek(descriptor, 0, os.SEEK_SET)
else:
    import fcntl

    def lock(descriptor: int) -> None:
        """Lock the open file; raises ``OSError`` where another writer holds it."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
