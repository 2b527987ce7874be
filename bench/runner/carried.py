"""The cases that a delta selection carries over, which a run leaves out.

The file is what ``smip-bench delta`` writes, ``smip-bench-delta/1``. The run records the reason of
each case that it leaves out; whether they are carried over is decided later, from the ledger, the
earlier ruling and the rule table anew.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from bench.errors import PlanError

FORMAT = "smip-bench-delta/1"


def read_carried(path: Path) -> Mapping[str, str]:
    """Return the reason of each case that is carried over, by its id.

    Raises :class:`~bench.errors.PlanError` for what is no delta selection.
    """
    try:
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise ValueError
        return {str(line["case"]): f"carried over: {line['reason']}"
                for line in document["cases"] if line["again"] is False}
    except OSError as failure:
        raise PlanError(f"{path}:1: cannot be read: {failure.strerror}") from failure
    except (ValueError, KeyError, TypeError, RecursionError) as wrong:
        raise PlanError(f"{path}:1: expected a delta selection of the format {FORMAT}") from wrong
