"""Each defect of the emulated DLMS meter shows to a client, and none is there without its name."""

from __future__ import annotations

from pathlib import Path

import pytest
from defect_probes import PROBES

from bench.catalogue import load_catalogue
from devices.defects.dlms_meter import BY_SHORT_NAMES, DLMS_METER

EMULATOR = Path(__file__).parents[3] / "devices" / "emulators" / "dlms"


@pytest.mark.parametrize("name", [defect.name for defect in DLMS_METER])
def test_a_client_sees_the_defect(name: str) -> None:
    probe = PROBES[name]
    assert probe(name) != probe()


def test_every_probe_is_of_a_defect() -> None:
    assert {defect.name for defect in DLMS_METER} == set(PROBES)


def test_what_shows_by_short_names_too_is_a_defect() -> None:
    assert {defect.name for defect in DLMS_METER if defect.by_short_names} == BY_SHORT_NAMES


def test_every_defect_breaks_a_requirement_of_the_catalogue() -> None:
    catalogue = load_catalogue()
    assert {one for defect in DLMS_METER for one in defect.breaks} - set(catalogue) == set()


def test_the_emulator_asks_for_no_defect_that_is_not_listed() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in EMULATOR.glob("*.py"))
    for defect in DLMS_METER:
        assert f'"{defect.name}"' in code, defect.name
