"""A rig of a DLMS meter says by which link it is reached, and that must be one that it has."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from bench.errors import RigError
from bench.resources import ROOT
from devices import binding, dlms_keys, rig
from devices.device_types import DEVICE_TYPES
from devices.dlms_names import LINKS
from devices.ports import Arrival, Arrived
from devices.profile import Profile, load_profile
from devices.rig import load_rig, open_rig

RIGS = ROOT / "devices/rigs"
PROFILE = ROOT / "devices/profiles/emulated-dlms-meter.yaml"


class Line:
    """A line that nothing comes from; it takes the options that the shipped rigs give."""

    provides = ("dlms",)
    emulated = True

    def __init__(self, *, url: str, baud: int = 9600, framing: str = "hdlc") -> None:
        self.framing = framing

    def activate(self) -> None: ...

    def deactivate(self) -> None: ...

    def connect(self) -> None: ...

    def disconnect(self) -> None: ...

    def send(self, octets: bytes) -> None: ...

    def receive(self, timeout: float) -> Arrived:
        return Arrived(b"", 0.0, Arrival.SILENCE)


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    found = {**binding.adapters(), **{
        name: EntryPoint(name, f"{__name__}:Line", binding.GROUP)
        for name in ("dlms.serial", "dlms.optical", "dlms.tcp")}}
    monkeypatch.setattr(binding, "adapters", lambda: found)
    monkeypatch.setattr(rig, "adapters", lambda: found)


def bare(tmp_path: Path, link: str, port: str, head: str = "") -> Path:
    path = tmp_path / "rig.yaml"
    path.write_text(f"rig: bare\nserves: dlms-meter\n{link}{head}ports:\n  {port}\n", "utf-8")
    return path


@pytest.fixture
def keyed(tmp_path: Path) -> Profile:
    """The shipped profile with the keys that it names, as one for a real meter has them."""
    text = PROFILE.read_text("utf-8").replace(
        "ixit:", "ixit:\n  keys: keys").replace(
        ": emulated-dlms", f": {PROFILE.parent}/emulated-dlms")
    dlms_keys.make(tmp_path / "keys", dict.fromkeys(
        ("lls", "hls", "authenticated", "encrypted"), 0))
    (tmp_path / "meter.yaml").write_text(text, "utf-8")
    return load_profile(tmp_path / "meter.yaml")


def test_each_link_has_a_shipped_rig_that_launches_the_emulator() -> None:
    kind = DEVICE_TYPES["dlms-meter"]
    rigs = [load_rig(RIGS / f"emulated-{name}.yaml") for name in kind.rigs]
    assert sorted(one.link for one in rigs) == sorted(LINKS)
    assert all(one.launch is not None and one.launch.link == one.link for one in rigs)
    assert all(one.describe()["link"] == one.link for one in rigs)
    assert rigs[2].traits == {"hdlc", "serial", "mode-e"}


@pytest.mark.parametrize("name", ["dlms-serial", "dlms-optical", "dlms-tcp"])
def test_the_examples_of_real_rigs_launch_nothing(name: str) -> None:
    declared = load_rig(RIGS / f"{name}.yaml")
    assert (declared.launch, declared.emulated) == (None, False)
    assert declared.link


@pytest.mark.parametrize(("link", "port", "head", "told"), [
    ("", "dlms: {adapter: serial, url: x}", "", "link: expected one of hdlc, .*found none"),
    ("link: usb\n", "dlms: {adapter: serial, url: x}", "", ":3: link: expected one of .*'usb'"),
    ("link: hdlc\n", "time: {adapter: wait}", "", "link: expected none, because the rig has no po"),
    ("link: wrapper\n", "dlms: {adapter: tcp, url: x, framing: wrapper}",
     "launch: {emulator: dlms-meter, line: pty}\n", ":4: launch.line: expected tcp for wrapper"),
])
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, link: str, port: str, head: str, told: str
) -> None:
    with pytest.raises(RigError, match=told):
        load_rig(bare(tmp_path, link, port, head))


def test_an_open_rig_has_the_keys_of_its_meter(tmp_path: Path, keyed: Profile) -> None:
    path = bare(tmp_path, "link: hdlc\n", "dlms: {adapter: serial, url: x}")
    with open_rig(load_rig(path), keyed) as opened:
        assert opened.keys == tmp_path / "keys"


def test_a_meter_without_keys_needs_no_folder(tmp_path: Path) -> None:
    text = PROFILE.read_text("utf-8")
    keyless = text[:text.index("    lls:")] + text[text.index("  accepts:"):]
    (tmp_path / "open.yaml").write_text(keyless.replace(
        ": emulated-dlms", f": {PROFILE.parent}/emulated-dlms"), "utf-8")
    path = bare(tmp_path, "link: hdlc\n", "dlms: {adapter: serial, url: x}")
    with open_rig(load_rig(path), load_profile(tmp_path / "open.yaml")) as opened:
        assert opened.keys is None


def test_keys_that_the_declaration_names_must_be_there(tmp_path: Path, keyed: Profile) -> None:
    (tmp_path / "keys" / "dlms-keys.json").unlink()
    dlms_keys.make(tmp_path / "keys", {"lls": 0})
    path = bare(tmp_path, "link: hdlc\n", "dlms: {adapter: serial, url: x}")
    with pytest.raises(RigError, match="expected a set out of lls, found 'hls'"), \
            open_rig(load_rig(path), keyed):
        pytest.fail("the rig opened")


def test_a_link_that_the_meter_does_not_have_is_refused(tmp_path: Path, keyed: Profile) -> None:
    text = (tmp_path / "meter.yaml").read_text("utf-8")
    (tmp_path / "meter.yaml").write_text(text.replace(
        "    wrapper: {response_s: 2}\n", "").replace("wrapper: true", "wrapper: false"), "utf-8")
    path = bare(tmp_path, "link: wrapper\n", "dlms: {adapter: tcp, url: x, framing: wrapper}")
    with pytest.raises(RigError, match=r"expected a link that the device has, found wrapper; .*"
                                       r"declares hdlc"), \
            open_rig(load_rig(path), load_profile(tmp_path / "meter.yaml")):
        pytest.fail("the rig opened")


def test_frames_must_be_those_of_the_link(tmp_path: Path, keyed: Profile) -> None:
    path = bare(tmp_path, "link: wrapper\n", "dlms: {adapter: tcp, url: x}")
    with pytest.raises(RigError, match=r"rig\.yaml:5: ports\.dlms: expected frames of wrapper, "
                                       r"because the link is wrapper; found hdlc"), \
            open_rig(load_rig(path), keyed):
        pytest.fail("the rig opened")
