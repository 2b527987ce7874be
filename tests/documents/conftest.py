"""These tests need the extra ``documents``."""

from __future__ import annotations

import pytest

for _name in ("fontTools", "pyhanko", "typst"):
    pytest.importorskip(_name, reason="needs the extra documents")
