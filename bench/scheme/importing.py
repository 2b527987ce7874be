"""Results of other bodies: are they about this subject, and does the baseline take them?

A certificate of DLMS UA or ZigBee, a CPA, metrology or safety report names a product in its
issuer's words. It matches the subject exactly, or by a mapping with evidence where only versions
differ (SEC practice: release notes, kept with the file), or not at all. Whether it counts, and for
which requirements, is the baseline's rule. What does not count is shown with the reason, never
dropped. Sources: schemes.md parts 2 and 4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from bench.records.assurance import ImportedResult, ImportKind, Match, RuledImport
from bench.records.subject import Subject
from bench.scheme.baseline import Baseline, ImportRule, ToolRule
from bench.scheme.subject import DIGITS, LONGEST, lint_field

MAPPABLE = frozenset({"hardware_version", "firmware_version", "image_hash"})
"""The fields in which a mapping may bridge a difference: never the maker or the model."""


MATCHED = ("manufacturer", "model", "hardware_version", "firmware_version")
"""What a result is held against where no rule of the baseline names the fields."""


def rule_imports(
    imports: Sequence[ImportedResult], baseline: Baseline, subject: Subject, at: str
) -> tuple[RuledImport, ...]:
    """Return each imported result with its match and what it stands for on the day ``at``."""
    return tuple(_ruled(result, baseline, subject, at) for result in imports)


def match(
    result: ImportedResult, subject: Subject, named: Sequence[str]
) -> tuple[Match, tuple[str, ...]]:
    """Return how the product of ``result`` is ``subject`` by the fields ``named``, and what
    differs or is wrongly written, one line each."""
    wrong = [*_lint(result)]
    differing = [field for field in named if not _same(result, subject, field)]
    lines = [*wrong, *(_difference(result, subject, field) for field in differing)]
    if not differing:
        return Match.EXACT, tuple(lines)
    bridged = result.mapping is not None and MAPPABLE.issuperset(differing)
    return Match.MAPPED if bridged else Match.MISMATCH, tuple(lines)


def _ruled(
    result: ImportedResult, baseline: Baseline, subject: Subject, at: str
) -> RuledImport:
    if result.kind is ImportKind.MAKER:
        passed, failed = result.counts
        found, lines = match(result, subject, ("manufacturer", "model", "firmware_version"))
        return RuledImport(result, found, (), "; ".join((
            f"the maker's own results, {passed} passed, {failed} failed: they never count",
            *lines)))
    rules = [rule for rule in baseline.accepts if rule.kind is result.kind]
    if not rules:
        return RuledImport(result, match(result, subject, MATCHED)[0], (),
                           f"the baseline takes no results of the kind {result.kind}")
    requirements: set[str] = set()
    remarks: dict[str, None] = {}
    matches = []
    for rule in rules:
        matched, lines = match(result, subject, rule.match)
        objections = [*(lines if matched is Match.MISMATCH else ()), *_objections(result, rule, at)]
        remarks |= dict.fromkeys(objections or lines)
        matches.append(matched)
        if not objections:
            requirements.update(rule.requirements)
    best = min(matches, key=tuple(Match).index)
    if result.mapping and best is Match.MAPPED:
        remarks[f"mapped by {result.mapping.by}: {result.mapping.reason} "
                f"({result.mapping.evidence.name})"] = None
    return RuledImport(result, best, tuple(sorted(requirements)), "; ".join(remarks))


def _objections(result: ImportedResult, rule: ImportRule, at: str) -> Iterator[str]:
    if rule.issuers and result.issuer not in rule.issuers:
        yield f"issuer: expected {' or '.join(rule.issuers)}, found {result.issuer!r}"
    if result.tested > at:
        yield f"tested on {result.tested}, which is after the decision"
    if result.expires and result.expires < at:
        yield f"it expired on {result.expires}"
    if rule.tools and not any(_takes(tool, result) for tool in rule.tools):
        named = f"{result.tool} {result.tool_version}".strip() or "no tool"
        yield (f"{named}, tested on {result.tested}, is not taken: "
               f"{'; '.join(map(_tool, rule.tools))}")


def _takes(tool: ToolRule, result: ImportedResult) -> bool:
    return (tool.name == result.tool and tool.version in ("", result.tool_version)
            and (not tool.tested_from or tool.tested_from <= result.tested)
            and (not tool.tested_before or result.tested < tool.tested_before))


def _tool(tool: ToolRule) -> str:
    said = [f"{tool.name} {tool.version}".strip()]
    if tool.tested_from:
        said.append(f"tested from {tool.tested_from}")
    if tool.tested_before:
        said.append(f"tested before {tool.tested_before}")
    return " ".join(said)


def _same(result: ImportedResult, subject: Subject, field: str) -> bool:
    said, wanted = result.product.get(field, ""), str(getattr(subject, field))
    if field in DIGITS:
        return said == wanted
    return _plain(said) == _plain(wanted)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()


def _difference(result: ImportedResult, subject: Subject, field: str) -> str:
    said = result.product.get(field)
    found = f"{said!r}" if said is not None else "nothing"
    return f"{field}: the subject's is {getattr(subject, field)!r}, the document names {found}"


def _lint(result: ImportedResult) -> Iterator[str]:
    for field in (field.name for field in fields(Subject)):
        if field in result.product and field in {*DIGITS, *LONGEST} and (
                wrong := lint_field(field, result.product[field])):
            yield f"{field}: {wrong}"
