"""The vocabulary of test plans, one file per port; importing this package fills it."""

from bench.steps import clock, controls, gbcs, load, logs, mains, settings, tamper, time
from bench.steps.vocabulary import VOCABULARY, Action, Arguments, Frame, Observation

__all__ = [
    "VOCABULARY", "Action", "Arguments", "Frame", "Observation",
    "clock", "controls", "gbcs", "load", "logs", "mains", "settings", "tamper", "time",
]
