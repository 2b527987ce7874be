"""Port ``time``: let time pass, move the reference that the device synchronises to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import Field

from bench.steps.context import Context
from bench.steps.vocabulary import Arguments, Observation, action

REFERENCE = {
    "reference": "reference time after the step, whole seconds since 1970-01-01 UTC",
    "reference_text": "the same in ISO 8601",
}


class Advance(Arguments):
    """How much time has to pass; the parts add up."""

    days: float = Field(0, ge=0)
    hours: float = Field(0, ge=0)
    minutes: float = Field(0, ge=0)
    seconds: float = Field(0, ge=0)


class AdvanceTo(Arguments):
    """The next instant of the reference at which the clock shows this, UTC."""

    hour: int = Field(0, ge=0, le=23)
    minute: int = Field(0, ge=0, le=59)
    second: float = Field(0, ge=0, lt=60)
    before: float = Field(0, ge=0, description="stop this many seconds earlier")


class NextHalfHour(Arguments):
    """The next half hour of the reference, plus ``after`` seconds."""

    after: float = Field(0, ge=0, lt=1800)


class ShiftReference(Arguments):
    """Seconds to move the reference by; negative moves it back."""

    seconds: float


class Nothing(Arguments):
    """No arguments."""


@action("advance", port="time", arguments=Advance, observes=REFERENCE)
def advance(context: Context, wanted: Advance) -> Observation:
    """Let time pass."""
    span = timedelta(days=wanted.days, hours=wanted.hours, minutes=wanted.minutes,
                     seconds=wanted.seconds)
    context.ports["time"].advance(span.total_seconds())
    return _reference(context)


@action("advance_to", port="time", arguments=AdvanceTo, observes=REFERENCE)
def advance_to(context: Context, wanted: AdvanceTo) -> Observation:
    """Let time pass until the reference shows a time of day, at most 24 hours ahead."""
    now: datetime = context.ports["time"].now()
    whole = int(wanted.second)
    aim = now.replace(hour=wanted.hour, minute=wanted.minute, second=whole,
                      microsecond=int((wanted.second - whole) * 1e6))
    aim -= timedelta(seconds=wanted.before)
    while aim <= now:
        aim += timedelta(days=1)
    context.ports["time"].advance((aim - now).total_seconds())
    return _reference(context)


@action("next_half_hour", port="time", arguments=NextHalfHour, observes=REFERENCE)
def next_half_hour(context: Context, wanted: NextHalfHour) -> Observation:
    """Let time pass until just after the next half hour."""
    now: datetime = context.ports["time"].now()
    into = (now.minute % 30) * 60 + now.second + now.microsecond / 1e6
    context.ports["time"].advance(1800 - into + wanted.after)
    return _reference(context)


@action("shift_reference", port="time", arguments=ShiftReference, observes=REFERENCE | {
    "shifted": "seconds that it was moved by, for the step that moves it back",
})
def shift_reference(context: Context, wanted: ShiftReference) -> Observation:
    """Move the reference against the device's own clock."""
    context.ports["time"].shift_reference(wanted.seconds)
    return Observation({**_reference(context).values, "shifted": wanted.seconds})


@action("synchronise", port="time", arguments=Nothing, observes=REFERENCE)
def synchronise(context: Context, _: Nothing) -> Observation:
    """Have the device compare its clock with the reference."""
    context.ports["time"].synchronise()
    return _reference(context)


@action("read_reference", port="time", arguments=Nothing, observes=REFERENCE)
def read_reference(context: Context, _: Nothing) -> Observation:
    """Read the reference time."""
    return _reference(context)


def _reference(context: Context) -> Observation:
    now: datetime = context.ports["time"].now().astimezone(UTC)
    return Observation({
        "reference": int(now.timestamp()),
        "reference_text": now.isoformat(timespec="seconds"),
    })
