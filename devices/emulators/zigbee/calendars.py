"""Calendars that were published to the device, and what it publishes of them when asked.

One for tariffs, one for friendly credit. A calendar that is published anew begins empty; what comes
after it belongs to it by its id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FRIENDLY = "friendly_credit_calendar"
TARIFF = "delivered_calendar"

_ASKED_FOR = {0xFFFFFFFF: TARIFF, 0xFFFFFFFE: FRIENDLY}  # ids that stand for what is in use
PUBLISHED = {"GetDayProfiles": "PublishDayProfile", "GetWeekProfiles": "PublishWeekProfile",
             "GetSeasons": "PublishSeasons", "GetSpecialDays": "PublishSpecialDays"}
PARTS = frozenset(PUBLISHED.values())
CALENDAR = "PublishCalendar"

Fields = Mapping[str, Any]


class Calendars:
    """The calendars of one device; a fresh one has one day in one week for each."""

    def __init__(self, start: int) -> None:
        self._parts: dict[str, dict[str, list[Fields]]] = {}
        self._type_of: dict[int, str] = {}
        for kind in (TARIFF, FRIENDLY):
            self._parts[kind] = _fresh(kind, start)

    def publish(self, command: str, fields: Fields) -> None:
        """Take what was published: a calendar, or a part of one."""
        number = fields["issuer_calendar_id"]
        if command == CALENDAR:
            kind = FRIENDLY if fields["calendar_type"] == FRIENDLY else TARIFF
            self._type_of[number] = kind
            self._parts[kind] = {}
            return
        kind = self._type_of.get(number, FRIENDLY if fields.get("calendar_type") == FRIENDLY
                                 else TARIFF)
        self._parts[kind].setdefault(command, []).append(fields)

    def asked(self, command: str, fields: Fields) -> list[tuple[str, Fields]]:
        """Return what is published on a Get; empty where nothing is held."""
        number = fields["issuer_calendar_id"]
        kind = _ASKED_FOR.get(number) or self._type_of.get(number)
        published = PUBLISHED[command]
        return [(published, part) for part in self._parts.get(kind or "", {}).get(published, ())]


def _fresh(kind: str, start: int) -> dict[str, list[Fields]]:
    head = {"provider_id": 0, "issuer_event_id": start, "issuer_calendar_id": 0}
    part = {"command_index": 0, "total_number_of_commands": 1}
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return {
        "PublishDayProfile": [{
            **head, **part, "day_id": 1, "total_number_of_schedule_entries": 1,
            "calendar_type": kind, "day_schedule_entries": [
                {"start_time": 0, "active_price_tier_or_friendly_credit_enable": 1}]}],
        "PublishWeekProfile": [{
            **head, "week_id": 1, **{f"day_id_ref_{day}": 1 for day in days}}],
        "PublishSeasons": [{**head, **part, "season_entries": [
            {"season_start_date": {"month": 1, "day": 1}, "week_id_ref": 1}]}],
        "PublishSpecialDays": [{
            **head, **part, "start_time": 0, "calendar_type": kind,
            "total_number_of_special_days": 1, "special_day_entries": [
                {"special_day_date": {"month": 12, "day": 25}, "day_id_ref": 1}]}],
    }
