"""A DLMS meter in a folder, at the end of a line that nothing comes from.

What it says of itself is set by the tests, in the bench's own tables of how a device is asked.
"""

from __future__ import annotations

from pathlib import Path

from bench.resources import ROOT
from devices import dlms_keys
from devices.ports import Arrival, Arrived

PROFILE = ROOT / "devices/profiles/emulated-dlms-meter.yaml"
RIG = """\
rig: line
serves: dlms-meter
link: hdlc
ports:
  dlms: {adapter: silent}
  time: {adapter: wait}
"""


class Line:
    """Takes everything, says nothing."""

    provides = ("dlms",)
    emulated = True
    framing = "hdlc"

    def activate(self) -> None: ...

    def deactivate(self) -> None: ...

    def connect(self) -> None: ...

    def disconnect(self) -> None: ...

    def send(self, octets: bytes) -> None: ...

    def receive(self, timeout: float) -> Arrived:
        return Arrived(b"", 0.0, Arrival.SILENCE)


def write_meter(folder: Path, rig: str = "") -> tuple[Path, Path]:
    """Write a profile with its keys and a rig; return both files."""
    text = PROFILE.read_text("utf-8").replace("ixit:", "ixit:\n  keys: keys", 1).replace(
        ": emulated-dlms", f": {PROFILE.parent}/emulated-dlms")
    dlms_keys.make(folder / "keys", dict.fromkeys(
        ("lls", "hls", "authenticated", "encrypted"), 0))
    (folder / "meter.yaml").write_text(text, "utf-8")
    (folder / "rig.yaml").write_text(rig or RIG, "utf-8")
    return folder / "meter.yaml", folder / "rig.yaml"
