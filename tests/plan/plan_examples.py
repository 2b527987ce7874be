"""A small vocabulary, a small catalogue and a good plan, so that these tests need no other room."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from bench.records.requirement import Provenance, Requirement
from bench.steps.context import Context
from bench.steps.vocabulary import Action, Arguments, EarlierStep, Observation


class Send(Arguments):
    use_case: str
    role: str = Field("supplier", alias="as")
    wait: Literal["response", "alert"] = "response"
    value: int = 0
    nested: dict[str, int] = Field(default_factory=dict)


class Replay(Arguments):
    source: Annotated[str, Field(alias="of"), EarlierStep(("send",))]


class Nothing(Arguments):
    pass


def never(context: Context, arguments: Arguments) -> Observation:
    raise AssertionError("loading a plan performs nothing")


VOCABULARY: dict[str, Action[Any]] = {
    "send": Action("send", "gbcs", Send, {"result": "", "values": "", "codes": ""}, never),
    "replay": Action("replay", "gbcs", Replay, {"result": ""}, never),
    "observe_contactor": Action(
        "observe_contactor", "controls", Nothing, {"contactor": ""}, never),
    "press": Action("press", "controls", Nothing, {}, never),
}
DEFECTS = {"supply-enabled-from-disabled", "replay-accepted"}
FINGERPRINTS = {
    "SMETS2/5.6.3.11": "1F2E3D4C", "SMETS2/5.6.3.12": "00AA00BB", "R-CLK-01": "0BADCAFE",
}

HEAD = """\
group: ESME-SUP
title: Supply state
device: esme
cases:
"""

GOOD = HEAD + """\
  - id: ESME-SUP-004
    purpose: A disabled supply stays disabled
    verifies: [SMETS2/5.6.3.11@1F2E3D4C, R-CLK-01]
    applies: ics.supply_switch
    ports: [gbcs, controls]
    preamble:
      - send: {use_case: ECS43, as: supplier}
        expect: result == 'success'
        name: disable
    steps:
      - press:
      - observe_contactor: {}
        expect:
          - contactor == 'open'
          - {that: steps.disable.result == 'success', cites: [R-CLK-01]}
    postamble:
      - send: {use_case: ECS42}
    bite: [supply-enabled-from-disabled]
    tags: [supply]
"""


def requirement(id_: str, fingerprint: str) -> Requirement:
    return Requirement(
        id=id_, specification="SMETS2", version="v5", clause="1", text="text", devices=("ESME",),
        domain="functional", strength="mandatory", introduced_in="SMETS2",
        provenance=Provenance.READ, source="test", fingerprint=fingerprint,
    )


CATALOGUE = {id_: requirement(id_, mark) for id_, mark in FINGERPRINTS.items()}
