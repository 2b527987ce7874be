"""The planned cases of a baseline with their fingerprints, frozen in a file beside it.

One line for each case, ``<id> TAB <fingerprint>``, sorted by id. The baseline names the file and
its SHA-256, so that a plan that changed after the baseline was issued is noticed before a device
is tested, and a run of other cases than those of the baseline never counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from hashlib import sha256
from pathlib import Path

from bench.errors import PlanError
from bench.records.plan import TestCase

SUFFIX = ".cases.tsv"
NAMED = 3

_KEY = re.compile(r"^cases:.*$", re.MULTILINE)
_WHOLE = re.compile(r"cases: \{.*\}")
_LINE = re.compile(r"([^\t]+)\t([0-9a-f]{16})")


def fingerprints(cases: Iterable[TestCase]) -> dict[str, str]:
    """Return the fingerprint of each case by its id, sorted.

    Which cases are generated from what a device discloses is the device's; what is frozen of them
    is the written case, under the id that stands for all of them.
    """
    return dict(sorted(
        (case.generated.id, case.generated.fingerprint) if case.generated
        else (case.id, case.fingerprint) for case in cases))


def written(cases: Mapping[str, str]) -> bytes:
    """Return the octets of the file for ``cases``, fingerprint by id."""
    return "".join(f"{id_}\t{print_}\n" for id_, print_ in sorted(cases.items())).encode()


def freeze(baseline: Path, cases: Mapping[str, str]) -> Path:
    """Write the list of ``cases`` beside a baseline file, name it there, and return its path.

    The line ``cases:`` of the baseline is replaced, or added at its end; nothing else of it is
    touched. Raises :class:`~bench.errors.PlanError` where a file cannot be written, or the line
    has another form than this function gives it.
    """
    target = baseline.with_name(baseline.stem + SUFFIX)
    octets = written(cases)
    line = f"cases: {{file: {target.name}, sha256: {sha256(octets).hexdigest()}}}"
    try:
        text = baseline.read_text(encoding="utf-8")
        found = _KEY.search(text)
        if found and not _WHOLE.fullmatch(found[0]):
            number = text.count("\n", 0, found.start()) + 1
            raise PlanError(f"{baseline}:{number}: expected cases: {{file: ..., sha256: ...}} on "
                            "one line")
        changed = (text[:found.start()] + line + text[found.end():] if found
                   else f"{text.rstrip()}\n{line}\n")
        target.write_bytes(octets)
        baseline.write_text(changed, encoding="utf-8")
    except OSError as failure:
        raise PlanError(f"{baseline}:1: cannot be frozen: {failure.strerror}") from failure
    return target


def read_cases(path: Path, digest: str) -> Mapping[str, str]:
    """Read a file of frozen cases, whose SHA-256 must be ``digest``.

    Raises :class:`~bench.errors.PlanError` for a file that cannot be read, was altered, or has
    another form.
    """
    try:
        octets = path.read_bytes()
    except OSError as failure:
        raise PlanError(f"{path}:1: cannot be read: {failure.strerror}") from failure
    if (found := sha256(octets).hexdigest()) != digest:
        raise PlanError(f"{path}:1: it is not the list that the baseline names: expected the "
                        f"SHA-256 {digest}, found {found}")
    cases: dict[str, str] = {}
    for number, line in enumerate(octets.decode("utf-8", "replace").splitlines(), 1):
        parts = _LINE.fullmatch(line)
        if parts is None or parts[1] in cases:
            raise PlanError(f"{path}:{number}: expected a case id of its own, a tab and 16 "
                            f"hexadecimal digits, found {line[:60]!r}")
        cases[parts[1]] = parts[2]
    return cases


def refuse_other_cases(
    baseline: Path, frozen: Mapping[str, str], cases: Iterable[TestCase]
) -> None:
    """Raise :class:`~bench.errors.PlanError` where the plans hold other cases than ``frozen``."""
    if frozen and (wrong := misfits(fingerprints(cases), frozen)):
        raise PlanError(f"{baseline}:1: the plans are not those of the baseline: "
                        f"{'; '.join(wrong)}; a baseline of its own date can freeze them "
                        "(smip-bench baseline freeze)")


def misfits(planned: Mapping[str, str], frozen: Mapping[str, str]) -> tuple[str, ...]:
    """Return in what ``planned`` is not what was ``frozen``, one line a kind; () if nothing."""
    kinds = (
        ("of another fingerprint", [id_ for id_ in frozen
                                    if id_ in planned and planned[id_] != frozen[id_]]),
        ("not planned", [id_ for id_ in frozen if id_ not in planned]),
        ("not of the baseline", [id_ for id_ in planned if id_ not in frozen]),
    )
    return tuple(f"{len(ids)} {word}: {', '.join(sorted(ids)[:NAMED])}"
                 + (" ..." if len(ids) > NAMED else "") for word, ids in kinds if ids)
