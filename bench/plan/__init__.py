"""Test plans: written cases in YAML become collected cases, and cases become a selection.

::

    load_plans(paths)                     YAML -> TestCase, every mistake with file and line
    PlanReader(...).load(paths)           the same, each file once
    for_device(cases, device_type)        those for one kind of device
    select(cases, ics, ports)             TestCase -> Selected, each with its reason
    suspects(case, catalogue)             links not reviewed against the present requirement
    suspected(cases, catalogue)           those of many cases, by case id
    review(paths, catalogue)              writes the present fingerprints into the plans
    plan_schema(vocabulary)               JSON Schema of a plan file
"""

from bench.plan.links import Reviewed, review, suspected, suspects
from bench.plan.loader import PlanReader, load_plans
from bench.plan.schema import plan_schema
from bench.plan.selection import for_device, select

__all__ = [
    "PlanReader", "Reviewed", "for_device", "load_plans", "plan_schema", "review", "select",
    "suspected", "suspects",
]
