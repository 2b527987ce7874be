"""Events, and refusals of a whole service (IEC 62056-5-3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bench.errors import LocalProtocolError
from bench.protocols.cosem.data import Data
from bench.protocols.cosem.reference import Attribute
from bench.protocols.dlms.apdu.fields import ATTRIBUTE, CODE, DATA, TIME, U32, optional
from bench.protocols.dlms.apdu.form import UNFIT, Form, Service


@dataclass(frozen=True, slots=True)
class EventNotificationRequest(Service):
    """What a server sends on its own; ``time`` is a date-time of 12 octets, or ``None``."""

    time: bytes | None
    attribute: Attribute
    value: Data

    form = Form("C2", optional(TIME), ATTRIBUTE, DATA)


STATE_ERRORS: Mapping[int, str] = {1: "service-not-allowed", 2: "service-unknown"}
SERVICE_ERRORS: Mapping[int, str] = {
    1: "operation-not-possible", 2: "service-not-supported", 3: "other-reason",
    4: "pdu-too-long", 5: "deciphering-error", 6: "invocation-counter-error",
}
_COUNTER_ERROR = 6


@dataclass(frozen=True, slots=True)
class ExceptionResponse:
    """A service that could not be processed; the counter expected goes with error 6 only."""

    state_error: int
    service_error: int
    expected_counter: int | None = None

    @property
    def text(self) -> str:
        """Return both errors by name, or number where they have none."""
        counter = "" if self.expected_counter is None else f" {self.expected_counter}"
        return (f"{STATE_ERRORS.get(self.state_error, self.state_error)}, "
                f"{SERVICE_ERRORS.get(self.service_error, self.service_error)}{counter}")

    def encode(self) -> bytes:
        """Return the octets from the tag D8 on; LocalProtocolError for a field that misfits."""
        try:
            head = bytes((0xD8, self.state_error, self.service_error))
            counter = self.expected_counter
            return head if counter is None else head + U32.write(counter)
        except UNFIT as wrong:
            raise LocalProtocolError(f"no encoding of {self!r}: {wrong}") from wrong

    @classmethod
    def read(cls, octets: bytes) -> tuple[ExceptionResponse, int]:
        """Return the record in ``octets``, from its tag on, and the offset behind it."""
        state, service = octets[1], octets[2]
        if service != _COUNTER_ERROR:
            return cls(state, service), 3
        counter, end = U32.read(octets, 3)
        return cls(state, service, counter), end


SERVICES: Mapping[int, str] = {
    1: "initiate", 2: "get-status", 3: "get-name-list", 4: "get-variable-attribute", 5: "read",
    6: "write", 7: "get-data-set-attribute", 8: "get-ti-attribute", 9: "change-scope",
    10: "start", 11: "stop", 12: "resume", 13: "make-usable", 14: "initiate-load",
    15: "load-segment", 16: "terminate-load", 17: "initiate-upload", 18: "upload-segment",
    19: "terminate-upload",
}
ERRORS: Mapping[int, tuple[str, tuple[str, ...]]] = {
    0: ("application-reference", (
        "other", "time-elapsed", "application-unreachable", "application-reference-invalid",
        "application-context-unsupported", "provider-communication-error", "deciphering-error")),
    1: ("hardware-resource", (
        "other", "memory-unavailable", "processor-resource-unavailable",
        "mass-storage-unavailable", "other-resource-unavailable")),
    2: ("vde-state-error", (
        "other", "no-dlms-context", "loading-data-set", "status-nochange", "status-inoperable")),
    3: ("service", ("other", "pdu-size", "service-unsupported")),
    4: ("definition", (
        "other", "object-undefined", "object-class-inconsistent",
        "object-attribute-inconsistent")),
    5: ("access", (
        "other", "scope-of-access-violated", "object-access-violated", "hardware-fault",
        "object-unavailable")),
    6: ("initiate", (
        "other", "dlms-version-too-low", "incompatible-conformance", "pdu-size-too-short",
        "refused-by-the-vde-handler")),
    7: ("load-data-set", (
        "other", "primitive-out-of-sequence", "not-loadable", "dataset-size-too-large",
        "not-awaited-segment", "interpretation-failure", "storage-failure",
        "data-set-not-ready")),
    8: ("change-scope", ("other",)),
    9: ("task", ("other", "no-remote-control", "ti-stopped", "ti-running", "ti-unusable")),
    10: ("other", ("other",)),
}


@dataclass(frozen=True, slots=True)
class ConfirmedServiceError(Service):
    """A service that failed: which one, the kind of error, and the error within its kind."""

    service: int
    kind: int
    error: int

    form = Form("0E", CODE, CODE, CODE)

    @property
    def text(self) -> str:
        """Return service, kind and error by name, or number where they have none."""
        kind, errors = ERRORS.get(self.kind, (str(self.kind), ()))
        error = errors[self.error] if self.error < len(errors) else str(self.error)
        return f"{SERVICES.get(self.service, self.service)}: {kind}, {error}"
