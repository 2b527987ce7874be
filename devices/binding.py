"""From a port's entry in a rig file to an adapter: found by entry point, checked, made.

The options that a rig file may give an adapter are the keyword parameters of its class, less
those that the bench itself gives.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from bench.errors import RigError
from devices.declaration import unknown
from devices.ports import PORTS, Adapter

GROUP = "smip_bench.devices"
"""The entry point group in which adapters are found."""

GIVEN_BY_THE_BENCH = ("ask", "clock", "sleep")
"""Constructor parameters of adapters that no rig file may set."""


@dataclass(frozen=True, slots=True)
class Binding:
    """One port's adapter, its options as written, and where: ``file:line: ports.<port>``."""

    adapter: str
    options: Mapping[str, object]
    where: str


def adapters() -> dict[str, EntryPoint]:
    """Return adapter name -> entry point of all that is installed."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def mistakes(port: str, adapter: str, options: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield (option or "", what is wrong) of an entry, without making the adapter."""
    found = adapters()
    if adapter not in found:
        yield "", unknown("an adapter", adapter, found)
        return
    try:
        kind = _load(found[adapter])
    except RigError as error:
        yield "", str(error)
        return
    if port not in getattr(kind, "provides", ()):
        yield "", (f"expected an adapter for this port, found {adapter}, "
                   f"which serves {', '.join(getattr(kind, 'provides', ()))}")
    known, required, any_option = _options(kind)
    for option in options:
        if option in GIVEN_BY_THE_BENCH or not (option in known or any_option):
            yield option, unknown(f"an option of {adapter}", option, known)
    for option in sorted(required - set(options)):
        yield "", f"expected the option {option} of {adapter}, found none"


def make(binding: Binding, options: Mapping[str, object],
         ask: Callable[[str], str] | None) -> Adapter:
    """Return a new adapter, not active, with ``options`` (those of the binding, filled in).

    Raises :class:`RigError` for an adapter that is not there or refuses its options.
    """
    found = adapters()
    if binding.adapter not in found:
        raise RigError(f"{binding.where}: {unknown('an adapter', binding.adapter, found)}")
    try:
        kind = _load(found[binding.adapter])
        takes_ask = ask is not None and "ask" in inspect.signature(kind).parameters
        adapter: Adapter = kind(**options, **({"ask": ask} if takes_ask else {}))
    except (RigError, TypeError) as error:
        raise RigError(f"{binding.where}: adapter {binding.adapter}: {error}") from error
    return adapter


def check_port(port: str, adapter: Adapter, binding: Binding) -> None:
    """Raise :class:`RigError` unless ``adapter`` has the methods of ``port``."""
    if port not in adapter.provides or not isinstance(adapter, PORTS[port]):
        raise RigError(f"{binding.where}: expected an adapter with the methods of this port, "
                       f"found {binding.adapter}")


def version(adapter: str) -> str:
    """Return the distribution that ``adapter`` comes from and its version."""
    distribution = adapters()[adapter].dist
    return "unknown" if distribution is None else f"{distribution.name} {distribution.version}"


def _load(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:  # a third party's module may raise anything
        raise RigError(f"adapter {entry.name} cannot be loaded: {error!r}") from error


def _options(kind: Any) -> tuple[set[str], set[str], bool]:
    """Return the options that ``kind`` takes, those it needs, and whether it takes any."""
    parameters = inspect.signature(kind).parameters.values()
    named = [parameter for parameter in parameters
             if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD)
             and parameter.name not in GIVEN_BY_THE_BENCH]
    return ({parameter.name for parameter in named},
            {parameter.name for parameter in named if parameter.default is parameter.empty},
            any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters))
