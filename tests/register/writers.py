"""Writers that run as processes of their own, and one that dies just before it commits."""

from __future__ import annotations

import os
import sys

from bench.errors import RegisterError
from bench.records.register import ToleratedIssue
from bench.register import Register
from bench.register.store import Writer

DAY = "2026-03-02"


def issue(name: str) -> ToleratedIssue:
    return ToleratedIssue(name, "SMETS2/5.7.4.24", "late", "Example Meters Ltd", "2026-06-01")


def write_many(place: str, name: str, count: int) -> None:
    with Register(place) as register:
        for number in range(count):
            register.tolerate(issue(f"{name}-{number}"), at=DAY)


def grant_one(place: str) -> None:
    from conftest import make_grant

    with Register(place) as register:
        try:
            register.grant(make_grant(), at=DAY)
        except RegisterError as refused:
            sys.stdout.write(f"refused: {refused}\n")
        else:
            sys.stdout.write("granted\n")


def die_with_the_entry_written(place: str) -> None:
    append = Writer.append

    def append_and_die(*arguments: object) -> None:
        append(*arguments)
        os._exit(9)

    Writer.append = append_and_die
    with Register(place) as register:
        register.tolerate(issue("never"), at=DAY)


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    if what == "many":
        write_many(arguments[0], arguments[1], int(arguments[2]))
    elif what == "grant":
        grant_one(arguments[0])
    else:
        die_with_the_entry_written(arguments[0])
