"""The declaration of a rig, from YAML, and the rig itself: ports bound to active adapters.

::

    rig: emulated-esme                # its name
    serves: esme                      # the device type that can be put on it
    emulated: true                    # optional: what answers is software (see Rig.emulated)
    link: hdlc                        # with port dlms: one of devices.dlms_names.LINKS
    launch: {emulator: esme}          # optional: seed (number, default 0), line (pty or tcp)
    ports:
      gbcs: {adapter: serial, url: "${launch.line}"}
      time: {adapter: stimulus, address: "${launch.stimulus}"}

A port names an adapter (:mod:`devices.binding`); the other keys are the adapter's own options.
Ports with the same adapter and options share one instance. ``${launch.X}`` is what the launched
emulator says of itself (:mod:`devices.launch`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from bench.errors import NotTestableHere, RigError
from bench.resources import resolve
from devices import dlms_keys
from devices.binding import (
    Binding,
    adapters,
    check_port,
    entry_name,
    make,
    mistakes,
    version,
)
from devices.declaration import Declaration, Location, Schema, show, unknown
from devices.device_types import DEVICE_TYPES
from devices.dlms_names import LINKS
from devices.launch import EMULATORS, Emulator, Launch, launched
from devices.pki import DEVICE, PARTIES_FILE, read_parties
from devices.ports import PORTS, Adapter
from devices.profile import Profile

_PLACE = re.compile(r"\$\{launch\.([a-z_]+)\}")
_LAUNCHED = ("line", "stimulus")


@dataclass(frozen=True, slots=True)
class RigDeclaration:
    """A rig as its file declares it; ``path`` is that file."""

    path: Path
    name: str
    serves: str
    ports: Mapping[str, Binding]
    launch: Launch | None = None
    emulated: bool = False  # declared so, or launches an emulator; an adapter may say so too
    link: str = ""  # of port dlms, one of devices.dlms_names.LINKS

    @property
    def traits(self) -> frozenset[str]:
        """What cases and defects may ask of its link; nothing where there is no port dlms."""
        return LINKS[self.link].traits if self.link else frozenset()

    def describe(self) -> Mapping[str, object]:
        """Return the declaration as plain JSON values, for the ledger."""
        launch = self.launch
        return {
            "rig": self.name,
            "serves": self.serves,
            "emulated": self.emulated,
            **({"link": self.link} if self.link else {}),
            "launch": None if launch is None else {
                "emulator": launch.emulator, "seed": launch.seed, "line": launch.line},
            "ports": {
                port: {"adapter": binding.adapter,
                       **{name: _plain(value) for name, value in binding.options.items()}}
                for port, binding in self.ports.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Rig:
    """An open rig. ``keys`` is the folder of the keys of the remote parties, or of a DLMS meter's;
    None where its associations need none.

    ``emulated`` is True when the rig launched an emulator, any adapter says that software
    answers it, or the rig file says so.
    """

    name: str
    ports: Mapping[str, Any]  # port name -> active adapter
    keys: Path | None
    emulated: bool
    adapters: Mapping[str, str]  # adapter name -> distribution and version

    def port(self, name: str) -> Any:
        """Return the adapter of port ``name``; :class:`NotTestableHere` if the rig has none."""
        if name not in self.ports:
            raise NotTestableHere(
                f"rig {self.name} has no port {name}; it has {', '.join(sorted(self.ports))}")
        return self.ports[name]

    def describe(self) -> Mapping[str, str]:
        """Return adapter name -> distribution and version, for the ledger."""
        return self.adapters


def load_rig(path: str | Path) -> RigDeclaration:
    """Read and check the rig at ``path`` (or of that name among those that ship with us).

    Raises :class:`RigError` that lists every mistake as ``file:line: what, expected, found``.
    Values of an adapter's options are checked by :func:`open_rig`, which can ask it.
    """
    file = Declaration(resolve(path), RigError)
    schema = file.validate(_Rig)
    file.fail(_mistakes(schema))
    ports = {
        port: Binding(
            str(entry["adapter"]),
            {name: value for name, value in entry.items() if name != "adapter"},
            file.at(("ports", port), f"ports.{port}"),
            entry_name(port, str(entry["adapter"])),
        )
        for port, entry in schema.ports.items()
    }
    launch = None if schema.launch is None else Launch(
        **schema.launch.model_dump(), link=schema.link or "")
    emulated = schema.emulated or launch is not None
    return RigDeclaration(file.path, schema.rig, schema.serves, ports, launch, emulated,
                          schema.link or "")


def software_answers(declaration: RigDeclaration) -> bool:
    """Return whether software stands for the device, by the rig file or by any adapter's word."""
    known = adapters()
    return declaration.emulated or any(
        getattr(known[binding.entry].load(), "emulated", False)
        for binding in declaration.ports.values())


@contextmanager
def open_rig(
    declaration: RigDeclaration,
    profile: Profile,
    *,
    defect: str | None = None,
    seed: int = 0,
    ask: Callable[[str], str] | None = None,
) -> Iterator[Rig]:
    """Launch what is to be launched, activate every adapter, give all back in reverse order.

    ``defect`` is for a launched emulator; ``seed`` is added to the one of the rig file, so that
    several workers' emulators differ. ``ask`` replaces the terminal for an operator. Raises
    :class:`RigError` where the rig cannot be had as declared, :class:`LinkError` where the way
    to the device is broken from the start.
    """
    _check_fit(declaration, profile, defect)
    with ExitStack() as closing:
        places: Mapping[str, str] = {}
        keys: Path | None
        if declaration.launch is not None:
            emulator: Emulator = closing.enter_context(
                launched(declaration.launch, profile, defect=defect, seed=seed))
            keys, places = emulator.keys, {"line": emulator.line, "stimulus": emulator.stimulus}
        else:
            keys = _keys(declaration, profile)
        ports, instances = _bind(declaration, places, ask)
        for adapter in instances:
            adapter.activate()
            closing.callback(adapter.deactivate)
        emulated = declaration.emulated or any(adapter.emulated for adapter in instances)
        versions = {binding.entry: version(binding.entry)
                    for binding in declaration.ports.values()}
        yield Rig(declaration.name, ports, keys, emulated, versions)


class _Launch(Schema):
    emulator: str = Field(description="an emulator's name")
    seed: int = Field(0, ge=0, description="a whole number from 0 up")
    line: Literal["", "pty", "tcp"] = Field("", description="pty or tcp")


class _Rig(Schema):
    rig: str = Field(min_length=1, description="the rig's name")
    serves: str = Field(pattern=f"^({'|'.join(DEVICE_TYPES)})$",
                        description=f"a device type: {', '.join(DEVICE_TYPES)}")
    emulated: bool = Field(False, description="true or false")
    link: str | None = Field(None, pattern=f"^({'|'.join(LINKS)})$",
                             description=f"one of {', '.join(LINKS)}")
    launch: _Launch | None = Field(None, description="a mapping with emulator, seed, line")
    ports: dict[str, dict[str, Any]] = Field(
        min_length=1, description="a mapping of at least one port to its adapter and options")


def _mistakes(schema: _Rig) -> Iterator[tuple[Location, str]]:
    if schema.launch is not None and schema.launch.emulator not in EMULATORS:
        yield ("launch", "emulator"), unknown("an emulator", schema.launch.emulator, EMULATORS)
    if ("dlms" in schema.ports) != (schema.link is not None):
        yield ("link",), (f"link: expected one of {', '.join(LINKS)} for the port dlms, found none"
                          if schema.link is None else
                          "link: expected none, because the rig has no port dlms")
    elif schema.link and LINKS[schema.link].tcp and schema.launch is not None \
            and schema.launch.line == "pty":
        yield ("launch", "line"), f"launch.line: expected tcp for {schema.link}, found 'pty'"
    for port, entry in schema.ports.items():
        if port not in PORTS:
            yield ("ports", port), unknown("a port", port, PORTS)
            continue
        adapter = entry.get("adapter")
        options = {name: value for name, value in entry.items() if name != "adapter"}
        if not isinstance(adapter, str):
            yield ("ports", port), (f"ports.{port}.adapter: expected the name of an adapter, "
                                    f"found {'nothing' if adapter is None else show(adapter)}")
            continue
        for option, mistake in mistakes(port, adapter, options):
            yield ("ports", port, option), f"ports.{port}: {mistake}"
        for option, value in options.items():
            for name in _PLACE.findall(value) if isinstance(value, str) else ():
                if schema.launch is None:
                    yield (("ports", port, option), f"ports.{port}.{option}: expected a launch "
                           f"in this rig for ${{launch.{name}}}, found none")
                elif name not in _LAUNCHED:
                    yield (("ports", port, option), f"ports.{port}.{option}: "
                           f"{unknown('a name after launch.', name, _LAUNCHED)}")


def _check_fit(declaration: RigDeclaration, profile: Profile, defect: str | None) -> None:
    if profile.subject.device_type.casefold() != declaration.serves:
        raise RigError(f"{declaration.path}: expected a {declaration.serves} on this rig, found "
                       f"{profile.subject.device_type} in {profile.path}")
    dlms = profile.ixit.get("dlms")
    if declaration.link and dlms is not None and LINKS[declaration.link].framing not in \
            dlms["link"]:
        raise RigError(f"{declaration.path}: expected a link that the device has, found "
                       f"{declaration.link}; dlms.link in {profile.path} declares "
                       f"{' and '.join(dlms['link'])}")
    if defect is not None and declaration.launch is None:
        raise RigError(f"{declaration.path}: expected a launch to give the defect {defect} to, "
                       "found none: a rig's own device cannot be made wrong")


def _keys(declaration: RigDeclaration, profile: Profile) -> Path | None:
    dlms = profile.ixit.get("dlms")
    if dlms is not None and not dlms_keys.needed(dlms):
        return None
    if profile.keys is None:
        raise RigError(f"{profile.path}: expected ixit.keys, because rig {declaration.name} "
                       "launches no emulator and makes no keys; found none")
    if not profile.keys.is_dir():
        raise RigError(f"{profile.path}: ixit.keys: expected a folder, found none at "
                       f"{profile.keys}")
    if dlms is not None:
        dlms_keys.check(dlms_keys.load(profile.keys), dlms)
        return profile.keys
    entity_id = str(profile.ixit["entity_id"])
    named = read_parties(profile.keys) if (profile.keys / PARTIES_FILE).exists() else {}
    if DEVICE in named and named[DEVICE] != bytes.fromhex(entity_id):
        raise RigError(f"{profile.path}: ixit.keys: expected the keys of {entity_id}, found "
                       f"those of {named[DEVICE].hex().upper()} in {profile.keys}")
    return profile.keys


def _bind(
    declaration: RigDeclaration, places: Mapping[str, str], ask: Callable[[str], str] | None
) -> tuple[dict[str, Any], tuple[Adapter, ...]]:
    """Return port -> adapter, and each adapter once; none is active yet."""
    made: dict[str, Adapter] = {}
    ports: dict[str, Any] = {}
    for port, binding in declaration.ports.items():
        options = {name: _filled(value, places) for name, value in binding.options.items()}
        instance = f"{binding.entry} {sorted(options.items())!r}"
        if instance not in made:
            made[instance] = make(binding, options, ask)
        check_port(port, made[instance], binding)
        _check_framing(declaration, port, made[instance])
        ports[port] = made[instance]
    return ports, tuple(made.values())


def _check_framing(declaration: RigDeclaration, port: str, adapter: Any) -> None:
    if port == "dlms" and adapter.framing != LINKS[declaration.link].framing:
        raise RigError(f"{declaration.ports[port].where}: expected frames of "
                       f"{LINKS[declaration.link].framing}, because the link is "
                       f"{declaration.link}; found {adapter.framing}")


def _filled(value: object, places: Mapping[str, str]) -> object:
    if not isinstance(value, str):
        return value
    return _PLACE.sub(lambda match: places[match[1]], value)


def _plain(value: object) -> object:
    return value if isinstance(value, str | bool | int | float | None) else str(value)
