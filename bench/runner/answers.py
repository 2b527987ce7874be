"""What an operator was asked and answered, from the adapters that keep such records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class OperatorAnswers:
    """Follows the ``records`` of every adapter that has them (:mod:`devices.adapters.operator`)."""

    def __init__(self, ports: Mapping[str, Any]) -> None:
        self._adapters = {
            id(adapter): adapter for adapter in ports.values() if hasattr(adapter, "records")}
        self._told = {key: len(adapter.records) for key, adapter in self._adapters.items()}

    def new(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Yield the time and ``{name, question, answer}`` of every answer since the last call."""
        for key, adapter in self._adapters.items():
            for record in adapter.records[self._told[key]:]:
                yield record.time, {"name": record.operator, "question": record.question,
                                    "answer": record.answer}
            self._told[key] = len(adapter.records)
