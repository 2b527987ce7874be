"""From a port's entry in a rig file to an adapter: found by entry point, checked, made.

An entry point ``PORT.ADAPTER`` (``dlms.serial``) serves that port alone, so that a rig file may
write ``serial`` for each port and mean the line of that port's protocol. The options that a rig
file may give an adapter are the keyword parameters of its class, less those that the bench itself
gives.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
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
    """One port's adapter, its options as written, and where: ``file:line: ports.<port>``.

    ``entry`` is the name of its entry point, which may have the port before the adapter's name.
    """

    adapter: str
    options: Mapping[str, object]
    where: str
    entry: str = ""

    def __post_init__(self) -> None:
        if not self.entry:
            object.__setattr__(self, "entry", self.adapter)


def adapters() -> dict[str, EntryPoint]:
    """Return adapter name -> entry point of all that is installed."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def entry_name(port: str, adapter: str) -> str:
    """Return the name of the entry point of ``adapter`` on ``port``: that port's own first."""
    own = f"{port}.{adapter}"
    return own if own in adapters() else adapter


def mistakes(port: str, adapter: str, options: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Yield (option or "", what is wrong) of an entry, without making the adapter."""
    found = adapters()
    entry = entry_name(port, adapter)
    if entry not in found or (entry == adapter and "." in adapter):
        yield "", unknown("an adapter", adapter, _names_on(port, found))
        return
    try:
        kind = _load(found[entry])
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
    if binding.entry not in found:
        raise RigError(f"{binding.where}: {unknown('an adapter', binding.adapter, found)}")
    try:
        kind = _load(found[binding.entry])
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


def version(entry: str) -> str:
    """Return the distribution that an adapter comes from and its version."""
    distribution = adapters()[entry].dist
    return "unknown" if distribution is None else f"{distribution.name} {distribution.version}"


def _names_on(port: str, entries: Iterable[str]) -> set[str]:
    """Return the names by which a rig file may name an adapter of ``port``."""
    parts = (entry.rpartition(".") for entry in entries)
    return {adapter for own, _, adapter in parts if own in ("", port)}


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
