"""Reads a YAML file into a pydantic form, every mistake with file and line."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StrictStr,
    StringConstraints,
    ValidationError,
)

from bench.catalogue.positions import line_of, parse
from bench.errors import PlanError

PLAIN = {
    "extra_forbidden": "unknown key",
    "missing": "missing key",
    "model_type": "expected a mapping",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "bool_type": "expected true or false",
    "string_type": "expected a text; put a number in quotes",
    "string_too_short": "expected a text",
    "too_short": "expected at least one",
}

Text = Annotated[StrictStr, StringConstraints(strip_whitespace=True, min_length=1)]


def _day(value: object) -> object:
    if isinstance(value, int | float):  # pydantic would count it as seconds
        raise ValueError("expected a date such as 2027-01-31")
    return value


Day = Annotated[datetime.date, BeforeValidator(_day)]


class Form(BaseModel):
    """A mapping of known keys."""

    model_config = ConfigDict(extra="forbid")


_Form = TypeVar("_Form", bound=Form)


def read_form(path: Path, form: type[_Form]) -> _Form:
    """Return what ``path`` holds; raises :class:`~bench.errors.PlanError`, a line a mistake."""
    values = parse(path)
    try:
        return form.model_validate(values)
    except ValidationError as error:
        raise PlanError("\n".join(
            f"{path}:{line_of(path, problem['loc'])}: "
            f"{'.'.join(map(str, problem['loc'])) or 'the file'}: "
            f"{PLAIN.get(problem['type'], problem['msg'].removeprefix('Value error, '))}"
            for problem in error.errors())) from None
