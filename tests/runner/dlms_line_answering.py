"""The silent line, with a bench that believes it to be the declared meter and has it list objects.

Its entry point is loaded in processes that no test can reach into: a run's own and its workers'.
``SMIP_TEST_ROWS`` names a file with the rows; beside it, ``asked`` has a letter for each time that
they were asked for. Several processes may use the line, as if each had a meter of its own.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import dlms_line

from bench.records.disclosure import Disclosure
from bench.runner import disclosure, identities, plugin
from bench.steps.context import Context
from bench.steps.disclosure import Disclosed
from bench.steps.identity import Identity

FIRMWARE = b"1.0.0".hex().upper()
Line = dlms_line.Line


def _disclose(_: Context) -> Disclosed:
    path = Path(os.environ["SMIP_TEST_ROWS"])
    with path.with_name("asked").open("a", encoding="utf-8") as asked:
        asked.write("x")
    return Disclosed(Disclosure({
        "disclosed_attributes": tuple(json.loads(path.read_text("utf-8")))}))


_read = replace(identities.IDENTITIES[identities.DLMS],
                read=lambda _: Identity(FIRMWARE, "answered", ()))
_places: tuple[tuple[Any, str, Any], ...] = (
    (identities, "IDENTITIES", {**identities.IDENTITIES, identities.DLMS: _read}),
    (disclosure, "DISCLOSING", {identities.DLMS: _disclose}),
    (plugin, "_refuse_sharing", lambda *_: None),
)
for _module, _name, _value in _places:
    setattr(_module, _name, _value)
