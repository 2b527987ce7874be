"""Every mistake that a plan author can make is found, with file and line."""

from __future__ import annotations

import pytest
from plan_examples import GOOD, HEAD

LINES = {text: number for number, text in enumerate(GOOD.splitlines(), start=1)}


def line_of(fragment: str) -> int:
    (line,) = [number for text, number in LINES.items() if fragment in text]
    return line


SINGLE = [
    # what is written, what it becomes, the line of the mistake, what is said
    ("title: Supply state", "titel: Supply state", "title: Supply", "unknown key 'titel'"),
    ("device: esme", "device: toaster", "device: esme", "device: Input should be 'esme'"),
    ("group: ESME-SUP\n", "group: ESME SUP\n", "group: ESME-SUP", "group: String should match"),
    ("    tags: [supply]", "    tag: [supply]", "tags: [supply]", "unknown key 'tag'"),
    ("id: ESME-SUP-004", "id: 4", "id: ESME-SUP-004", "id: Input should be a valid string"),
    ("id: ESME-SUP-004", "id: ESME SUP", "id: ESME-SUP-004", "id 'ESME SUP': letters and digits"),
    ("id: ESME-SUP-004", "id: ESME-${row.x}", "id: ESME-SUP-004", "cases with for_each only"),
    ("observe_contactor: {}", "observe_contacter: {}", "observe_contactor",
     "unknown action 'observe_contacter'; did you mean observe_contactor?"),
    ("name: disable", "naem: disable", "send: {use_case: ECS43",
     "a step has exactly one action, this one send, naem"),
    ("name: disable", "name: Disable-1", "name: disable", "name 'Disable-1': lower-case"),
    ("name: disable", "name: disabled", "that: steps.disable",
     "no earlier step is named 'disable'; did you mean disabled?"),
    ("name: disable", "repeat: 0\n        name: disable", "name: disable",
     "repeat is a number from 1 or a template, not 0"),
    ("use_case: ECS43, as", "usecase: ECS43, as", "send: {use_case: ECS43",
     "send: unknown key 'usecase'"),
    ("use_case: ECS43, as", "as", "send: {use_case: ECS43", "send: missing key 'use_case'"),
    ("{use_case: ECS42}", "{use_case: ECS42, value: many}", "send: {use_case: ECS42",
     "send: value: Input should be a valid integer"),
    ("{use_case: ECS42}", "{use_case: ECS42, wait: longer}", "send: {use_case: ECS42",
     "send: wait: Input should be 'response' or 'alert'"),
    ("{use_case: ECS42}", "{use_case: ECS42, vaule: '${steps.disable.codes}'}",
     "send: {use_case: ECS42", "send: unknown key 'vaule'"),
    ("- press:", "- {press: {}, name: disable}", "press:",
     "an earlier step is named 'disable' too"),
    ("{use_case: ECS42}", "ECS42", "send: {use_case: ECS42", "send takes arguments by name"),
    ("{use_case: ECS42}", "{use_case: '${steps.disable.result'}", "send: {use_case: ECS42",
     "template without end"),
    ("{use_case: ECS42}", "{use_case: '${1 +}'}", "send: {use_case: ECS42", "not an expression"),
    ("{use_case: ECS42}", "{use_case: '${result}'}", "send: {use_case: ECS42",
     "no variable 'result' here"),
    ("{use_case: ECS42}", "{use_case: '${steps.never.result}'}", "send: {use_case: ECS42",
     "no earlier step is named 'never'"),
    ("expect: result == 'success'", "expect: result ==", "expect: result ==",
     "not an expression: 'result ==': column 10"),
    ("expect: result == 'success'", "expect: reslt == 'success'", "expect: result ==",
     "no variable 'reslt' here; did you mean result?; known are codes, ics, ixit, result"),
    ("expect: result == 'success'", "expect: row.x == 1", "expect: result ==",
     "row is known in cases with for_each only"),
    ("expect: result == 'success'", "expect: now() > 1", "expect: result ==", "no function 'now'"),
    ("expect: result == 'success'", "expect: []", "expect: result ==", "expect is empty"),
    ("expect: result == 'success'", "expect: [{thta: 'true'}]", "expect: result ==",
     "expect: unknown key 'thta'"),
    ("expect: result == 'success'", "expect: ixit.respons_timeout_s > 1", "expect: result ==",
     "no item ixit.respons_timeout_s; did you mean response_timeout_s"),
    ("that: steps.disable.result", "that: steps.disable.contactor", "that: steps.disable",
     "step 'disable' does not observe 'contactor'"),
    ("that: steps.disable.result", "that: steps", "that: steps.disable", "say which step"),
    ("cites: [R-CLK-01]", "cites: [SMETS2/5.6.3.12]", "that: steps.disable",
     "cites 'SMETS2/5.6.3.12', which the case does not verify"),
    ("cites: [R-CLK-01]", "cites: []", "that: steps.disable", "cites: List should have at least"),
    ("applies: ics.supply_switch", "applies: ics.supply_swich", "applies: ics",
     "no item ics.supply_swich; did you mean supply_switch?"),
    ("applies: ics.supply_switch", "applies: result == 1", "applies: ics", "no variable 'result'"),
    ("[SMETS2/5.6.3.11@1F2E3D4C, R-CLK-01]", "[SMETS2/5.6.3.1@1F2E3D4C, R-CLK-01]", "verifies:",
     "no requirement 'SMETS2/5.6.3.1'; did you mean SMETS2/5.6.3.1"),
    ("[SMETS2/5.6.3.11@1F2E3D4C, R-CLK-01]", "[R-CLK-01, R-CLK-01]", "verifies:",
     "R-CLK-01 is listed twice"),
    ("[SMETS2/5.6.3.11@1F2E3D4C, R-CLK-01]", "['R-CLK-01@maybe']", "verifies:",
     "'R-CLK-01@maybe' is no link"),
    ("[SMETS2/5.6.3.11@1F2E3D4C, R-CLK-01]", "[]", "verifies:", "verifies: List should have"),
    ("ports: [gbcs, controls]", "ports: [gbcs]", "press:", "uses port 'controls'"),
    ("ports: [gbcs, controls]", "ports: [gbcs, controls, lod]", "ports:",
     "no port 'lod'; did you mean load?"),
    ("bite: [supply-enabled-from-disabled]", "bite: [supply-enabled]", "bite:",
     "no defect 'supply-enabled'; did you mean supply-enabled-from-disabled?"),
    ("    purpose: A disabled", "    id: AGAIN\n    purpose: A disabled", "purpose: A disabled",
     "key 'id' stands here twice"),
    ("tags: [supply]", "tags: [supply", "", "not YAML"),
    ("tags: [supply]", "tags: !!python/name:os.system [supply]", "tags: [supply]",
     "tag 'python/name:os.system' is not part of a plan"),
    ("tags: [supply]", "tags: [!!int many]", "tags: [supply]", "'many' is no int"),
    ("tags: [supply]", "tags: [!!python/name:os.system supply]", "tags: [supply]",
     "tag 'python/name:os.system' is not part of a plan"),
]


@pytest.mark.parametrize(("written", "becomes", "at", "said"), SINGLE,
                         ids=[f"{number:02}-{case[3][:40]}" for number, case in enumerate(SINGLE)])
def test_a_mistake_is_told_with_its_line(mistakes, written, becomes, at, said):
    assert GOOD.count(written) == 1
    found = mistakes(GOOD.replace(written, becomes))
    wanted = f"plan.yaml:{line_of(at)}: " if at else "plan.yaml:"
    assert any(text.startswith(wanted) and said in text for text in found), found


def test_the_plan_without_mistakes_loads(load):
    (case,) = load(GOOD)
    assert case.id == "ESME-SUP-004"


def test_all_mistakes_of_all_files_are_told_at_once(mistakes):
    first = GOOD.replace("ics.supply_switch", "ics.x").replace("result == 'success'\n", "resul\n")
    second = GOOD.replace("ESME-SUP\n", "OTHER\n").replace("name: disable", "name: other")
    found = mistakes(first, second=second)
    assert [text.split(": ")[0] for text in found] == [
        f"plan.yaml:{line_of('applies')}", f"plan.yaml:{line_of('expect: result')}",
        f"second.yaml:{line_of('id: ESME-SUP-004')}", f"second.yaml:{line_of('that: steps')}",
    ]


def test_a_wrong_head_does_not_hide_the_mistakes_of_the_cases(mistakes):
    found = mistakes(GOOD.replace("title:", "titel:").replace("ics.supply_switch", "ics.x"))
    assert [text.partition(": ")[2].split(";")[0] for text in found] == [
        "missing key 'title'", "unknown key 'titel'", "no item ics.x"]


def test_the_same_id_in_two_files_is_told_with_the_other_place(mistakes):
    other = GOOD.replace("group: ESME-SUP", "group: ESME-TWO")
    (found,) = mistakes(GOOD, second=other)
    assert found == f"second.yaml:5: id 'ESME-SUP-004' is also that of {found.split('of ')[-1]}"
    assert found.endswith("plan.yaml:5")


def test_a_group_has_one_file(mistakes):
    (found,) = mistakes(GOOD, second=GOOD.replace("SUP-004", "SUP-005"))
    assert found.startswith("second.yaml:1: group 'ESME-SUP' is also in ")


def test_the_sanity_case_must_exist_and_be_one(mistakes):
    (found,) = mistakes(GOOD.replace("device: esme", "sanity: ESME-SUP-000\ndevice: esme"))
    assert found == "plan.yaml:3: no case 'ESME-SUP-000' in this group"
    two = GOOD.replace("    tags:", "    sanity: true\n    tags:")
    two += two.removeprefix(HEAD).replace("SUP-004", "SUP-005")
    (found,) = mistakes(two)
    assert "one sanity case a group, not ESME-SUP-004, ESME-SUP-005" in found


REPLAYED = "      - send: {use_case: ECS42}\n      - replay:\n          of: "


@pytest.mark.parametrize(("of", "said"), [
    ("disabel", "no earlier step is named 'disabel'; did you mean disable?"),
    ("later", "no earlier step is named 'later'"),
    ("contactor", "step 'contactor' is observe_contactor, not send"),
])
def test_a_replay_is_of_a_message_that_was_sent_earlier(mistakes, of, said):
    text = GOOD.replace("contactor: {}\n", "contactor: {}\n        name: contactor\n")
    text = text.replace("      - send: {use_case: ECS42}\n",
                        f"{REPLAYED}{of}\n        name: later\n")
    (found,) = mistakes(text)
    line = text.splitlines().index(f"          of: {of}") + 1
    assert found == f"plan.yaml:{line}: {said}"


@pytest.mark.parametrize("of", ["disable", "'${ixit.any}'"])
def test_a_replay_of_an_earlier_message_or_of_a_template_is_in_order(mistakes, load, of):
    text = GOOD.replace("      - send: {use_case: ECS42}\n", f"{REPLAYED}{of}\n")
    if of == "disable":
        assert load(text)
    else:  # the run must find it; loading has nothing to say but that there is no such item
        assert [found.partition(": ")[2] for found in mistakes(text)] == ["no item ixit.any"]


@pytest.mark.parametrize(("text", "said"), [
    ("", "plan.yaml:1: the file is empty"),
    ("- a\n", "plan.yaml:1: Input should be"),
    ("group: G\ntitle: t\ndevice: esme\ncases: []\n", "plan.yaml:4: cases: List should have"),
    ("group: G\ntitle: t\ndevice: esme\ncases: [text]\n", "plan.yaml:4: Input should be"),
    ("1: a\n? [x]\n: b\n", "plan.yaml:2: keys must be texts"),
])
def test_a_file_that_is_no_plan_is_told(mistakes, text, said):
    assert any(found.startswith(said) for found in mistakes(text)), mistakes(text)


def test_a_file_that_is_not_text_is_told(mistakes, tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"group: \xff\n")
    assert mistakes(GOOD) == ["binary.yaml:1: not UTF-8 text: invalid start byte"]
