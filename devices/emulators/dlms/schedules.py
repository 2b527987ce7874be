"""What runs at its time: scripts, schedules, special days, calendar, actions at a date, thresholds.

Interface classes 9, 10, 11, 20, 21 and 22 of IEC 62056-6-2. Script 0 does nothing, and wildcards in
dates stand for any. A schedule's validity window and its special days are stored, not acted on.
"""

from __future__ import annotations

from typing import Any

from bench.protocols.cosem.data import Data, Tag
from devices.emulators.dlms import instants
from devices.emulators.dlms.instants import DAY
from devices.emulators.dlms.interface import (
    NEVER,
    NULL,
    OTHER_REASON,
    Interface,
    Refused,
)
from devices.emulators.dlms.metering import Timekeeper
from devices.emulators.dlms.objects import Objects
from devices.emulators.gbcs.faults import NONE, Faults

WRITE, EXECUTE = 1, 2  # the service ids of a script's action
NOWHERE = bytes(6)


def run_script(objects: Objects, instance: bytes, selector: int) -> None:
    """Run a script of the table ``instance``; the all-zero name stands for no script."""
    if instance != NOWHERE:
        objects.invoke(9, instance, 1, Data(Tag.LONG_UNSIGNED, selector))


class ScriptTable(Interface):
    """Class 9: lists of actions by number."""

    CLASS_ID = 9
    ATTRIBUTES = (("scripts", "[0..40]{u16,[0..10]{enum,u16,os(6),i8,any}}"),)
    METHODS = (("execute", "u16"),)

    def __init__(self, code: str, objects: Objects, *, faults: Faults = NONE,
                 scripts: list[tuple[int, list[tuple[int, int, bytes, int, Data]]]]) -> None:
        super().__init__(code, scripts=scripts)
        self._objects, self._faults = objects, faults

    def do_execute(self, parameter: Data) -> None:
        """Carry out a script; script 0 is none, an unknown one is refused."""
        wanted = parameter.value
        if wanted == 0:
            if "script-zero-executed" not in self._faults:
                return
            wanted = self.stored("scripts").value[0].value[0].value
        for script in self.stored("scripts").value:
            number, actions = script.value
            if number.value == wanted:
                for action in actions.value:
                    self._perform(*(part for part in action.value))
                return
        raise Refused(OTHER_REASON)

    def _perform(self, service: Data, class_id: Data, instance: Data, index: Data,
                 parameter: Data) -> None:
        found = self._objects.find(class_id.value, instance.value)
        if service.value == WRITE:
            found.set(index.value, parameter)
        else:
            found.invoke(index.value, parameter)


class Schedule(Interface):
    """Class 10: scripts at times of days."""

    CLASS_ID = 10
    ATTRIBUTES = (("entries", "[0..20]{u16,bool,os(6),u16,os(4),u16,bits(7),bits(0..32),os(5),"
                   "os(5)}"),)
    METHODS = (
        ("enable_disable", "{u16,u16,u16,u16}"),
        ("insert", "{u16,bool,os(6),u16,os(4),u16,bits(7),bits(0..32),os(5),os(5)}"),
        ("delete", "{u16,u16}"))

    def __init__(self, code: str, time: Timekeeper, objects: Objects, **values: Any) -> None:
        super().__init__(code, **values)
        self._time, self._objects = time, objects
        self._last = time.now
        time.changed.append(self._clock_set)

    def do_enable_disable(self, parameter: Data) -> None:
        """Disable the entries of one range of indices, enable those of another."""
        first_off, last_off, first_on, last_on = (part.value for part in parameter.value)
        kept = []
        for entry in self.stored("entries").value:
            index, enabled, *rest = entry.value
            if first_off <= index.value <= last_off and index.value:
                enabled = Data(Tag.BOOLEAN, False)
            if first_on <= index.value <= last_on and index.value:
                enabled = Data(Tag.BOOLEAN, True)
            kept.append(Data(Tag.STRUCTURE, (index, enabled, *rest)))
        self.store("entries", Data(Tag.ARRAY, tuple(kept)))

    def do_insert(self, parameter: Data) -> None:
        """Insert an entry, in place of one of its index."""
        index = parameter.value[0].value
        others = [one for one in self.stored("entries").value if one.value[0].value != index]
        self.store("entries", Data(Tag.ARRAY, tuple(sorted(
            [*others, parameter], key=lambda entry: int(entry.value[0].value)))))

    def do_delete(self, parameter: Data) -> None:
        """Delete the entries of a range of indices."""
        first, last = (part.value for part in parameter.value)
        self.store("entries", Data(Tag.ARRAY, tuple(
            one for one in self.stored("entries").value
            if not first <= one.value[0].value <= last)))

    def due(self) -> float:
        """Return the next time of day of an enabled entry."""
        return min((instants.next_of_day(self._last, instants.seconds_of_day(entry.value[4].value))
                    for entry in self.stored("entries").value if entry.value[1].value),
                   default=NEVER)

    def run(self, now: float) -> None:
        """Run the scripts of the entries that are due."""
        self._last = now
        today = instants.to_datetime(now)
        for entry in self.stored("entries").value:
            _, enabled, script, selector, time, _, weekdays, _, begin, end = entry.value
            if enabled.value and now % DAY == instants.seconds_of_day(time.value) \
                    and weekdays.value[today.weekday()] == "1" \
                    and _in_period(begin.value, end.value, now):
                run_script(self._objects, script.value, selector.value)

    def _clock_set(self, now: float) -> None:
        self._last = now


def _in_period(begin: bytes, end: bytes, now: float) -> bool:
    today = instants.octets(now)[:4]
    return (begin[:2] == b"\xff\xff" or begin[:4] <= today) \
        and (end[:2] == b"\xff\xff" or today <= end[:4])


class SpecialDays(Interface):
    """Class 11: days that have a day profile of their own."""

    CLASS_ID = 11
    ATTRIBUTES = (("entries", "[0..64]{u16,os(5),u8}"),)
    METHODS = (("insert", "{u16,os(5),u8}"), ("delete", "u16"))

    def do_insert(self, parameter: Data) -> None:
        """Insert a day, in place of one of its index or date."""
        index, date, _ = parameter.value
        others = [one for one in self.stored("entries").value
                  if one.value[0].value != index.value and one.value[1].value != date.value]
        self.store("entries", Data(Tag.ARRAY, tuple(sorted(
            [*others, parameter], key=lambda entry: int(entry.value[0].value)))))

    def do_delete(self, parameter: Data) -> None:
        """Delete the day of an index."""
        held = self.stored("entries").value
        kept = tuple(one for one in held if one.value[0].value != parameter.value)
        if len(kept) == len(held):
            raise Refused(OTHER_REASON)
        self.store("entries", Data(Tag.ARRAY, kept))

    def day_profile(self, now: float) -> int | None:
        """Return the day profile of a special day, None on any other."""
        for entry in self.stored("entries").value:
            if instants.matches_date(entry.value[1].value, now):
                return int(entry.value[2].value)
        return None


_SEASONS = "[0..12]{os(0..16),os(12),os(0..16)}"
_WEEKS = "[0..12]{os(0..16),u8,u8,u8,u8,u8,u8,u8}"
_DAYS = "[0..16]{u8,[0..16]{os(4),os(6),u16}}"
_PARTS = ("calendar_name", "season_profile", "week_profile_table", "day_profile_table")


class ActivityCalendar(Interface):
    """Class 20: seasons of weeks of days of scripts; an active and a passive calendar."""

    CLASS_ID = 20
    ATTRIBUTES = (
        ("calendar_name_active", "os(0..16)"), ("season_profile_active", _SEASONS),
        ("week_profile_table_active", _WEEKS), ("day_profile_table_active", _DAYS),
        ("calendar_name_passive", "os(0..16)"), ("season_profile_passive", _SEASONS),
        ("week_profile_table_passive", _WEEKS), ("day_profile_table_passive", _DAYS),
        ("activate_passive_calendar_time", "os(12)"))
    METHODS = (("activate_passive_calendar", "i8"),)

    def __init__(self, code: str, time: Timekeeper, objects: Objects, special: SpecialDays,
                 **values: Any) -> None:
        super().__init__(code, activate_passive_calendar_time=instants.OPEN, **values)
        self._time, self._objects, self._special = time, objects, special
        self._last = time.now
        time.changed.append(self._clock_set)

    def do_activate_passive_calendar(self, _parameter: Data) -> None:
        """Make the passive calendar the active one."""
        for part in _PARTS:
            self.store(f"{part}_active", self.stored(f"{part}_passive"))

    def due(self) -> float:
        """Return when the passive calendar is to be activated, or an action of today is due."""
        times = [instants.next_of_day(self._last, second) for second in (
            0, *(instants.seconds_of_day(action.value[0].value) for action in self._actions()))]
        activation = instants.read(self.stored("activate_passive_calendar_time").value)
        if activation is not None and activation > self._last:
            times.append(activation)
        return min(times)

    def run(self, now: float) -> None:
        """Activate the passive calendar, then run what the day has at this time."""
        activation = instants.read(self.stored("activate_passive_calendar_time").value)
        if activation is not None and self._last < activation <= now:
            self.do_activate_passive_calendar(NULL)
        self._last = now
        for action in self._actions():
            if now % DAY == instants.seconds_of_day(action.value[0].value):
                run_script(self._objects, action.value[1].value, action.value[2].value)

    def _actions(self) -> tuple[Data, ...]:
        day = self._day()
        for profile in self.stored("day_profile_table_active").value:
            if profile.value[0].value == day:
                return tuple(profile.value[1].value)
        return ()

    def _day(self) -> int | None:
        special = self._special.day_profile(self._time.now)
        if special is not None:
            return special
        week = self._week()
        weekday = instants.to_datetime(self._time.now).weekday()
        for profile in self.stored("week_profile_table_active").value:
            if profile.value[0].value == week:
                return int(profile.value[1 + weekday].value)
        return None

    def _week(self) -> bytes | None:
        """Return the week of the season that began last, by month and day."""
        today = instants.octets(self._time.now)[2:4]
        seasons = sorted((part.value[1].value[2:4], part.value[2].value)
                         for part in self.stored("season_profile_active").value)
        begun = [week for start, week in seasons if start <= today]
        return begun[-1] if begun else seasons[-1][1] if seasons else None

    def _clock_set(self, now: float) -> None:
        self._last = now


class RegisterMonitor(Interface):
    """Class 21: scripts for when a value passes a threshold, up or down."""

    CLASS_ID = 21
    ATTRIBUTES = (("thresholds", "[0..8]u16"), ("monitored_value", "{u16,os(6),i8}"),
                  ("actions", "[0..8]{{os(6),u16},{os(6),u16}}"))

    def __init__(self, code: str, objects: Objects, **values: Any) -> None:
        super().__init__(code, **values)
        self._objects = objects
        self._last: int | None = None

    def watch(self) -> None:
        """Compare with the value seen last, and run scripts."""
        class_id, instance, index = (part.value for part in self.stored("monitored_value").value)
        if not class_id:  # all zero: nothing is monitored
            return
        value = int(self._objects.read(class_id, instance, index).value)
        last, self._last = self._last, value
        if last is None:
            return
        for threshold, actions in zip(self.stored("thresholds").value,
                                      self.stored("actions").value, strict=False):
            up, down = actions.value
            if last <= threshold.value < value:
                run_script(self._objects, up.value[0].value, up.value[1].value)
            elif value <= threshold.value < last:
                run_script(self._objects, down.value[0].value, down.value[1].value)


class SingleActionSchedule(Interface):
    """Class 22: one script at times of dates."""

    CLASS_ID = 22
    ATTRIBUTES = (("executed_script", "{os(6),u16}"), ("type", "enum 1..5"),
                  ("execution_time", "[0..12]{os(4),os(5)}"))

    def __init__(self, code: str, time: Timekeeper, objects: Objects, **values: Any) -> None:
        super().__init__(code, **values)
        self._time, self._objects = time, objects
        self._last = time.now
        time.changed.append(self._clock_set)

    def due(self) -> float:
        """Return the next time of day that is listed, whatever its date."""
        return min((instants.next_of_day(self._last, instants.seconds_of_day(entry.value[0].value))
                    for entry in self.stored("execution_time").value), default=NEVER)

    def run(self, now: float) -> None:
        """Run the script if a listed time has come."""
        self._last = now
        script, selector = self.stored("executed_script").value
        for entry in self.stored("execution_time").value:
            time, date = entry.value
            if now % DAY == instants.seconds_of_day(time.value) \
                    and instants.matches_date(date.value, now):
                run_script(self._objects, script.value, selector.value)

    def _clock_set(self, now: float) -> None:
        self._last = now

