"""Reading a declaration (profile or rig): safe YAML, strict schema, mistakes with file and line.

A mistake reads ``file:line: what: expected ..., found ...``; all mistakes of a file are reported
together, one to a line.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from bench.errors import BenchError

Location = tuple[str | int, ...]


class Schema(BaseModel):
    """Base of every file's schema: no conversion of types, no unknown keys.

    A field's ``description`` says what is expected of it, and is what a mistake quotes.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


S = TypeVar("S", bound=Schema)


class Declaration:
    """One file's plain values and the line on which each stands."""

    def __init__(self, path: Path, error: type[BenchError]) -> None:
        """Read ``path``; raise ``error`` where it cannot be read or is no mapping."""
        self.path = path
        self._error = error
        self._lines: dict[Location, int] = {}
        self.values: dict[str, Any] = self._read()

    def line(self, location: Location) -> int:
        """Return the line of ``location``, or of the nearest thing that holds it."""
        while location and location not in self._lines:
            location = location[:-1]
        return self._lines.get(location, 1)

    def at(self, location: Location, text: str) -> str:
        """Return ``text`` with file and line in front."""
        return f"{self.path}:{self.line(location)}: {text}"

    def fail(self, mistakes: Iterable[tuple[Location, str]]) -> None:
        """Raise the file's error if there are any ``mistakes``, in the order of their lines."""
        found = sorted(mistakes, key=lambda mistake: self.line(mistake[0]))
        if found:
            raise self._error("\n".join(self.at(*mistake) for mistake in found))

    def validate(self, schema: type[S]) -> S:
        """Return the file as ``schema``, or raise the file's error."""
        try:
            return schema.model_validate(self.values)
        except ValidationError as error:
            self.fail((tuple(item["loc"]), _describe(schema, dict(item)))
                      for item in error.errors())
            raise  # a validation error holds at least one mistake

    def _read(self) -> dict[str, Any]:
        try:
            text = self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise self._error(f"{self.path}:1: expected a file, found nothing there") from None
        except OSError as error:
            raise self._error(f"{self.path}:1: cannot be read: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise self._error(f"{self.path}:1: expected a text file, found an octet at "
                              f"{error.start} that is not UTF-8") from error
        try:
            node = YAML(typ="safe", pure=True).compose(text)
            values = YAML(typ="safe", pure=True).load(text)
        except (YAMLError, ValueError, RecursionError) as error:
            raise self._error(_syntax(self.path, error)) from error
        if not isinstance(values, dict) or not all(isinstance(key, str) for key in values):
            raise self._error(
                f"{self.path}:1: expected a mapping of names, found "
                f"{'nothing' if values is None else type(values).__name__}")
        self._note(node, ())
        return values

    def _note(self, node: Node, location: Location) -> None:
        if len(location) > 8:  # no declaration is that deep; an alias may point to itself
            return
        self._lines.setdefault(location, node.start_mark.line + 1)
        if isinstance(node, MappingNode):
            for key, value in node.value:
                self._lines[(*location, key.value)] = key.start_mark.line + 1
                self._note(value, (*location, key.value))
        elif isinstance(node, SequenceNode):
            for index, value in enumerate(node.value):
                self._note(value, (*location, index))


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean X?`` for the nearest of ``known``, or nothing."""
    close = difflib.get_close_matches(name, list(known), 1)
    return f"; did you mean {close[0]}?" if close else ""


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Return the text of a mistake: ``name`` is none of ``known``."""
    names = sorted(known)
    return f"expected {kind} out of {', '.join(names)}, found {name!r}{suggestion(name, names)}"


def show(value: object) -> str:
    """Return ``value`` as a mistake shows it: short, numbers told from text."""
    text = repr(value)
    text = text if len(text) <= 60 else f"{text[:57]}..."
    return f"the number {text}" if type(value) in (int, float) else text


def _describe(schema: type[Schema], error: Mapping[str, Any]) -> str:
    location: Location = tuple(error["loc"])
    name = ".".join(str(part) for part in location)
    parent, fields = _fields(schema, location[:-1])
    if error["type"] == "extra_forbidden":
        return unknown(f"a key of {parent}", str(location[-1]), fields)
    if error["type"] == "value_error":
        return f"{name}: {error['ctx']['error']}" if name else str(error["ctx"]["error"])
    expected = fields.get(str(location[-1]), "") if location else ""
    if error["type"] == "missing":
        return f"{name}: expected {expected or 'a value'}, found nothing"
    return f"{name}: expected {expected or error['msg']}, found {show(error['input'])}"


def _fields(schema: type[Schema], location: Location) -> tuple[str, dict[str, str]]:
    """Return the name of the mapping at ``location`` and its fields with what they expect."""
    current: Any = schema
    for part in location:
        if _is_schema(current):
            inner = current.model_fields.get(str(part))
            current = None if inner is None else _within(inner.annotation)
        else:  # an item of a list, or a value of a mapping
            current = _item_of(current)
    current = current if _is_schema(current) else None
    parent = ".".join(str(part) for part in location) or "the file"
    if not _is_schema(current):
        return parent, {}
    return parent, {name: field.description or "" for name, field in current.model_fields.items()}


def _is_schema(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Schema)


def _within(annotation: Any) -> Any:
    """Return what of an annotation may hold a schema: one, or a list or mapping of them."""
    parts = (annotation, *getattr(annotation, "__args__", ()))
    return next((part for part in parts if _is_schema(part) or _item_of(part)), None)


def _item_of(annotation: Any) -> Any:
    """Return the schema of a list's items or a mapping's values, None for anything else."""
    if getattr(annotation, "__origin__", None) not in (list, dict):
        return None
    last = annotation.__args__[-1]
    return last if _is_schema(last) else None


def _syntax(path: Path, error: Exception) -> str:
    line = 1
    problem = str(error)
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        problem = error.problem or error.context or problem
    return f"{path}:{line}: expected YAML, found {' '.join(problem.split())}"
