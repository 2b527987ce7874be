"""One pytest session in a process of its own: ``python -m benchmarks.session ARGUMENT ...``.

The arguments are pytest's. The last line of standard output is JSON: the processor time of the
session, and how much of it was spent inside the adapter. Waiting for a disk is in neither.
"""

from __future__ import annotations

import json
import sys
from time import process_time

import pytest

from benchmarks.instant import Instant


def main(arguments: list[str]) -> int:
    """Run the session; its exit status."""
    begin = process_time()
    status = int(pytest.main(arguments))
    print(json.dumps({"session": process_time() - begin, "adapter": Instant.spent}))
    return status


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
