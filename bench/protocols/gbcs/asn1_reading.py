"""ASN.1 payloads of the security, HAN and firmware use cases, read and built by use case.

Values are named by the members of the type, joined by dots, elements of a list by number:
``executionOutcome.replacementOutcomes.0.statusCode``; a payload that is a single value has it under
``value``. What counts as success is in the table below (result enumerations of GBCS sections 13.2
to 13.8, names as in :mod:`.asn1`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from bench.errors import LocalProtocolError
from bench.protocols.gbcs import asn1, events
from bench.protocols.gbcs.asn1.credentials import MODES
from bench.protocols.gbcs.message import Cra, Message
from bench.protocols.gbcs.readings import FAILURE, NONE, SUCCESS, Reading, Value, flat
from bench.protocols.gbcs.use_cases import UseCase

WHOLE = "value"
"""The name of a payload that is a single value."""

_CREDENTIALS = (*range(0x0100, 0x010A), 0x0125, 0x0126)
_STATUS = "statusCode"
# Message code -> the members that say how it went; WHOLE for a payload that is nothing else.
_STATUSES: Mapping[int, str] = {
    0x0008: _STATUS, 0x011B: _STATUS, **dict.fromkeys(_CREDENTIALS, _STATUS),
    0x000A: "responseCode", 0x000B: WHOLE, 0x000C: "responseCode",
    0x000D: WHOLE, 0x000E: WHOLE, 0x00AB: WHOLE, 0x00AF: WHOLE, 0x000F: WHOLE, 0x0010: WHOLE,
    0x0012: "activateImageResponseCode", 0x0013: "readLogResponseCode",
    0x007F: "deviceTimeStatus", 0x008C: "joinResponseCode", 0x0129: "readFirmwareResponseCode",
    0x00CA: "activateImageResponseCode", 0x00CB: _STATUS, 0x0124: _STATUS,
    0x0128: "transferResponseCode", 0x012B: "activateImageResponseCode",
}
# What means success where it is not called so: the clock was set.
_GOOD: Mapping[int, str] = {0x007F: "reliable"}
_ALERT_TIMES = ("executionDateTime", "backupDateTime")

_BROKER_CELL = {"trustAnchorCellRemotePartyRole": "accessControlBroker",
                "trustAnchorCellKeyUsage": ["keyAgreement"]}
_PARTS = {"authorisingRemotePartyTACellIdentifier": _BROKER_CELL,
          "remotePartyRolesCredentialsRequired": ["accessControlBroker"]}
_NO_DEVICE = "0000000000000000"
_FIRST_DAY = "2015-01-01T00:00:00Z"
# Commands that need no values, with the least that the type can hold; others are named below.
_DEFAULTS: Mapping[int, Any] = {
    0x0008: _PARTS, 0x011B: _PARTS,
    0x000A: {"keyUsage": ["digitalSignature"]}, 0x000C: {"keyUsage": ["digitalSignature"]},
    0x000B: "3000",  # a certificate that holds nothing
    **{code: {"joinMethodAndRole": method, "otherDeviceEntityIdentifier": _NO_DEVICE,
              "otherDeviceType": "eSME"}
       for code, method in ((0x000D, "methodAInitiator"), (0x00AB, "methodAResponder"),
                            (0x000E, "methodB"), (0x00AF, "methodC"))},
    0x000F: _NO_DEVICE, 0x0010: _NO_DEVICE,
    0x0012: {"manufacturerImageHash": "00" * 32},
    0x0013: None, 0x0129: None,
    0x007F: {"validityIntervalStart": _FIRST_DAY, "validityIntervalEnd": _FIRST_DAY},
    0x008C: {"deviceLogEntries": []},
    **{code: {"replacements": [], "certificationPathCertificates": []} for code in _CREDENTIALS},
}
# Members that repeat the originator counter of the message (GBCS 13.3.3.1 and 13.6).
_COUNTERS: Mapping[int, str] = {
    0x0012: "originatorCounter",
    **dict.fromkeys(_CREDENTIALS, "authorisingRemotePartyControl.authorisingRemotePartySeqNumber"),
}


def read(message: Message, use_case: UseCase | None) -> Reading:
    """Return what an ASN.1 payload says; RemoteProtocolError if it is not of its type."""
    name = use_case.id if use_case else f"{message.message_code:04X}"
    if (message.message_code, message.cra) not in asn1.PAYLOADS:
        whole = message.payload.hex().upper()
        return Reading("ASN.1", name, content=whole, values=(Value(WHOLE, whole),))
    plain = asn1.decode(message.message_code, message.cra, message.payload)
    title = use_case.title if use_case else ""
    values = tuple(Value(key, value, item=title) for key, value in _named(plain))
    if message.cra is Cra.COMMAND:
        return Reading("ASN.1", name, values=values)
    codes = tuple(_codes(message.message_code, values))
    reading = Reading("ASN.1", name, _result(message.message_code, message.cra, codes), codes,
                      values)
    return _alert(reading, plain) if message.cra is Cra.ALERT else reading


def command_values(message: Message) -> dict[str, Any]:
    """Return the values with which :func:`build_command` makes a payload again."""
    plain = asn1.decode(message.message_code, message.cra, message.payload)
    if isinstance(plain, dict):
        return plain
    return {} if plain is None else {WHOLE: plain}


def build_command(use_case: UseCase, values: Mapping[str, Any], counter: int) -> bytes:
    """Return the payload of a command: defaults, and ``values`` over them.

    ``values`` are members of the type, or their names joined by dots; a member given whole
    replaces the default. LocalProtocolError for a name or a value that the type does not have.
    """
    code = use_case.code
    if (code, Cra.COMMAND) not in asn1.PAYLOADS:
        raise LocalProtocolError(f"{use_case.id} is not a command with an ASN.1 payload")
    default = defaults(use_case, counter)
    if not isinstance(default, dict):
        unknown = sorted(set(values) - {WHOLE})
        if unknown or (default is None and values):
            has = "no values" if default is None else f"only {WHOLE}"
            raise LocalProtocolError(f"{use_case.id} has no value "
                                     f"{', '.join(unknown or [WHOLE])!r}; it has {has}")
        return _written(use_case, values.get(WHOLE, default))
    whole = {name: value for name, value in values.items() if "." not in name}
    tree: dict[str, Any] = default | {
        name: value for name, value in whole.items() if value is not None}
    for name in (name for name, value in whole.items() if value is None):
        tree.pop(name, None)  # an optional member is left out
    for name, value in values.items():
        if "." in name:
            _put(tree, name, value, use_case)
    return _written(use_case, tree)


def defaults(use_case: UseCase, counter: int = 0) -> Any:
    """Return the plain value of a command without values of its own."""
    default = _copy(_DEFAULTS[use_case.code])
    mode = next((name for name, mode in MODES.items() if mode.message_code == use_case.code), "")
    if mode:
        cell = MODES[mode].authorising
        default["authorisingRemotePartyControl"] = {"credentialsReplacementMode": mode} | (
            {"authorisingRemotePartyTACellIdentifier": cell.plain} if cell else {})
    if use_case.code in _COUNTERS:
        _put(default, _COUNTERS[use_case.code], counter, use_case)
    return default


def _written(use_case: UseCase, value: Any) -> bytes:
    try:
        return asn1.encode(use_case.code, Cra.COMMAND, value)
    except LocalProtocolError as wrong:
        raise LocalProtocolError(f"{use_case.id}: {wrong}") from None


def _put(tree: Any, name: str, value: Any, use_case: UseCase) -> None:
    *way, last = name.split(".")
    at = tree
    for step in way:
        at = (at.setdefault(step, {}) if isinstance(at, dict)
              else _element(at, step, name, use_case))
    if isinstance(at, dict):
        at[last] = value
    else:
        _element(at, last, name, use_case)
        at[int(last)] = value


def _element(at: Any, step: str, name: str, use_case: UseCase) -> Any:
    if isinstance(at, list) and step.isdecimal() and int(step) < len(at):
        return at[int(step)]
    raise LocalProtocolError(f"{use_case.id} has no value {name!r}: no element {step!r} is given")


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(item) for name, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _named(plain: Any) -> Iterator[tuple[str, Any]]:
    if plain is None:
        return
    for name, value in flat(plain):
        yield name or WHOLE, value


def _codes(code: int, values: tuple[Value, ...]) -> Iterator[tuple[str, str]]:
    """Yield the statuses; without one, that the command was accepted or answered."""
    status = _STATUSES.get(code, "")
    found = [(value.key, str(value.value)) for value in values
             if status and value.key.rpartition(".")[2] == status]
    if found or code not in _STATUSES:
        yield from found
    else:
        yield (values[0].key if values else WHOLE), SUCCESS


def _result(code: int, cra: Cra, codes: tuple[tuple[str, str], ...]) -> str:
    if not codes:
        return NONE if cra is Cra.ALERT else SUCCESS
    good = _GOOD.get(code, SUCCESS)
    return SUCCESS if all(found == good for _, found in codes) else FAILURE


def _alert(reading: Reading, plain: Mapping[str, Any]) -> Reading:
    code = int(plain["alertCode"])
    time = next((str(plain[name]) for name in _ALERT_TIMES if name in plain), "")
    content = {name: value for name, value in plain.items()
               if name != "alertCode" and name not in _ALERT_TIMES}
    return Reading("ASN.1", reading.use_case, reading.result, reading.codes, reading.values,
                   code, events.name_of(code), time, content)
