"""Expressions of a test plan: the Common Expression Language (cel.dev) and ``${...}`` templates.

An expression has no side effect and no clock: the same environment always gives the same value,
so that a verdict can be derived again from stored observations. Only CEL's own functions and
macros exist (:data:`FUNCTIONS`); a plan that calls another one is refused when it is compiled.

What the evaluator does with Python values: ``int`` is CEL ``int`` up to 2**63 - 1 and ``uint``
up to 2**64 - 1; the two compare with each other but do not add up, so a plan writes ``uint(x)``;
a larger number would lose digits and is an :class:`ExpressionError`. ``float`` and ``int``
compare but do not add up. ``bytes`` is CEL ``bytes``; observations hold octets as hexadecimal
text. ``None`` is ``null``; reading a member of ``null`` is a type mistake, not an absence.
As CEL defines, ``false && x`` is false and ``true || x`` true also where ``x`` is absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import cel

from bench.errors import BenchError, PlanError

FUNCTIONS = frozenset({
    "bytes", "contains", "double", "duration", "dyn", "endsWith", "getDate", "getDayOfMonth",
    "getDayOfWeek", "getDayOfYear", "getFullYear", "getHours", "getMilliseconds", "getMinutes",
    "getMonth", "getSeconds", "int", "matches", "size", "startsWith", "string", "timestamp",
    "type", "uint",
})
"""Functions that plans may call; the macros ``has``, ``all``, ``exists``, ``exists_one``, ``map``
and ``filter`` come on top."""

_LARGEST_UINT = 2**64 - 1
_SMALLEST_INT = -(2**63)
_KEYWORDS = frozenset({"true", "false", "null", "in"})
_BINDING_MACROS = frozenset({"all", "exists", "exists_one", "map", "filter"})
_TOKEN = re.compile(
    r"""
    (?P<string>[bB]?[rR](?:'''.*?'''|\"{3}.*?\"{3}|'[^'\n]*'|"[^"\n]*")
      |[bB]?(?:'''(?:\\.|[^\\])*?'''|\"{3}(?:\\.|[^\\])*?\"{3}
              |'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    |(?P<blank>\s+|//[^\n]*)
    |(?P<name>[A-Za-z_][A-Za-z_0-9]*)
    |(?P<number>[0-9][A-Za-z_0-9]*)
    |(?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


class AbsentValue(BenchError):  # noqa: N818  it tells of the device, not of an error
    """The expression names a value that the observation does not hold; the text says which."""


class ExpressionError(BenchError):
    """The expression cannot be evaluated: a mistake of the plan, such as adding unlike types."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    ``names`` are the variables that it needs, without those bound by a macro. ``paths`` are its
    references as far as they are written out: ``steps.read.values[0]`` is
    ``("steps", "read", "values")``, ``row['role']`` is ``("row", "role")``. ``tested`` are those
    whose presence it asks for, ``has(row.role)``.
    """

    text: str
    names: frozenset[str]
    paths: tuple[tuple[str, ...], ...]
    tested: frozenset[tuple[str, ...]]
    _program: cel.Program = field(repr=False, compare=False)
    _variables: tuple[str, ...] = field(repr=False, compare=False)

    def evaluate(self, environment: Mapping[str, object]) -> Any:
        """Return the value in ``environment`` (variable name -> plain value).

        Raises :class:`AbsentValue` where a variable, a mapping's key or a list's index is not
        there, :class:`ExpressionError` for everything else that CEL refuses.
        """
        values = {name: environment[name] for name in self._variables if name in environment}
        for name, value in values.items():
            _check_range(name, value)
        try:
            return self._program.execute(values)
        except KeyError as error:
            raise AbsentValue(f"no value {error.args[0]!r} in {self.text}") from error
        except IndexError as error:
            raise AbsentValue(f"{error} in {self.text}") from error
        except Exception as error:
            for name in sorted(self.names - values.keys()):
                if f"Undefined variable or function: '{name}'" in str(error):
                    raise AbsentValue(f"no value {name!r} in {self.text}") from error
            raise ExpressionError(f"{_first_line(error)} in {self.text}") from error


@cache
def compile_expression(text: str) -> Expression:
    """Compile ``text``, once.

    Raises :class:`~bench.errors.PlanError`, without a file and line, for wrong syntax and for
    a function outside :data:`FUNCTIONS`.
    """
    try:
        program = cel.compile(text)
    except ValueError as error:
        raise PlanError(f"not an expression: {text!r}: {_syntax_reason(error)}") from error
    unknown = sorted(name for name in program.functions()
                     if name.isidentifier() and name.strip("_") == name and name not in FUNCTIONS)
    if unknown:
        raise PlanError(f"no function {unknown[0]!r} in {text!r}")
    variables = tuple(program.variables())
    tokens = [match for match in _TOKEN.finditer(text) if match.lastgroup != "blank"]
    bound = frozenset(_bound_names(tokens))
    found = dict.fromkeys(found for found in _paths(tokens) if found[0][0] not in bound)
    return Expression(
        text,
        names=frozenset(variables) - bound,
        paths=tuple(dict.fromkeys(path for path, _ in found)),
        tested=frozenset(path for path, tested in found if tested),
        _program=program,
        _variables=variables,
    )


def resolve(value: Any, environment: Mapping[str, object], *, partly: bool = False) -> Any:
    """Return ``value`` with every ``${expression}`` in it replaced, at any depth.

    A text that is nothing but one template becomes the expression's value, whatever its type;
    a template inside a longer text is written into it (texts as they are, truth values and
    ``null`` in lower case, octets in hexadecimal). Keys of mappings are not templates. With
    ``partly``, templates that need a variable which ``environment`` lacks stay as written.

    Raises what :meth:`Expression.evaluate` and :func:`compile_expression` raise, and
    :class:`ExpressionError` for a list or mapping inside a longer text.
    """
    if isinstance(value, str):
        return _resolve_text(value, environment, partly) if "${" in value else value
    if isinstance(value, Mapping):
        return {key: resolve(item, environment, partly=partly) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, environment, partly=partly) for item in value]
    return value


def templates(value: Any) -> Iterator[Expression]:
    """Yield the expressions of all templates in ``value``, at any depth.

    Raises :class:`~bench.errors.PlanError` for a template that does not end or compile.
    """
    if isinstance(value, str):
        if "${" in value:
            yield from (part for part in _parts(value) if isinstance(part, Expression))
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from templates(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from templates(item)


def _resolve_text(text: str, environment: Mapping[str, object], partly: bool) -> Any:
    parts = _parts(text)

    def substitute(part: str | Expression) -> Any:
        if isinstance(part, str):
            return part
        if partly and not part.names <= environment.keys():
            return f"${{{part.text}}}"
        return part.evaluate(environment)

    if len(parts) == 1:
        return substitute(parts[0])
    return "".join(_written(substitute(part), text) for part in parts)


def _written(value: object, text: str) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, list | dict):
        raise ExpressionError(f"a {type(value).__name__} cannot be written into {text!r}")
    return str(value)


@cache
def _parts(text: str) -> tuple[str | Expression, ...]:
    """Split a text into literal pieces and compiled templates, in order."""
    parts: list[str | Expression] = []
    position = 0
    while (start := text.find("${", position)) >= 0:
        if start > position:
            parts.append(text[position:start])
        end = _template_end(text, start + 2)
        parts.append(compile_expression(text[start + 2:end]))
        position = end + 1
    if position < len(text):
        parts.append(text[position:])
    return tuple(parts)


def _template_end(text: str, position: int) -> int:
    """Return where the closing brace stands; braces in texts and mappings do not count."""
    depth = 0
    for match in _TOKEN.finditer(text, position):
        mark = match["mark"]
        if mark == "{":
            depth += 1
        elif mark == "}":
            if depth == 0:
                return match.start()
            depth -= 1
    raise PlanError(f"template without end: {text!r}")


def _bound_names(tokens: list[re.Match[str]]) -> Iterator[str]:
    """Yield the variables that macros bind: ``v`` in ``list.exists(v, v > 1)``."""
    for before, opening, bound, comma in zip(tokens, tokens[1:], tokens[2:], tokens[3:],
                                             strict=False):
        if before["name"] in _BINDING_MACROS and opening["mark"] == "(" and comma["mark"] == ",":
            yield bound.group()


def _paths(tokens: list[re.Match[str]]) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield each reference, and whether it stands in ``has()``."""
    texts = [token.group() for token in tokens]
    for index, token in enumerate(tokens):
        name = token["name"]
        if not name or name in _KEYWORDS or _at(texts, index - 1) == "." \
                or _at(texts, index + 1) == "(":
            continue
        tested = _at(texts, index - 1) == "(" and _at(texts, index - 2) == "has"
        yield (name, *_members(tokens, texts, index + 1)), tested


def _members(tokens: list[re.Match[str]], texts: list[str], index: int) -> Iterator[str]:
    while True:
        if _at(texts, index) == "." and _at(texts, index + 2) != "(" and index + 1 < len(texts):
            yield texts[index + 1]
            index += 2
        elif _at(texts, index) == "[" and _at(texts, index + 2) == "]" \
                and tokens[index + 1]["string"]:
            yield texts[index + 1].lstrip("bBrR").strip("'\"")
            index += 3
        else:
            return


def _at(texts: list[str], index: int) -> str:
    return texts[index] if 0 <= index < len(texts) else ""


def _check_range(name: str, value: object) -> None:
    if isinstance(value, int):
        if not _SMALLEST_INT <= value <= _LARGEST_UINT:
            raise ExpressionError(f"{name} holds {value}, which has more than 64 bits")
    elif isinstance(value, Mapping):
        for item in value.values():
            _check_range(name, item)
    elif isinstance(value, list | tuple):
        for item in value:
            _check_range(name, item)


def _syntax_reason(error: ValueError) -> str:
    """Return the parser's own reason, without its copy of the source."""
    found = re.search(r"ERROR: <input>:\d+:(\d+): (.*)", str(error))
    return f"column {found[1]}: {found[2].split(' expecting ')[0]}" if found \
        else _first_line(error)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0].partition(". CEL ")[0]
