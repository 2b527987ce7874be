"""The vocabulary of test plans, one file per port; importing this package fills it."""

from bench.steps import (
    blocks,
    clock,
    controls,
    credential_restoring,
    credentials,
    device_keys,
    dlms,
    fuzz,
    gbcs,
    load,
    logs,
    mains,
    reflection,
    settings,
    supply,
    tamper,
    time,
)
from bench.steps.vocabulary import VOCABULARY, Action, Arguments, Frame, Observation

__all__ = [
    "VOCABULARY", "Action", "Arguments", "Frame", "Observation",
    "blocks", "clock", "controls", "credential_restoring", "credentials", "device_keys", "dlms",
    "fuzz",
    "gbcs", "load", "logs", "mains", "reflection", "settings", "supply",
    "tamper", "time",
]
