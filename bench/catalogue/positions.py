"""Parses a YAML file safely, and finds the line of a value when there is a mistake to report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from bench.errors import PlanError

_PLAIN = {
    "extra_forbidden": "unknown key",
    "missing": "missing key",
}


def parse(path: Path) -> Any:
    """Return the plain values of ``path``; raises :class:`PlanError` where it is no YAML."""
    try:
        return YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = 1 if error.problem_mark is None else error.problem_mark.line + 1
        raise PlanError(f"{path}:{line}: not valid YAML: {_first_line(error.problem)}") from None
    except YAMLError as error:
        raise PlanError(f"{path}:1: not valid YAML: {_first_line(error)}") from None
    except UnicodeDecodeError as error:
        raise PlanError(f"{path}:1: not UTF-8 text: {error.reason}") from None
    except OSError as error:
        raise PlanError(f"{path}:1: cannot be read: {error.strerror}") from None


def line_of(path: Path, location: Sequence[int | str]) -> int:
    """Return the line (from 1) of the value at ``location``, or of its nearest parent."""
    node: Node | None = YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8"))
    line = 1
    for part in location:
        found = _child(node, part)
        if found is None:
            break
        line, node = found
    return line


def wrong(path: Path, error: ValidationError) -> PlanError:
    """Return the first mistake that pydantic found as a ``file:line: ...`` error."""
    first = error.errors()[0]
    location = [part for part in first["loc"] if isinstance(part, int | str)]
    where = ".".join(str(part) for part in location) or "the file"
    what = _PLAIN.get(first["type"], first["msg"])
    return PlanError(f"{path}:{line_of(path, location)}: {where}: {what}")


def _child(node: Node | None, part: int | str) -> tuple[int, Node] | None:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key.start_mark.line + 1, value
    if isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        value = node.value[part]
        return value.start_mark.line + 1, value
    return None


def _first_line(problem: object) -> str:
    return str(problem).strip().partition("\n")[0]
