"""One written plan for several kinds of device."""

from __future__ import annotations

from collections.abc import Callable

from bench.plan import for_device
from bench.records.plan import TestCase

Load = Callable[..., tuple[TestCase, ...]]
Mistakes = Callable[..., list[str]]

PLAN = """\
group: ${row.device.type}-ROL
title: Roles
devices: [esme, gsme]
policy: smwan
sanity: ${row.device.type}-ROL-000
cases:
  - id: ${row.device.type}-ROL-000
    purpose: A ${row.device.type} answers
    verifies: [R-CLK-01]
    ports: [gbcs]
    steps:
      - send: {use_case: ECS42}
        expect: result == 'success'
    bite: [replay-accepted]
  - id: ${row.device.type}-ROL-${row.use_case}
    purpose: ${row.use_case} is refused
    for_each:
      rows: [{use_case: ECS43, of: esme}, {use_case: GCS32, of: gsme}]
      where: row.of == row.device.name
    verifies: [R-CLK-01]
    policy: transfer
    ports: [gbcs]
    steps:
      - send: {use_case: "${row.use_case}"}
        expect: row.device.type == 'ESME' && result == 'success'
    bite: [replay-accepted]
"""


def test_a_plan_gives_a_group_of_its_own_to_each_device(load: Load) -> None:
    cases = load(PLAN)
    assert [(case.id, case.group, case.device, case.sanity, case.policy) for case in cases] == [
        ("ESME-ROL-000", "ESME-ROL", "esme", True, "smwan"),
        ("ESME-ROL-ECS43", "ESME-ROL", "esme", False, "transfer"),
        ("GSME-ROL-000", "GSME-ROL", "gsme", True, "smwan"),
        ("GSME-ROL-GCS32", "GSME-ROL", "gsme", False, "transfer"),
    ]


def test_only_what_an_emulator_can_show_has_a_bite(load: Load) -> None:
    assert {case.device: case.bite for case in load(PLAN.replace("gsme", "ppmid"))} == {
        "esme": ("replay-accepted",), "ppmid": ()}


def test_a_run_takes_the_cases_for_its_device(load: Load) -> None:
    assert [case.id for case in for_device(load(PLAN), "GSME")] == [
        "GSME-ROL-000", "GSME-ROL-GCS32"]


def test_a_case_without_a_row_for_any_device_is_a_mistake(mistakes: Mistakes) -> None:
    assert mistakes(PLAN.replace("of: esme", "of: chf").replace("of: gsme", "of: chf")) == [
        "plan.yaml:15: no row for any of the devices"]


def test_a_plan_has_either_a_device_or_devices(mistakes: Mistakes) -> None:
    said = "plan.yaml:1: a plan has either a device or devices"
    assert said in mistakes(PLAN.replace("title:", "device: esme\ntitle:"))
    assert said in mistakes(PLAN.replace("devices: [esme, gsme]\n", ""))


def test_one_group_for_two_devices_is_a_mistake(mistakes: Mistakes) -> None:
    assert mistakes(PLAN.replace("group: ${row.device.type}-ROL", "group: ALL")) == [
        "plan.yaml:1: group 'ALL' is also in plan.yaml:1 for esme"]


def test_a_wrong_kind_of_device_is_named_by_its_place_in_the_list(mistakes: Mistakes) -> None:
    (found,) = mistakes(PLAN.replace("[esme, gsme]", "[esme, gsmee]"))
    assert found.startswith("plan.yaml:3: devices[1]: Input should be 'esme'")
