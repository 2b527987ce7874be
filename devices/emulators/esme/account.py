"""Balances and debts of the prepayment account, in thousandths of a penny (SMETS2 5.7.5.x).

Only what commands do to them: adjustment, reset, emergency credit. Consumption is not charged.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass

_LIMIT = 1 << 31


@dataclass(slots=True)
class Account:
    """The six amounts of the prepayment balance collection, in its order."""

    balance: int = 0
    emergency_credit: int = 0
    accumulated_debt: int = 0
    time_debt_1: int = 0
    time_debt_2: int = 0
    payment_debt: int = 0

    def amounts(self) -> tuple[int, ...]:
        """Return all six."""
        return astuple(self)

    def adjust(self, name: str, by: int) -> bool:
        """Add ``by``; return False, and change nothing, where the sum does not fit 32 bits."""
        value = getattr(self, name) + by
        if not -_LIMIT <= value < _LIMIT:
            return False
        setattr(self, name, value)
        return True

    def snapshot(self) -> tuple[int, ...]:
        """Return the amounts in the order of log entries: emergency credit comes first."""
        return (self.emergency_credit, self.balance, self.payment_debt, self.time_debt_1,
                self.time_debt_2, self.accumulated_debt)
