"""What a profile leaves out of the test: which cases would touch it.

A DLMS meter's profile names objects (``class/obis``), attributes (``/a2``) and methods (``/m1``) in
``do_not_test``. A case touches one where an argument of any of its steps names it, or an object
that the step takes where none is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.records.plan import TestCase
from bench.steps import VOCABULARY, Action


def touched(case: TestCase, left_out: Sequence[str], *,
            vocabulary: Mapping[str, Action[Any]] = VOCABULARY) -> str:
    """Return the first of ``left_out`` that ``case`` touches, empty for none."""
    if not left_out:
        return ""
    named = set(_named(case, vocabulary))
    return next((one for one in left_out if any(_is_of(name, one) for name in named)), "")


def _is_of(name: str, left_out: str) -> bool:
    """Return whether ``name`` is what is left out or a part of it; an OBIS code alone, as steps
    have it that know the class of their object, may mean any part of the object."""
    code = left_out.split("/")[1]
    return name in (left_out, code) or name.startswith(f"{left_out}/")


def _named(case: TestCase, vocabulary: Mapping[str, Action[Any]]) -> Iterator[str]:
    yield from _texts([case.row.get(column) for column in ("object", "reference")])
    for step in (*case.preamble, *case.body, *case.postamble):
        yield from _texts(step.arguments)
        for name, field in vocabulary[step.action].arguments.model_fields.items():
            if name not in step.arguments and isinstance(field.default, str):
                yield field.default


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, Sequence):
        for one in value:
            yield from _texts(one)
