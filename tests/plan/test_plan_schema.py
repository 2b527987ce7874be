"""The exported JSON Schema describes what the loader takes."""

from __future__ import annotations

import re

import pytest
from plan_examples import GOOD, VOCABULARY
from ruamel.yaml import YAML

from bench.plan import plan_schema
from bench.plan.schema import PlanHead, WrittenCase
from bench.steps import VOCABULARY as SHIPPED

KINDS = {"object": dict, "array": list, "string": str, "null": type(None), "boolean": bool}


def errors(schema, value, root):
    """Judge ``value`` by the part of JSON Schema that the export uses."""
    if "$ref" in schema:
        yield from errors(root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, root)
    for key, lawful in (("anyOf", range(1, 100)), ("oneOf", [1])):
        fitting = [one for one in schema.get(key, ()) if not list(errors(one, value, root))]
        if key in schema and len(fitting) not in lawful:
            yield f"{value!r} fits {len(fitting)} of {key}"
    if "type" in schema and not is_kind(value, schema["type"]):
        yield f"{value!r} is no {schema['type']}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is not in {schema['enum']}"
    elif isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{value!r} does not match"
    elif isinstance(value, list):
        yield from errors_of_list(schema, value, root)
    elif isinstance(value, dict):
        yield from errors_of_mapping(schema, value, root)


def errors_of_list(schema, value, root):
    if len(value) < schema.get("minItems", 0):
        yield "too few items"
    for item in value:
        yield from errors(schema.get("items", {}), item, root)


def errors_of_mapping(schema, value, root):
    known = schema.get("properties", {})
    yield from (f"{key} is missing" for key in schema.get("required", ()) if key not in value)
    for key, item in value.items():
        if key in known:
            yield from errors(known[key], item, root)
        elif schema.get("additionalProperties") is False:
            yield f"{key} is unknown"


def is_kind(value, kinds):
    for kind in [kinds] if isinstance(kinds, str) else kinds:
        if kind in KINDS and isinstance(value, KINDS[kind]):
            return True
        if kind in ("integer", "number") and isinstance(value, int) and not isinstance(value, bool):
            return True
    return False


def judged(text):
    schema = plan_schema(VOCABULARY)
    return list(errors(schema, YAML(typ="safe").load(text), schema))


def test_a_good_plan_is_accepted():
    assert judged(GOOD) == []
    with_rows = GOOD.replace("    tags:", "    for_each: {table: t.yaml, where: row.x}\n    tags:")
    assert judged(with_rows) == []
    assert judged(GOOD.replace("{use_case: ECS42}", "{use_case: a, value: '${row.x}'}")) == []


@pytest.mark.parametrize(("written", "becomes"), [
    ("title:", "titel:"),
    ("device: esme", "device: toaster"),
    ("    tags:", "    tag:"),
    ("observe_contactor:", "observe_contacter:"),
    ("name: disable", "press: {}"),
    ("name: disable", "naem: disable"),
    ("use_case: ECS43,", ""),
    ("{use_case: ECS42}", "{use_case: ECS42, value: many}"),
    ("{use_case: ECS42}", "{use_case: ECS42, wait: longer}"),
    ("ports: [gbcs, controls]", "ports: [gbcs, control]"),
    ("cites: [R-CLK-01]", "cite: [R-CLK-01]"),
    ("    tags:", "    for_each: {rows: [{a: 1}], table: t.yaml}\n    tags:"),
])
def test_a_bad_plan_is_marked(written, becomes):
    assert GOOD.count(written) == 1
    assert judged(GOOD.replace(written, becomes))


def test_every_key_and_every_action_is_described():
    schema = plan_schema(SHIPPED)
    assert set(schema["properties"]) == set(PlanHead.model_fields)
    assert set(schema["$defs"]["Case"]["properties"]) == set(WrittenCase.model_fields)
    step = schema["$defs"]["Step"]["properties"]
    assert set(step) == {*SHIPPED, "expect", "name", "repeat"}
    for name, action in SHIPPED.items():
        assert action.port in step[name]["description"]
        for argument, field in action.arguments.model_fields.items():
            assert (field.alias or argument) in step[name]["properties"], name


def test_every_reference_in_the_schema_leads_somewhere():
    schema = plan_schema(SHIPPED)
    wanted = set(re.findall(r"'\$ref': '#/\$defs/([^']+)'", repr(schema)))
    assert wanted <= set(schema["$defs"])
    assert "Case" in wanted
