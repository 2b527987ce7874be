"""The written form of a test plan: one YAML file, one group of cases.

The models say which keys there are and of what kind; a step's action and its arguments are
declared by the vocabulary (:mod:`bench.steps`). :func:`plan_schema` joins both into one JSON Schema
(draft 2020-12) by which editors complete and mark a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bench.plan.tables import DISCLOSED, TABLES
from bench.steps import Action
from devices.dlms_names import TRAITS
from devices.ports import PORTS

ID = r"^[A-Za-z0-9]+([._-][A-Za-z0-9]+)*$"
"""A collected case's id: letters and digits, joined by one of ``.``, ``_``, ``-``."""

TEMPLATE = r"\$\{"
DeviceName = Literal["esme", "gsme", "chf", "gpf", "ppmid", "hcalcs", "ihd", "dlms-meter"]
"""Those of :data:`devices.device_types.DEVICE_TYPES`, spelt out for editors."""

Policy = Literal["smwan", "smhan", "transfer"]
"""Where messages run (SEED/S-31): between remote parties and devices, within the home area
network, or from the one into the other."""

LINK = r"^[^@\s]+(@[0-9A-Fa-f]+)?$"

STEP_KEYS = ("expect", "name", "repeat")
"""What a step may hold beside its action."""

Text = Annotated[str, Field(min_length=1)]


class Written(BaseModel):
    """Base of the models: unknown keys are mistakes, nothing is converted."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class WrittenExpectation(Written):
    """What must be true, and the requirements that it shows (default: all that the case
    verifies)."""

    that: Annotated[Text, Field(description="CEL over the step's observation")]
    cites: Annotated[list[Text], Field(min_length=1)] | None = None


class ForEach(Written):
    """Rows that turn one written case into many: one source, optionally filtered.

    ``rows`` stand in the plan; ``table`` names a YAML file relative to the plan (``source:`` and
    ``rows:``), a table in code, or one whose rows the device gives at run time; ``product``
    combines every row of each with every row of the others. ``where`` keeps the rows for which it
    is true. ``as`` puts the columns under a name: ``row.<as>.<column>``.
    """

    rows: Annotated[list[dict[str, Any]], Field(min_length=1)] | None = None
    table: Text | None = None
    product: Annotated[list[ForEach], Field(min_length=2)] | None = None
    where: Annotated[Text | None, Field(description="CEL over `row`")] = None
    as_: Annotated[Text | None, Field(alias="as", pattern=r"^[a-z_][a-z_0-9]*$")] = None


class WrittenCase(Written):
    """One written case."""

    id: Annotated[Text, Field(description="unique in all plans; with for_each, a template")]
    purpose: Text
    verifies: Annotated[list[Text], Field(
        min_length=1,
        description="requirement ids, each with @fingerprint once a person reviewed the link",
    )]
    applies: Annotated[Text, Field(description="CEL over `ics`: where the case applies")] | None \
        = None
    ports: Annotated[list[Text], Field(description="the ports that a rig must have for it")]
    links: Annotated[list[Text], Field(
        description="what the link of port dlms must be: hdlc, wrapper, serial, tcp, mode-e",
    )] = Field(default_factory=list)
    preamble: list[dict[str, Any]] = Field(default_factory=list)
    steps: Annotated[list[dict[str, Any]], Field(min_length=1)]
    postamble: list[dict[str, Any]] = Field(default_factory=list)
    bite: Annotated[list[Text], Field(
        description="defects under which this case must FAIL; none: its PASS proves nothing",
    )] = Field(default_factory=list)
    idempotent: Annotated[bool, Field(
        description="may run again after a failure of the rig",
    )] = False
    sanity: Annotated[bool, Field(description="runs first and last in its group")] = False
    tags: list[Text] = Field(default_factory=list)
    policy: Annotated[Policy | None, Field(description="instead of the file's")] = None
    for_each: ForEach | None = None


class PlanHead(Written):
    """A plan file; each of its ``cases`` is read as a :class:`WrittenCase`."""

    group: Annotated[str, Field(pattern=f"{ID}|{TEMPLATE}",
                                description="unique: one file holds one group for each device")]
    title: Text
    device: DeviceName | None = None
    devices: Annotated[list[DeviceName], Field(
        min_length=1,
        description="instead of device: every case once for each, as row.device.name and .type",
    )] | None = None
    policy: Annotated[Policy | None, Field(
        description="the section of the security policy that the cases belong to")] = None
    sanity: Annotated[Text, Field(description="id of the case to run first and last")] | None = None
    cases: Annotated[list[Any], Field(min_length=1)]


class TableFile(Written):
    """A file of rows for ``for_each``; ``source`` says where its facts come from."""

    source: Text
    rows: Annotated[list[dict[str, Any]], Field(min_length=1)]


def plan_schema(vocabulary: Mapping[str, Action[Any]]) -> dict[str, Any]:
    """Return the JSON Schema of a plan file whose steps use the words of ``vocabulary``."""
    schema = PlanHead.model_json_schema(by_alias=True)
    case = WrittenCase.model_json_schema(by_alias=True, ref_template="#/$defs/{model}")
    definitions = case.pop("$defs", {})
    for phase in ("preamble", "steps", "postamble"):
        case["properties"][phase]["items"] = {"$ref": "#/$defs/Step"}
    case["properties"]["ports"]["items"] = {"enum": sorted(PORTS)}
    case["properties"]["links"]["items"] = {"enum": sorted(TRAITS)}
    case["properties"]["verifies"]["items"] = {"type": "string", "pattern": f"{LINK}|{TEMPLATE}"}
    definitions["ForEach"]["oneOf"] = [{"required": [key]} for key in ("rows", "table", "product")]
    definitions["ForEach"]["properties"]["table"]["examples"] = sorted({*TABLES, *DISCLOSED})
    expectation = WrittenExpectation.model_json_schema()
    definitions |= {"Case": case, "Expectation": expectation}
    definitions["Step"] = _step_schema(vocabulary, definitions)
    schema["properties"]["cases"]["items"] = {"$ref": "#/$defs/Case"}
    schema["oneOf"] = [{"required": [key]} for key in ("device", "devices")]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "SMIP Bench test plan",
        "description": "One group of test cases.",
        "$defs": dict(sorted(definitions.items())),
    }


def _step_schema(
    vocabulary: Mapping[str, Action[Any]], definitions: dict[str, Any]
) -> dict[str, Any]:
    """Return the schema of a step; adds the types of the arguments to ``definitions``."""
    condition: dict[str, Any] = {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/Expectation"}]}
    properties: dict[str, Any] = {
        "expect": {"anyOf": [*condition["anyOf"],
                             {"type": "array", "items": condition, "minItems": 1}]},
        "name": {"type": "string", "pattern": "^[a-z_][a-z_0-9]*$"},
        "repeat": _or_template({"type": "integer", "minimum": 1}),
    }
    for name, action in sorted(vocabulary.items()):
        prefix = f"{name}."
        arguments = action.arguments.model_json_schema(
            by_alias=True, ref_template=f"#/$defs/{prefix}{{model}}"
        )
        for kind, definition in arguments.pop("$defs", {}).items():
            definitions[prefix + kind] = _with_templates(definition)
        arguments = _with_templates(arguments)
        if not arguments.get("required"):
            arguments["type"] = ["object", "null"]
        observed = ", ".join(action.observes) or "nothing"
        properties[name] = arguments | {
            "description": f"port {action.port}; observes {observed}",
        }
    return {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "oneOf": [{"required": [name]} for name in sorted(vocabulary)],
    }


def _with_templates(schema: dict[str, Any]) -> dict[str, Any]:
    """Return ``schema`` with a ``${...}`` template allowed in place of every value inside it."""
    changed = dict(schema)
    if "properties" in schema:
        changed["properties"] = {
            name: _or_template(_with_templates(inner))
            for name, inner in schema["properties"].items()
        }
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            changed[key] = _or_template(_with_templates(schema[key]))
    return changed


def _or_template(schema: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "string", "pattern": TEMPLATE}]}
