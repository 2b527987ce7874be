"""What a device for gas has kept: samples, snapshots, top-ups and debt payments.

No gas flows through an emulated one, so what is kept of consumption follows from time alone:
profile samples each half-hour, a daily one, a snapshot each midnight. A fresh device has a day
behind it, at whose beginning it was put into service, with one entry of each other log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from devices.emulators.gbcs.instants import DAY, HALF_HOUR

GENERAL = 0x01  # snapshot cause of the daily read log
_DAILY, _BILLING = 31, 12  # entries (SMETS2 4.6.5.7, 4.6.5.3)
_TIERS = _BLOCKS = 4
PROFILE, NETWORK = 1, 2  # sample ids
_OLD_PROFILE = 0  # that of the profile in older versions (RTDS GCS17)

Numbers = Callable[[str, str], int]
"""Cluster and attribute -> the number that it holds."""


@dataclass(frozen=True, slots=True)
class Series:
    """Samples of one kind, one each ``interval`` seconds: from ``begin`` on, at most ``most``."""

    interval: int
    most: int
    begin: int
    once: bool = False  # it ends when it has as many; else the newest are kept

    def stamps(self, now: float) -> range:
        """Return the beginnings of those that are over."""
        first = -(-self.begin // self.interval) * self.interval
        count = max(0, int(now - first) // self.interval)
        if self.once:
            count = min(count, self.most)
        return range(first + max(0, count - self.most) * self.interval,
                     first + count * self.interval, self.interval)


class History:
    """What one device has kept since ``start``; ``number`` reads its attributes."""

    def __init__(self, start: int, number: Numbers) -> None:
        self._number = number
        self._begin = start - DAY - start % DAY  # a midnight
        self._profile = Series(HALF_HOUR, 19_056, self._begin)  # 4.6.5.15
        self._daily = Series(DAY, 731, self._begin)  # CHTS 4.6.3.7
        # What was sampled before stays until there are samples of the new order (our choice).
        self._network = [Series(360, 41, self._begin, once=True)]  # 4.6.5.12
        self._changes: list[int] = [self._begin]  # of payment mode or tariff
        self.top_ups = [{"top_up_code": b"73941569907863060000".hex().upper(),
                         "top_up_amount": 1_000_000, "top_up_time": self._begin}]
        self.debts = [{"collection_time": self._begin, "amount_collected": 100_000,
                       "debt_type": "debt3", "outstanding_debt": 0}]

    def start_sampling(self, at: float, interval: int, most: int) -> None:
        """Begin the network data log anew."""
        held = [one for one in self._network if one.stamps(at)][-1:]
        self._network = [*held, Series(max(1, interval), most, int(at), once=True)]

    def changed(self, now: float) -> None:
        """Take a snapshot: payment mode or tariff was changed."""
        self._changes = [*self._changes, int(now)][-_BILLING:]

    def samples(self, fields: Mapping[str, Any], now: float, *, daily: bool) -> dict[str, Any]:
        """Return the samples that a command asks for; empty where there are none."""
        number, earliest = fields["sample_id"], fields["earliest_sample_time"]
        series = self._one(number, now, daily=daily)
        stamps = [stamp for stamp in series.stamps(now) if stamp >= earliest] if series else []
        stamps = stamps[:fields["number_of_samples"]]
        if series is None or not stamps:
            return {}
        return {"sample_id": number, "sample_start_time": stamps[0],
                "sample_type": fields["sample_type"],
                "sample_request_interval": min(series.interval, 0xFFFF),
                "number_of_samples": len(stamps), "samples": [0] * len(stamps)}

    def snapshot(self, fields: Mapping[str, Any], now: float, *, prepayment: bool
                 ) -> dict[str, Any]:
        """Return the snapshot at the offset that a command asks for; empty where there is none."""
        cause = fields["snapshot_cause"]
        stamps = [stamp for stamp in self._stamps(cause, now)
                  if fields["earliest_start_time"] <= stamp <= fields["latest_end_time"]]
        offset = fields["snapshot_offset"]
        if offset >= len(stamps):
            return {}
        total = "total_number_of_commands" if prepayment else "total_commands"
        return {"snapshot_id": offset, "snapshot_time": stamps[offset],
                "total_snapshots_found": len(stamps), "command_index": 0, total: 1,
                "snapshot_cause": cause,
                **(self._money() if prepayment else self._consumption())}

    def _one(self, number: int, now: float, *, daily: bool) -> Series | None:
        if number == NETWORK and not daily:
            return next((one for one in reversed(self._network) if one.stamps(now)), None)
        profile = self._daily if daily else self._profile
        return profile if number in (PROFILE, _OLD_PROFILE) else None

    def _stamps(self, cause: int, now: float) -> Iterator[int]:
        """Return when snapshots were taken, the newest first."""
        midnights = range(self._begin, int(now) + 1, DAY)[-_DAILY:]
        return reversed(midnights if cause & GENERAL else self._changes)

    def _consumption(self) -> dict[str, Any]:
        tiers = [self._number("Metering", f"current_tier{tier}_summation_delivered")
                 for tier in range(1, _TIERS + 1)]
        blocks = [self._number("Metering", f"current_no_tier_block{block}_summation_delivered")
                  for block in range(1, _BLOCKS + 1)]
        return {"snapshot_payload_type": 6, "snapshot_payload": {
            "current_summation_delivered": self._number("Metering", "current_summation_delivered"),
            "number_of_tiers_in_use": _TIERS, "tier_summations": tiers,
            "number_of_tiers_and_block_thresholds_in_use": _BLOCKS - 1,
            "tier_block_summations": blocks}}

    def _money(self) -> dict[str, Any]:
        names = {"accumulated_debt": "accumulated_debt", "type_1_debt_remaining": "debt_amount_1",
                 "type_2_debt_remaining": "debt_amount_2", "type_3_debt_remaining": "debt_amount_3",
                 "emergency_credit_remaining": "emergency_credit_remaining",
                 "credit_remaining": "credit_remaining"}
        return {"snapshot_payload_type": "debt_credit_status", "snapshot_payload": {
            field: self._number("Prepayment", name) for field, name in names.items()}}
