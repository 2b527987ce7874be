"""``NAME=VALUE`` of the command line: the value as YAML, as plain as JSON, and never a surprise.

What YAML would turn into a date or a fraction, and a number with zeros before it, stays the text
that was written: no GBCS value is a fraction, and ``0200000000000002`` or ``12E4567812345678`` is
an EUI-64. Aliases are refused: a list could hold itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import click
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent
from ruamel.yaml.nodes import ScalarNode

_TAG = "tag:yaml.org,2002:"
_HINT = "'--set'"
_LONGEST = 60  # characters of a value in a complaint


class _Plain(SafeConstructor):
    """Numbers, texts, truth values, null, lists and mappings."""

    def whole_number(self, node: ScalarNode) -> Any:
        """Return a number, or the text of one that begins with a zero, unless it is 0x10."""
        text = node.value
        padded = len(text) > 1 and text[0] == "0" and text.isdecimal()
        return text if padded else self.construct_yaml_int(node)

    def text(self, node: ScalarNode) -> str:
        """Return what was written."""
        return str(node.value)


_Plain.add_constructor(f"{_TAG}int", _Plain.whole_number)
for _kind in ("float", "timestamp"):
    _Plain.add_constructor(f"{_TAG}{_kind}", _Plain.text)


def settings(texts: Iterable[str]) -> dict[str, Any]:
    """Return the values by name; a ``click.BadParameter`` names the one that is wrong."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, written = text.partition("=")
        if not equals or not name:
            raise _wrong(f"{text!r}: NAME=VALUE is wanted")
        if name in found:
            raise _wrong(f"{name}: given twice; several values go into one list, {name}=[...]")
        found[name] = _value(name, written)
    return found


def _value(name: str, written: str) -> Any:
    if not written.strip():
        raise _wrong(f"{name}: a value is wanted after the =, '' for an empty text")
    yaml = YAML(typ="safe", pure=True)
    yaml.Constructor = _Plain
    try:
        events = YAML(typ="safe", pure=True).parse(written)
        if any(isinstance(event, AliasEvent) for event in events):
            raise _wrong(f"{name}: {_short(written)}: a value without aliases is wanted")
        return yaml.load(written)
    except (YAMLError, ValueError) as wrong:
        problem = getattr(wrong, "problem", None) or "no YAML"
        raise _wrong(f"{name}: {_short(written)}: {problem}") from None
    except RecursionError:
        raise _wrong(f"{name}: nested too deeply") from None


def _short(written: str) -> str:
    return repr(written if len(written) <= _LONGEST else f"{written[:_LONGEST]}...")


def _wrong(text: str) -> click.BadParameter:
    return click.BadParameter(text, param_hint=_HINT)
