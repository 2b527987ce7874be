"""A YAML file as plain values, with the line of each and its place in the text.

Read safely (no tags, no objects) and once: the values are built from the node tree, which also
knows the lines. Values are what JSON has: texts, numbers, truth values, null, lists, mappings;
what YAML would turn into a date stays the text that was written.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from bench.errors import PlanError

Place = Sequence[int | str]

_TAG = "tag:yaml.org,2002:"
_SCALARS: Mapping[str, Callable[[SafeConstructor, ScalarNode], Any]] = {
    "bool": SafeConstructor.construct_yaml_bool,
    "float": SafeConstructor.construct_yaml_float,
    "int": SafeConstructor.construct_yaml_int,
    "null": lambda _, node: None,  # noqa: ARG005
    "str": lambda _, node: node.value,
    "timestamp": lambda _, node: node.value,
}
_TAGS: Mapping[type[Node], Container[str]] = {
    MappingNode: {"map"},
    SequenceNode: {"seq"},
    ScalarNode: _SCALARS,
}


@dataclass(frozen=True, slots=True)
class Document:
    """One parsed file; ``values`` are its plain values."""

    path: Path
    values: Any
    root: Node

    def line(self, place: Place) -> int:
        """Return the line, from 1, of the value at ``place`` or of its nearest parent there is.

        ``place`` is the way to it: keys of mappings and indexes of lists.
        """
        line: int = self.root.start_mark.line + 1
        node = self.root
        for part in place:
            found = _child(node, part)
            if found is None:
                break
            mark, node = found
            line = mark.start_mark.line + 1
        return line

    def length(self, place: Place) -> int:
        """Return how many items the list at ``place`` has."""
        node = self._node(place)
        return len(node.value) if isinstance(node, SequenceNode) else 0

    def texts(self, place: Place) -> list[tuple[str, int, int]]:
        """Return each text at or below ``place``: its value, where it begins and where it ends.

        Begin and end count characters of the file, quotes included.
        """
        node = self._node(place)
        return [] if node is None else list(_texts(node))

    def _node(self, place: Place) -> Node | None:
        node = self.root
        for part in place:
            found = _child(node, part)
            if found is None:
                return None
            node = found[1]
        return node


def read_document(path: Path) -> Document:
    """Parse ``path``; raises :class:`PlanError` (``file:line: ...``) where it is no plain YAML."""
    try:
        text = path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise PlanError(f"{path}:1: not UTF-8 text: {error.reason}") from error
    except OSError as error:
        raise PlanError(f"{path}:1: cannot be read: {error.strerror}") from error
    yaml = YAML(typ="safe", pure=True)
    try:
        root = _compose(yaml, text)
        if root is None:
            raise PlanError(f"{path}:1: the file is empty")
        return Document(path, _plain(yaml, root), root)
    except _WrongNode as wrong:
        raise PlanError(f"{path}:{wrong.line}: {wrong}") from wrong
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlanError(f"{path}:{line}: not YAML: {error.problem}") from error
    except YAMLError as error:
        raise PlanError(f"{path}:1: not YAML: {str(error).partition(chr(10))[0]}") from error


def _compose(pure: YAML, text: str) -> Node | None:
    """Return the node tree of ``text``, by libyaml where that is installed: it is five times as
    fast and gives the same tree. What it refuses (YAML 1.2 allows more) and texts that name a
    version are left to ``pure``, whose reasons are told."""
    root: Node | None
    if not text.startswith("%"):
        with contextlib.suppress(YAMLError):
            root = YAML(typ="safe").compose(text)
            return root
    root = pure.compose(text)
    return root


class _WrongNode(Exception):  # noqa: N818  never leaves this module
    def __init__(self, node: Node, text: str) -> None:
        super().__init__(text)
        self.line = node.start_mark.line + 1


def _plain(yaml: YAML, node: Node) -> Any:
    tag = (node.tag or "").removeprefix(_TAG)
    if tag not in _TAGS[type(node)]:
        raise _WrongNode(node, f"tag {tag!r} is not part of a plan")
    if isinstance(node, MappingNode):
        values: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, ScalarNode) or key.tag == _TAG + "merge":
                raise _WrongNode(key, "keys must be texts; merging keys (<<) is not part of a plan")
            if key.value in values:
                raise _WrongNode(key, f"key {key.value!r} stands here twice")
            values[key.value] = _plain(yaml, value)
        return values
    if isinstance(node, SequenceNode):
        return [_plain(yaml, item) for item in node.value]
    assert isinstance(node, ScalarNode)
    try:
        return _SCALARS[tag](yaml.constructor, node)
    except (ValueError, KeyError) as error:
        raise _WrongNode(node, f"{node.value!r} is no {tag}") from error


def _child(node: Node, part: int | str) -> tuple[Node, Node] | None:
    """Return the node whose line stands for the child (its key, if it has one) and the child."""
    if isinstance(node, MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key, value
    elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


def _texts(node: Node) -> list[tuple[str, int, int]]:
    if isinstance(node, ScalarNode):
        return [(node.value, node.start_mark.index, node.end_mark.index)]
    children = [value for _, value in node.value] if isinstance(node, MappingNode) else node.value
    return [found for child in children for found in _texts(child)]
