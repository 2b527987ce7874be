"""``python -m benchmarks [--quick] [NAME ...]``; without a name, all of them."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version

from benchmarks import (
    access,
    bundle,
    dlms,
    ledger,
    planned_case,
    reference,
    register,
    report,
    verify,
)
from benchmarks.measure import Result

BENCHMARKS: Mapping[str, Callable[[bool], Iterator[Result]]] = {
    "verify": verify.run,
    "reference": reference.run,
    "access": access.run,
    "dlms": dlms.run,
    "planned-case": planned_case.run,
    "report": report.run,
    "ledger": ledger.run,
    "register": register.run,
    "bundle": bundle.run,
}


def main() -> int:
    """Run the named benchmarks and print what they found; 0 unless one of them crashes."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true",
                        help="a few rounds of little work: shows that it runs, measures nothing")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - BENCHMARKS.keys())
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    print(f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} "
          f"processors, cryptography {version('cryptography')}")
    for name in given.names or BENCHMARKS:
        for result in BENCHMARKS[name](given.quick):
            _show(result)
    return 0


def _show(result: Result) -> None:
    target, verdict = "none, for information", ""
    if result.target is not None:
        target = f"{result.target.bound} {result.target.value:g}"
        if result.ratio is not None:
            verdict = ": met" if result.target.met(result.ratio) else ": NOT MET"
    ratio = "not measured" if result.ratio is None else f"{result.ratio:.3g}"
    print(f"\n{result.name}\n  ratio   {ratio}\n  target  {target}{verdict}")
    if result.figures:
        print(f"  figures {result.figures}")
    print(textwrap.fill(result.how, 98, initial_indent="  how     ", subsequent_indent=" " * 10))
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main())
