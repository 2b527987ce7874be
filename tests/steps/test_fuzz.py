"""The step `fuzz`: what it sends, what it says, and that a device which breaks is named."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from emulated_line import Line

from bench.errors import NotTestableHere, RemoteProtocolError
from bench.protocols.gbcs.message import parse
from bench.protocols.gbcs.structure import CHANGES, WHOLES
from bench.steps.context import Context
from bench.steps.fuzz import Fuzz, Malform, fuzz, malform
from devices.ports import Received, Reception


def wanted(**more: Any) -> Fuzz:
    return Fuzz.model_validate({"use_case": "ECS17b", "layer": "message", "count": 30, **more})


@pytest.mark.parametrize("layer", ["message", "payload", "structure"])
def test_a_sound_meter_survives(context: Context, layer: str) -> None:
    seen = fuzz(context, wanted(layer=layer)).values
    assert seen["sent"] > 20
    assert seen["deviations"] == []
    assert seen["silenced_by"] == ""


def test_nothing_that_is_not_authentic_is_answered(context: Context) -> None:
    seen = fuzz(context, wanted(count=100)).values
    assert set(seen["outcomes"]) == {"silence"}
    assert seen["successes"] == []


def test_a_seed_gives_the_same_messages_again(context: Context) -> None:
    def drawn(seed: int) -> list[bytes]:
        context.parties._last.clear()
        frames = fuzz(context, wanted(count=10, seed=seed)).frames
        return [frame.octets for frame in frames if frame.direction == "sent"]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_nothing_is_left_where_the_command_was_given(
    context: Context, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fuzz(context, wanted(count=10, seed=3))
    assert list(tmp_path.iterdir()) == []


def test_what_silences_the_device_is_named_and_nothing_follows(
    context: Context, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    handle, sent = line.meter.handle, []

    def fragile(octets: bytes) -> list[bytes]:
        sent.append(octets)
        return handle(octets) if len(sent) < 9 else []

    monkeypatch.setattr(line.meter, "handle", fragile)
    seen = fuzz(context, wanted()).values
    # whatever follows would be sent to a device that is known to be silent
    assert seen["silenced_by"] in {
        octets.hex().upper() or "an empty message" for octets in sent[-2:]}
    assert len(sent) <= 10


def test_what_the_device_answers_wrongly_is_a_deviation(context: Context, line: Line) -> None:
    line.arrived.append(Received(Reception.MESSAGE, b"\xdf\x09"))
    assert fuzz(context, wanted(count=2)).values["deviations"] != []


def test_without_hypothesis_it_is_not_testable_here(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    with pytest.raises(NotTestableHere, match=r"smip-bench\[fuzz\]"):
        fuzz(context, wanted())


@pytest.mark.parametrize("change", [*CHANGES, *WHOLES])
@pytest.mark.parametrize("use_case", ["ECS24", "ECS38"])
def test_a_sound_meter_takes_no_untrue_length_or_count(
    context: Context, use_case: str, change: str
) -> None:
    seen = malform(context, Malform(use_case=use_case, change=change)).values
    assert seen["sent"] > 0
    assert (seen["successes"], seen["deviations"], seen["silenced_by"]) == ([], [], "")


def test_a_meter_that_reads_on_is_found(context: Context, line: Line) -> None:
    handle = line.meter.handle

    def lenient(octets: bytes) -> list[bytes]:
        for end in range(len(octets), len(octets) - 3, -1):
            try:
                parse(octets[:end])
                return handle(octets[:end])
            except RemoteProtocolError:
                continue
        return handle(octets)

    line.meter.handle = lenient
    assert malform(context, Malform(use_case="ECS24", change="trailing")).values["successes"]
