"""Port ``gbcs``: Set Clock (ECS70), with its validity interval around the rig's reference."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import Field

from bench.errors import ProtocolError
from bench.protocols.cosem import date_time
from bench.steps.context import Context
from bench.steps.gbcs import EXCHANGE, PartyRole, Send, send
from bench.steps.vocabulary import Arguments, Observation, action

TIME, STATUS = "8/0-0:1.0.0.255/a2", "8/0-0:1.0.0.255/a4"


class SetClock(Arguments):
    """The validity interval, in seconds after the reference time (before it, if negative)."""

    start: float = Field(alias="from")
    end: float = Field(alias="to")
    role: PartyRole = Field("supplier", alias="as")


@action("set_clock", port="gbcs", arguments=SetClock, observes={
    **EXCHANGE,
    "reference": "the rig's reference time, seconds since 1970",
    "clock_time": "the device's clock in the response, seconds since 1970; absent without one",
    "clock_error": "clock_time less reference, s; absent without a response",
    "clock_status": "the clock's status octet; absent without a response. 0 is reliable",
})
def set_clock(context: Context, wanted: SetClock) -> Observation:
    """Send Set Clock and read time and status from its response."""
    now: datetime = context.ports["time"].now().astimezone(UTC)
    seen = send(context, Send.model_validate({
        "use_case": "ECS70", "as": wanted.role,
        "values": {"from": now + timedelta(seconds=wanted.start),
                   "to": now + timedelta(seconds=wanted.end)}}))
    clock = _stated(seen.values["values"].get(TIME))
    reference = int(now.timestamp())
    found = {} if clock is None else {"clock_time": clock, "clock_error": clock - reference}
    if STATUS in seen.values["values"]:
        found["clock_status"] = seen.values["values"][STATUS]
    return Observation({**seen.values, "reference": reference, **found}, seen.frames)


def _stated(octets: Any) -> int | None:
    """Return the time that the device states, seconds since 1970; None if it states none."""
    try:
        return int(date_time.decode(bytes.fromhex(octets)).as_datetime().timestamp())
    except (ProtocolError, TypeError, ValueError):
        return None
