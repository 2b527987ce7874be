"""Port ``gbcs``: all that a refused command must leave as it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bench.steps.context import Context
from bench.steps.gbcs import EXCHANGE, Send, send
from bench.steps.vocabulary import Arguments, Frame, Observation, action

_GAS = ("GCS21b", "GCS21f", "GCS21j", "GCS21k", "GCS33", "GCS38", "GCS46", "GCS60")

READS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "ESME": (
        ("ECS24", "supplier"), ("ECS25r1", "supplier"), ("ECS25r2", "network_operator"),
        ("ECS26a", "supplier"), ("ECS26b", "network_operator"), ("ECS26c", "supplier"),
        ("ECS26f", "supplier"), ("ECS26j", "supplier"), ("ECS26l", "supplier"),
        ("ECS26m", "supplier"), ("ECS27", "supplier"), ("ECS40", "supplier"),
        ("ECS45", "supplier"), ("ECS52", "supplier"), ("ECS82", "supplier"),
    ),
    "GSME": tuple((use_case, "supplier") for use_case in ("GCS20r", "GCS21a", "GCS21m", *_GAS)),
    "GPF": tuple((use_case, "supplier") for use_case in _GAS),
    "CHF": tuple((use_case, "access_control_broker") for use_case in ("CCS07", "ECS26n", "ECS52")),
}
"""Device type -> reads of configuration and state that nothing but a command or an event changes,
and by whom (GBCS 4.0, use-case tables)."""


class Nothing(Arguments):
    """No arguments."""


@action("read_settings", port="gbcs", arguments=Nothing, observes={
    "result": EXCHANGE["result"],
    "deviations": EXCHANGE["deviations"],
    "digest": "SHA-256 over all values read, 16 hexadecimal digits",
    "settings": "use case -> name -> value",
})
def read_settings(context: Context, _: Nothing) -> Observation:
    """Read the device's configuration and state."""
    settings: dict[str, Any] = {}
    frames: list[Frame] = []
    deviations: list[str] = []
    results = set()
    for use_case, role in READS[str(context.answers.subject["device_type"])]:
        seen = send(context, Send.model_validate({"use_case": use_case, "as": role}))
        settings[use_case] = seen.values["values"]
        results.add(seen.values["result"])
        deviations += seen.values["deviations"]
        frames += seen.frames
    text = json.dumps(settings, sort_keys=True)
    return Observation({
        "result": "success" if results == {"success"} else "failure",
        "deviations": deviations,
        "digest": hashlib.sha256(text.encode()).hexdigest()[:16].upper(),
        "settings": settings,
    }, tuple(frames))
