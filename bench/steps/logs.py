"""Port ``gbcs``: logs and profiles, read by the remote parties and described.

The entries of a log are lists that start with their stamp, seconds since 2000-01-01 UTC; here every
time is given in seconds since 1970-01-01 UTC, as the reference time of the rig is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal

from pydantic import Field

from bench.protocols.gbcs.commands import LOG_EPOCH
from bench.steps.context import Context
from bench.steps.gbcs import EXCHANGE, PartyRole, Send, send
from bench.steps.vocabulary import Arguments, Observation, action

# Use case, key of the buffer, role that may read (GBCS use-case tables, rows of SMETS 5.7.5.x).
LOGS = {
    "event": ("ECS35a", "7/0-0:99.98.0.255/a2", "supplier"),
    "security": ("ECS35b", "7/0-0:99.98.1.255/a2", "supplier"),
    "power": ("ECS35e", "7/0-0:99.98.4.255/a2", "supplier"),
}
PROFILES = {
    "active_import": ("ECS22b", "7/0-0:99.1.0.255/a2", "supplier", 1800),
    "reactive_import": ("ECS22c", "7/0-0:99.1.2.255/a2", "supplier", 1800),
    "export": ("ECS22a", "7/0-0:99.1.1.255/a2", "network_operator", 1800),
    "daily_read": ("ECS21a", "7/0-0:98.1.9.255/a2", "supplier", 86_400),
    "daily_read_export": ("ECS21c", "7/0-0:98.1.10.255/a2", "access_control_broker", 86_400),
    "daily_consumption": ("ECS66", "7/0-0:99.1.3.255/a2", "supplier", 86_400),
}

ENTRIES_OF_ONE_READ = 3000  # of 12 octets at most, well inside a message of 64 KiB


class ReadLog(Arguments):
    """Which log, from when to when (seconds since 1970); open ends where left out."""

    log: Literal["event", "security", "power"]
    role: PartyRole = Field("", alias="as")
    start: float | None = Field(None, alias="from")
    end: float | None = Field(None, alias="to")


class ReadProfile(Arguments):
    """Which profile or daily log, from when to when (seconds since 1970)."""

    profile: Literal["active_import", "reactive_import", "export", "daily_read",
                     "daily_read_export", "daily_consumption"]
    start: float | None = Field(None, alias="from")
    end: float | None = Field(None, alias="to")
    days: int | None = Field(
        None, gt=0, le=3660,
        description="all entries of so many days before the reference time, in several reads")


@action("read_log", port="gbcs", arguments=ReadLog, observes={
    "result": EXCHANGE["result"],
    "deviations": EXCHANGE["deviations"],
    "count": "number of entries",
    "codes": "event codes in the order sent, four hexadecimal digits each",
    "newest": "code of the entry with the latest stamp and the last place, empty if none",
    "times": "stamps, seconds since 1970, in the order sent",
    "in_order": "whether no stamp is earlier than the one before it",
})
def read_log(context: Context, wanted: ReadLog) -> Observation:
    """Read a log of codes."""
    use_case, key, role = LOGS[wanted.log]
    seen = _read(context, use_case, wanted.role or role, wanted.start, wanted.end)
    entries = _entries(seen, key)
    if entries is None:
        return _unread([seen])
    times = [int(entry[0]) + LOG_EPOCH for entry in entries]
    codes = [f"{int(entry[1]):04X}" for entry in entries]
    newest = max(range(len(times)), key=lambda index: (times[index], index), default=None)
    return Observation({
        "result": seen.values["result"],
        "deviations": seen.values["deviations"],
        "count": len(entries),
        "codes": codes,
        "newest": "" if newest is None else codes[newest],
        "times": times,
        "in_order": all(later >= earlier for earlier, later in pairwise(times)),
    }, seen.frames)


@action("read_profile", port="gbcs", arguments=ReadProfile, observes={
    "result": EXCHANGE["result"],
    "deviations": EXCHANGE["deviations"],
    "count": "number of entries",
    "first": "earliest stamp, seconds since 1970, 0 if none",
    "last": "latest stamp, seconds since 1970, 0 if none",
    "gaps": "number of neighbours in time that are not one period apart",
    "misaligned": "number of stamps that are not on a period's boundary, UTC",
    "total": "sum of the first value of all entries",
    "latest_values": "values of the latest entry after its stamp",
})
def read_profile(context: Context, wanted: ReadProfile) -> Observation:
    """Read a profile and describe its stamps."""
    use_case, key, role, period = PROFILES[wanted.profile]
    reads = [_read(context, use_case, role, start, end)
             for start, end in _ranges(context, wanted, period)]
    parts = [_entries(seen, key) for seen in reads]
    if None in parts:
        return _unread(reads)
    # A stamp on the border of two reads comes twice.
    by_stamp = {int(entry[0]): entry for part in parts for entry in part or ()}
    entries = [by_stamp[stamp] for stamp in sorted(by_stamp)]
    times = [stamp + LOG_EPOCH for stamp in sorted(by_stamp)]
    return Observation({
        "result": "success",
        "deviations": [text for seen in reads for text in seen.values["deviations"]],
        "count": len(entries),
        "first": times[0] if times else 0,
        "last": times[-1] if times else 0,
        "gaps": sum(later - earlier != period
                    for earlier, later in pairwise(times)),
        "misaligned": sum(stamp % period != 0 for stamp in times),
        "total": sum(int(entry[1]) for entry in entries),
        "latest_values": list(entries[-1][1:]) if entries else [],
    }, tuple(frame for seen in reads for frame in seen.frames))


def _ranges(
    context: Context, wanted: ReadProfile, period: int
) -> Iterator[tuple[float | None, float | None]]:
    """Yield the bounds of the reads: a response is one message, and a message has its limit."""
    if wanted.days is None:
        yield wanted.start, wanted.end
        return
    now = context.ports["time"].now().timestamp()
    begin = now - wanted.days * 86_400
    while begin < now:
        end = min(begin + ENTRIES_OF_ONE_READ * period, now)
        yield begin, end
        begin = end


def _read(
    context: Context, use_case: str, role: str, start: float | None, end: float | None
) -> Observation:
    values = {name: bound for name, bound in (("from", start), ("to", end)) if bound is not None}
    return send(context, Send.model_validate(
        {"use_case": use_case, "as": role, "values": values}))


def _entries(seen: Observation, key: str) -> Sequence[Any] | None:
    """Return the entries read; None if the read failed or what came is no list of entries, which
    is not an empty log."""
    entries = seen.values["values"].get(key)
    if seen.values["result"] != "success" or not isinstance(entries, list):
        return None
    return entries if all(map(_is_entry, entries)) else None


def _is_entry(entry: Any) -> bool:
    """Return whether ``entry`` starts as all do: a stamp, and a code or a value."""
    return isinstance(entry, list) and len(entry) > 1 \
        and isinstance(entry[0], int) and isinstance(entry[1], int)


def _unread(reads: Sequence[Observation]) -> Observation:
    """Return what is known of a log that could not be read: nothing of its entries, so that no
    expectation on them can hold by default."""
    results = sorted({seen.values["result"] for seen in reads} - {"success"})
    deviations = [text for seen in reads for text in seen.values["deviations"]]
    return Observation({
        "result": results[0] if len(results) == 1 else "failure",
        "deviations": deviations if results else ["no list of log entries"],
    }, tuple(frame for seen in reads for frame in seen.frames))
