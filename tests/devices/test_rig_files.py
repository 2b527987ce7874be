"""A rig file is read whole or refused with file and line; a rig is opened and given back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, ClassVar

import pytest

from bench.errors import LinkError, NotTestableHere, RigError
from devices import binding, rig
from devices.adapters.operator import Operator
from devices.adapters.serial_line import SerialLine
from devices.profile import Profile, load_profile
from devices.rig import RigDeclaration, load_rig, open_rig

SHIPPED = ("devices/rigs/emulated-esme.yaml", "devices/rigs/bench-serial.yaml")

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def put(text: str) -> Path:
        path = tmp_path / "rig.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    """The shipped profile, with a folder of keys."""
    text = Path(load_profile("devices/profiles/emulated-esme.yaml").path).read_text("utf-8")
    (tmp_path / "keys").mkdir()
    (tmp_path / "meter.yaml").write_text(text + "  keys: keys\n", encoding="utf-8")
    return load_profile(tmp_path / "meter.yaml")


class Recorder:
    """A third party's adapter that remembers what became of it."""

    provides = ("mains",)
    emulated = False
    made: ClassVar[list[Recorder]] = []

    def __init__(self, *, tag: str = "", ask: object = None, fails: bool = False) -> None:
        self.tag, self.ask, self.fails = tag, ask, fails
        self.calls: list[str] = []
        Recorder.made.append(self)

    def activate(self) -> None:
        self.calls.append("activate")
        if self.fails:
            raise LinkError("no answer")

    def deactivate(self) -> None:
        self.calls.append("deactivate")

    def set_voltage(self, volts: float) -> None: ...

    def off(self) -> None: ...

    def on(self) -> None: ...


class Pretender:
    """Says that it serves tamper, and does not."""

    provides = ("tamper",)
    emulated = True

    def activate(self) -> None: ...

    def deactivate(self) -> None: ...


class Anything:
    """Takes any option."""

    provides = ("mains",)
    emulated = False

    def __init__(self, **options: object) -> None:
        raise RigError("colour: expected blue, found red")


@pytest.fixture
def third_party(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Adapters of a distribution that is not ours."""
    real = binding.adapters()
    extra = {name: EntryPoint(name, value, binding.GROUP) for name, value in {
        "recorder": f"{__name__}:Recorder", "pretender": f"{__name__}:Pretender",
        "anything": f"{__name__}:Anything", "broken": "no_such_module:Nothing",
    }.items()}
    monkeypatch.setattr(binding, "adapters", lambda: {**real, **extra})
    Recorder.made = []
    yield
    Recorder.made = []


def rig_text(ports: str, head: str = "") -> str:
    return f"rig: bench\nserves: esme\n{head}ports:\n{ports}"


def refusal(path: Path) -> str:
    with pytest.raises(RigError) as caught:
        load_rig(path)
    text = str(caught.value)
    assert all(re.match(rf"{re.escape(str(path))}:\d+: ", line) for line in text.splitlines())
    return text


@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_rigs_read_from_an_empty_folder(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    declaration = load_rig(name)
    assert set(declaration.ports) == {"gbcs", "time", "load", "mains", "controls", "tamper"}
    assert declaration.serves == "esme"
    assert declaration.emulated == ("emulated" in name)
    assert json.loads(json.dumps(declaration.describe())) == declaration.describe()


def test_a_rig_that_says_so_is_emulated(write: Write) -> None:
    assert load_rig(write(rig_text(
        "  gbcs: {adapter: serial, url: x}\n", "emulated: true\n"))).emulated


@pytest.mark.parametrize(("text", "line", "told"), [
    (rig_text("  gbsc: {adapter: serial, url: x}\n"), 4, "a port out of .*did you mean gbcs"),
    (rig_text("  gbcs: {adapter: seriel, url: x}\n"), 4, "an adapter out of .*mean serial"),
    (rig_text("  gbcs:\n    adapter: serial\n    url: x\n    bawd: 1\n"), 7,
     "an option of serial out of .*did you mean baud"),
    (rig_text("  gbcs: {adapter: serial}\n"), 4, "expected the option url of serial"),
    (rig_text("  gbcs: {url: x}\n"), 4, r"gbcs\.adapter: expected the name of an adapter"),
    (rig_text("  gbcs: {adapter: 3}\n"), 4, r"gbcs\.adapter: .*found the number 3"),
    (rig_text("  gbcs: {adapter: wait}\n"), 4, "expected an adapter for this port, found wait"),
    (rig_text("  gbcs: serial\n"), 4, "dictionary"),
    (rig_text("  time: {adapter: wait, clock: 3}\n"), 4, "an option of wait.*found 'clock'"),
    (rig_text('  gbcs: {adapter: serial, url: "${launch.line}"}\n'), 4, "expected a launch"),
    (rig_text('  gbcs: {adapter: serial, url: "${launch.lien}"}\n', "launch: {emulator: esme}\n"),
     5, "after launch.*did you mean line"),
    (rig_text("  time: {adapter: wait}\n", "launch: {emulator: esne}\n"), 3,
     "an emulator out of .*did you mean esme"),
    (rig_text("  time: {adapter: wait}\n", "launch: {emulator: esme, sed: 1}\n"), 3,
     "a key of launch out of .*did you mean seed"),
    (rig_text("  time: {adapter: wait}\n", "launch: {emulator: esme, line: usb}\n"), 3,
     r"launch\.line: expected pty or tcp, found 'usb'"),
    (rig_text("  time: {adapter: wait}\n", "launch: {emulator: esme, seed: -1}\n"), 3,
     r"launch\.seed: expected a whole number"),
    (rig_text("  time: {adapter: wait}\n", "emulated: 1\n"), 3, "emulated: expected true or fal"),
    (rig_text("  time: {adapter: wait}\n", "colour: blue\n"), 3, "a key of the file out of"),
    ("rig: x\nserves: toaster\nports: {time: {adapter: wait}}\n", 2, "a device type: esme"),
    ("rig: x\nserves: esme\nports: {}\n", 3, "ports: expected a mapping of at least one port"),
    ("rig: x\nserves: esme\n", 1, "ports: expected .*, found nothing"),
    ("rig: x\nserves: esme\nports: [", 3, "expected YAML"),
])
def test_a_mistake_is_named_with_its_line(
    write: Write, text: str, line: int, told: str
) -> None:
    path = write(text)
    assert re.search(rf"^{re.escape(str(path))}:{line}: .*{told}", refusal(path), re.MULTILINE)


def test_a_module_that_cannot_be_loaded_is_named(write: Write, third_party: None) -> None:
    assert "broken cannot be loaded" in refusal(write(rig_text("  mains: {adapter: broken}\n")))


def test_what_the_bench_gives_no_rig_file_may_set(write: Write, third_party: None) -> None:
    path = write(rig_text("  mains: {adapter: anything, colour: red, clock: 3}\n"))
    assert "found 'clock'" in refusal(path)
    assert "colour" not in refusal(path)


def opened(
    write: Write, profile: Profile, ports: str, **options: Any
) -> rig.Rig:
    with open_rig(load_rig(write(rig_text(ports))), profile, **options) as it:
        return it


def test_an_open_rig_has_active_adapters_and_gives_them_back(
    write: Write, profile: Profile, third_party: None
) -> None:
    declaration = load_rig(write(rig_text(
        "  mains: {adapter: recorder}\n  gbcs: {adapter: serial, url: 'loop://'}\n")))
    with open_rig(declaration, profile) as it:
        (recorder,) = Recorder.made
        assert it.ports["mains"] is recorder
        assert it.port("mains") is recorder
        assert isinstance(it.ports["gbcs"], SerialLine)
        assert recorder.calls == ["activate"]
        assert it.keys == profile.keys
        assert not it.emulated
    assert recorder.calls == ["activate", "deactivate"]


def test_a_port_that_the_rig_lacks_is_not_testable_here(write: Write, profile: Profile) -> None:
    it = opened(write, profile, "  time: {adapter: wait}\n")
    with pytest.raises(NotTestableHere, match="rig bench has no port mains; it has time"):
        it.port("mains")


def test_ports_with_equal_options_share_an_adapter(write: Write, profile: Profile) -> None:
    it = opened(write, profile, "  load: {adapter: operator, name: A}\n"
                "  mains: {adapter: operator, name: A}\n  tamper: {adapter: operator, name: B}\n")
    assert it.ports["load"] is it.ports["mains"]
    assert it.ports["load"] is not it.ports["tamper"]


def test_a_person_is_asked_the_way_the_caller_says(write: Write, profile: Profile) -> None:
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "open"

    it = opened(write, profile, "  controls: {adapter: operator, name: A}\n"
                "  time: {adapter: wait}\n", ask=ask)
    assert it.ports["controls"].contactor() == "open"
    assert len(asked) == 1
    assert isinstance(it.ports["controls"], Operator)


def test_an_adapter_that_says_it_is_emulated_makes_the_rig_so(
    write: Write, profile: Profile, third_party: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Recorder, "emulated", True)
    assert opened(write, profile, "  mains: {adapter: recorder}\n").emulated


def test_the_ledger_gets_adapters_with_their_versions(
    write: Write, profile: Profile, third_party: None
) -> None:
    it = opened(write, profile, "  time: {adapter: wait}\n  mains: {adapter: recorder}\n")
    assert re.fullmatch(r"smip-bench \d+\.\d+.*", it.describe()["wait"])
    assert it.describe()["recorder"] == "unknown"


def test_the_first_adapters_are_given_back_when_a_later_one_fails(
    write: Write, profile: Profile, third_party: None
) -> None:
    declaration = load_rig(write(rig_text(
        "  mains: {adapter: recorder}\n  gbcs: {adapter: serial, url: /nonexistent/ttyUSB0}\n")))
    with pytest.raises(LinkError, match="absent"), open_rig(declaration, profile):
        pytest.fail("the rig opened")
    assert Recorder.made[0].calls == ["activate", "deactivate"]


@pytest.mark.parametrize(("ports", "told"), [
    ("  tamper: {adapter: pretender}\n", "with the methods of this port, found pretender"),
    ("  mains: {adapter: anything, colour: red}\n", "adapter anything: colour: expected blue"),
    ("  gbcs: {adapter: serial, url: 'loop://', baud: fast}\n", "adapter serial: baud: expected"),
    ("  time: {adapter: stimulus, address: '192.0.2.1:1'}\n", "on loopback"),
])
def test_an_adapter_that_refuses_is_named_with_its_line(
    write: Write, profile: Profile, third_party: None, ports: str, told: str
) -> None:
    with pytest.raises(RigError, match=rf"rig\.yaml:4: ports\.\w+: .*{told}"):
        opened(write, profile, ports)


def test_an_adapter_that_went_away_since_is_named(profile: Profile) -> None:
    gone = binding.Binding("gone", {}, "rig.yaml:4: ports.time")
    declaration = RigDeclaration(Path("rig.yaml"), "bench", "esme", {"time": gone})
    with pytest.raises(RigError, match="an adapter out of"), open_rig(declaration, profile):
        pytest.fail("the rig opened")


def test_a_rig_without_launch_needs_the_device_s_keys(write: Write) -> None:
    bare = load_profile("devices/profiles/emulated-esme.yaml")
    with pytest.raises(RigError, match=r"emulated-esme\.yaml: expected ixit\.keys"):
        opened(write, bare, "  time: {adapter: wait}\n")


def test_a_key_folder_that_went_away_is_named(write: Write, profile: Profile) -> None:
    assert profile.keys is not None
    profile.keys.rmdir()
    with pytest.raises(RigError, match=r"ixit\.keys: expected a folder"):
        opened(write, profile, "  time: {adapter: wait}\n")


@pytest.mark.parametrize(("device", "told"), [
    ("0200000000E50001", ""),
    ("0200000000E50002", "expected the keys of 0200000000E50001, found those of 0200000000E50002"),
    ("02", "expected 16 hexadecimal digits"),
])
def test_the_keys_of_another_device_are_refused(
    write: Write, profile: Profile, device: str, told: str
) -> None:
    assert profile.keys is not None
    (profile.keys / "parties.yaml").write_text(f"device: '{device}'\n")
    if not told:
        assert opened(write, profile, "  time: {adapter: wait}\n").keys == profile.keys
        return
    with pytest.raises(RigError, match=told):
        opened(write, profile, "  time: {adapter: wait}\n")


def test_a_real_device_is_given_no_defect(write: Write, profile: Profile) -> None:
    with pytest.raises(RigError, match="expected a launch to give the defect mac-unchecked to"):
        opened(write, profile, "  time: {adapter: wait}\n", defect="mac-unchecked")


def test_another_type_of_device_is_refused(write: Write, profile: Profile) -> None:
    declaration = load_rig(write(rig_text("  time: {adapter: wait}\n")))
    hub = RigDeclaration(declaration.path, "hub", "chf", declaration.ports)
    with pytest.raises(RigError, match="expected a chf on this rig, found ESME"), \
            open_rig(hub, profile):
        pytest.fail("the rig opened")


def test_what_the_emulator_says_of_itself_is_filled_in(
    write: Write, profile: Profile, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: dict[str, object] = {}

    class Launched:
        def __init__(self, launch: object, profile: object, **options: object) -> None:
            said.update(launch=launch, profile=profile, **options)

        def __enter__(self) -> rig.Emulator:
            return rig.Emulator("loop://", "127.0.0.1:4000", tmp_path)

        def __exit__(self, *_: object) -> None: ...

    monkeypatch.setattr(rig, "launched", partial(Launched))
    text = rig_text('  gbcs: {adapter: serial, url: "${launch.line}"}\n',
                    "launch: {emulator: esme, seed: 5, line: tcp}\n")
    with open_rig(load_rig(write(text)), profile, defect="replay-accepted", seed=2) as it:
        it.ports["gbcs"].send(b"\x01")
        assert it.ports["gbcs"].receive(5).octets == b"\x01"
        assert it.keys == tmp_path
        assert it.emulated
    assert said == {"launch": rig.Launch("esme", 5, "tcp"), "profile": profile,
                    "defect": "replay-accepted", "seed": 2}
