"""What the documents say about devices is true: their code runs, their tables are the code's."""

from __future__ import annotations

import re
import socket
import sys
import threading
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

from bench.errors import LinkError, NotTestableHere, RigError
from bench.resources import ROOT
from devices import binding, dlms_keys
from devices.declaration_items import ICS_ITEMS, IXIT_ITEMS, Item
from devices.dlms_declaration import Association, DlmsDeclaration, Firmware, Hdlc, Wrapper
from devices.dlms_images import Images
from devices.dlms_names import ALTERNATIVES, CONFORMANCE, CONTEXTS, LINKS, MECHANISMS
from devices.dlms_objects import read_objects
from devices.ports import PORTS, Mains
from devices.profile import load_profile
from devices.rig import load_rig

GUIDE = ROOT / "docs" / "writing-an-adapter.md"
OWN_DEVICE = ROOT / "docs" / "your-own-device.md"


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def table(items: Mapping[str, Item]) -> str:
    rows = ["| item | answer | meaning |", "|---|---|---|"]
    for name, item in items.items():
        answer = "text" if item.kind is str else item.expected
        default = "" if item.default in (None, "") else f", default {str(item.default).lower()}"
        optional = " (optional)" if item.default == "" else ""
        rows.append(f"| `{name}` | {answer}{default}{optional} | {item.meaning} |")
    return "\n".join(rows)


@pytest.mark.parametrize("items", [ICS_ITEMS, IXIT_ITEMS], ids=["ics", "ixit"])
def test_the_tables_of_items_are_those_of_the_code(items: Mapping[str, Item]) -> None:
    assert table(items) in OWN_DEVICE.read_text("utf-8")


def test_the_declaration_of_a_dlms_meter_is_explained_key_by_key() -> None:
    text = OWN_DEVICE.read_text("utf-8").partition("## 4. A DLMS meter")[2]
    for schema in (DlmsDeclaration, Firmware, Hdlc, Wrapper, Association):
        for name in schema.model_fields:
            shared = name.startswith(("max_information_", "window_"))
            assert f"`{name}`" in text or (shared and f"_{name.rpartition('_')[2]}`" in text), name
    for names in (CONFORMANCE, CONTEXTS, MECHANISMS, LINKS, dlms_keys.SYMMETRIC, dlms_keys.NAMES):
        assert all(f"`{name.replace('dlms-keys.yaml', '.yaml')}`" in text for name in names), names
    for name, point in ALTERNATIVES.items():
        choices = ", ".join(f"`{choice}`" for choice in point.choices)
        assert f"| `{name}` | {choices} | {point.meaning} |" in text, name


def test_the_guide_s_objects_images_and_keys_of_a_dlms_meter_are_taken(tmp_path: Path) -> None:
    section = OWN_DEVICE.read_text("utf-8").partition("## 4. A DLMS meter")[2]
    (objects, images), (keys,) = (re.findall(rf"```{kind}\n(.*?)```", section, re.DOTALL)
                                  for kind in ("yaml", "json"))
    (tmp_path / "objects.yaml").write_text(objects, "utf-8")
    assert len(read_objects("objects.yaml", tmp_path)) == 2
    declared = Images.model_validate(YAML(typ="safe").load(images)["images"])
    assert (declared.test.text, declared.activation_s) == ("2.1.0", 300)
    (tmp_path / "dlms-keys.json").write_text(keys, "utf-8")
    (tmp_path / "dlms-keys.json").chmod(0o600)
    dlms = load_profile("devices/profiles/emulated-dlms-meter.yaml").ixit["dlms"]
    held = dlms_keys.load(tmp_path)
    assert set(held.sets) == {"lls", "hls"}
    dlms_keys.check(held, {"associations": {name: one for name, one in dlms["associations"].items()
                                            if one["keys"] in (None, *held.sets)}})


@pytest.fixture
def example(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The guide's module, installed under the entry point that the guide gives it."""
    module = ModuleType("your_package.ac_source")
    exec(compile(block("python"), str(GUIDE), "exec"), module.__dict__)
    name, target = re.findall(r"^(\S+) = \"(.*)\"$", block("toml"), re.MULTILINE)[0]
    assert f'[project.entry-points."{binding.GROUP}"]' in block("toml")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    real = binding.adapters()
    monkeypatch.setattr(
        binding, "adapters", lambda: {**real, name: EntryPoint(name, target, binding.GROUP)})
    return module


class Source:
    """An instrument that answers commands, and remembers them."""

    def __init__(self, answer: bytes) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.commands: list[bytes] = []
        self._answer = answer
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        peer, _ = self._listening.accept()
        with peer, peer.makefile("rb") as lines:
            for line in lines:
                self.commands.append(line)
                peer.sendall(self._answer)

    def close(self) -> None:
        self._listening.close()
        self._thread.join(10)


@pytest.fixture(params=[b"1\n"])
def source(request: pytest.FixtureRequest) -> Iterator[Source]:
    instrument = Source(request.param)
    yield instrument
    instrument.close()


def test_the_guide_s_rig_names_the_guide_s_adapter(example: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "rig.yaml").write_text(block("yaml"), encoding="utf-8")
    assert load_rig(tmp_path / "rig.yaml").ports["mains"].adapter == "ac-source"


def test_the_guide_s_adapter_does_what_its_port_says(example: ModuleType, source: Source) -> None:
    adapter = example.AcSource(host="127.0.0.1", tcp_port=source.port)
    assert isinstance(adapter, Mains)
    adapter.activate()
    adapter.set_voltage(253)
    adapter.off()
    adapter.on()
    with pytest.raises(NotTestableHere, match="400 V asked for"):
        adapter.set_voltage(400)
    adapter.deactivate()
    source.close()
    assert source.commands == [
        b"VOLT 253;*OPC?\n", b"OUTP OFF;*OPC?\n", b"OUTP ON;*OPC?\n"]


@pytest.mark.parametrize("source", [b"0\n"], indirect=True)
def test_the_guide_s_adapter_remembers_its_first_failure(
    example: ModuleType, source: Source
) -> None:
    adapter = example.AcSource(host="127.0.0.1", tcp_port=source.port)
    adapter.activate()
    with pytest.raises(LinkError, match="refused OUTP OFF") as first:
        adapter.off()
    with pytest.raises(LinkError) as second:
        adapter.on()
    assert first.value is second.value is adapter.failure
    adapter.deactivate()


def test_the_guide_s_adapter_refuses_what_it_cannot_use(example: ModuleType) -> None:
    with pytest.raises(RigError, match="max_volts"):
        example.AcSource(host="127.0.0.1", max_volts=0)


def test_the_guide_lists_the_adapters_and_ports_that_there_are() -> None:
    rows = re.findall(r"^\| `([\w.]+)` \| ([\w, ]+) \|", GUIDE.read_text("utf-8"), re.MULTILINE)
    told: dict[str, Any] = {name: set(ports.split(", ")) for name, ports in rows}
    ours = {name: set(entry.load().provides) for name, entry in binding.adapters().items()
            if entry.dist is not None and entry.dist.name == "smip-bench"}
    assert told == ours
    assert {"dlms"}.union(*told.values()) == set(PORTS)
