"""Names of common OBIS codes (IEC 62056-6-1; DLMS UA list of standard COSEM objects).

Abstract objects (A = 0) are a table of patterns; electricity (A = 1) is put together from the
quantity (C), what is made of it (D), the tariff (E) and the billing period (F), as the standard
builds its codes. Codes of makers, utilities and countries have no name here, but for the
objects that GBCS places under 94.44, which are the United Kingdom's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from bench.protocols.cosem import obis


@lru_cache(maxsize=4096)
def name(code: bytes) -> str:
    """Return the name of the object with that logical name (6 octets); empty where none is known.

    What the code leaves general is told: ``channel 1``, ``rate 2``, ``billing period 3``.
    """
    text = obis.text(code)
    for pattern, named in _PATTERNS:
        match = pattern.fullmatch(text)
        if match:
            return named.format(**match.groupdict())
    return _electricity(code) if code[0] == 1 else ""


# Patterns over A-B:C.D.E.F: b is any channel, e and f any number that the name tells.
_TABLE: tuple[tuple[str, str], ...] = (
    ("0-b:0.1.0.255", "billing period counter"),
    ("0-b:0.1.1.255", "number of available billing periods"),
    ("0-b:0.1.2.255", "time stamp of the most recent billing period"),
    ("0-b:0.2.0.255", "program entry: configuration version"),
    ("0-b:0.9.1.255", "local time"),
    ("0-b:0.9.2.255", "local date"),
    ("0-b:1.0.0.255", "clock"),
    ("0-b:1.1.0.255", "clock, UNIX time"),
    ("0-b:2.0.0.255", "modem configuration"),
    ("0-b:2.1.0.255", "auto connect"),
    ("0-b:2.2.0.255", "auto answer"),
    ("0-b:10.0.0.255", "script table: global meter reset"),
    ("0-b:10.0.1.255", "script table: MDI reset, end of billing period"),
    ("0-b:10.0.100.255", "script table: tariffication"),
    ("0-b:10.0.101.255", "script table: test mode"),
    ("0-b:10.0.102.255", "script table: normal mode"),
    ("0-b:10.0.103.255", "script table: outputs"),
    ("0-b:10.0.104.255", "script table: switches"),
    ("0-b:10.0.105.255", "script table: power quality measurement"),
    ("0-b:10.0.106.255", "script table: disconnect control"),
    ("0-b:10.0.107.255", "script table: image activation"),
    ("0-b:10.0.108.255", "script table: push"),
    ("0-b:10.0.109.255", "script table: load profile control"),
    ("0-b:10.1.e.255", "script table: predefined scripts {e}"),
    ("0-b:11.0.e.255", "special days table {e}"),
    ("0-b:12.0.e.255", "schedule {e}"),
    ("0-b:13.0.e.255", "activity calendar {e}"),
    ("0-b:14.0.e.255", "register activation {e}"),
    ("0-b:15.0.0.255", "single action schedule: end of billing period"),
    ("0-b:15.0.1.255", "single action schedule: disconnect control"),
    ("0-b:15.0.2.255", "single action schedule: image activation"),
    ("0-b:15.0.3.255", "single action schedule: output control"),
    ("0-b:15.0.4.255", "single action schedule: push"),
    ("0-b:15.e.0.255", "single action schedule {e}"),
    ("0-b:16.0.e.255", "register monitor {e}"),
    ("0-b:16.1.e.255", "register monitor: alarm {e}"),
    ("0-b:16.2.e.255", "parameter monitor {e}"),
    ("0-b:17.0.e.255", "limiter {e}"),
    ("0-b:18.0.e.255", "array manager {e}"),
    ("0-b:19.0.0.255", "account"),
    ("0-b:19.10.e.255", "credit {e}"),
    ("0-b:19.20.e.255", "charge {e}"),
    ("0-b:19.40.e.255", "token gateway {e}"),
    ("0-b:20.0.0.255", "IEC optical port setup"),
    ("0-b:20.0.1.255", "IEC electrical port setup"),
    ("0-b:21.0.e.255", "readout list {e}"),
    ("0-b:22.0.e.255", "HDLC setup {e}"),
    ("0-b:23.0.0.255", "twisted pair setup"),
    ("0-b:24.0.0.255", "M-Bus slave port setup"),
    ("0-b:24.1.0.255", "M-Bus client"),
    ("0-b:24.2.e.255", "M-Bus value {e}"),
    ("0-b:24.3.e.255", "M-Bus profile {e}"),
    ("0-b:24.4.e.255", "M-Bus disconnect control {e}"),
    ("0-b:24.5.e.255", "M-Bus control log {e}"),
    ("0-b:24.6.0.255", "M-Bus master port setup"),
    ("0-b:25.0.0.255", "TCP-UDP setup"),
    ("0-b:25.1.0.255", "IPv4 setup"),
    ("0-b:25.2.0.255", "MAC address setup"),
    ("0-b:25.3.0.255", "PPP setup"),
    ("0-b:25.4.0.255", "GPRS modem setup"),
    ("0-b:25.5.0.255", "SMTP setup"),
    ("0-b:25.6.0.255", "GSM diagnostic"),
    ("0-b:25.7.0.255", "IPv6 setup"),
    ("0-b:25.9.e.255", "push setup {e}"),
    ("0-b:25.10.0.255", "NTP setup"),
    ("0-b:30.3.0.255", "ZigBee network control"),
    ("0-b:40.0.0.255", "current association"),
    ("0-b:40.0.e.255", "association {e}"),
    ("0-b:41.0.0.255", "SAP assignment"),
    ("0-b:42.0.0.255", "COSEM logical device name"),
    ("0-b:43.0.e.255", "security setup {e}"),
    ("0-b:43.1.e.255", "invocation counter {e}"),
    ("0-b:43.2.e.255", "data protection {e}"),
    ("0-b:44.0.e.255", "image transfer {e}"),
    ("0-b:44.1.e.255", "function control {e}"),
    ("0-b:44.2.e.255", "communication port protection {e}"),
    ("0-b:65.d.e.255", "standard utility table"),
    ("0-b:66.0.e.255", "compact data {e}"),
    ("0-b:67.0.e.255", "sensor manager {e}"),
    ("0-b:94.44.d.e", "object of the United Kingdom's list"),
    ("0-b:96.1.e.255", "device ID {e}"),
    ("0-b:96.2.0.255", "number of configuration changes"),
    ("0-b:96.2.1.255", "date of the last configuration change"),
    ("0-b:96.2.2.255", "date of the last time switch program change"),
    ("0-b:96.2.5.255", "date of the last clock synchronization"),
    ("0-b:96.3.0.255", "state of inputs and outputs"),
    ("0-b:96.3.1.255", "state of input control signals"),
    ("0-b:96.3.2.255", "state of output control signals"),
    ("0-b:96.3.10.255", "disconnect control"),
    ("0-b:96.3.20.255", "arbitrator"),
    ("0-b:96.4.e.255", "internal control signals {e}"),
    ("0-b:96.5.e.255", "internal operating status {e}"),
    ("0-b:96.6.0.255", "battery use time"),
    ("0-b:96.6.1.255", "battery charge"),
    ("0-b:96.6.3.255", "battery voltage"),
    ("0-b:96.7.0.255", "number of power failures in all phases"),
    ("0-b:96.7.9.255", "number of long power failures in any phase"),
    ("0-b:96.7.21.255", "number of power failures in any phase"),
    ("0-b:96.8.0.255", "time of operation"),
    ("0-b:96.8.e.255", "time of operation, rate {e}"),
    ("0-b:96.9.0.255", "ambient temperature"),
    ("0-b:96.10.e.255", "status register {e}"),
    ("0-b:96.11.e.255", "event code {e}"),
    ("0-b:96.12.5.255", "field strength of the modem"),
    ("0-b:96.12.6.255", "telephone number of the modem"),
    ("0-b:96.13.0.255", "consumer message by the local port"),
    ("0-b:96.13.1.255", "consumer message on the display"),
    ("0-b:96.14.e.255", "currently active tariff {e}"),
    ("0-b:96.15.e.255", "event counter {e}"),
    ("0-b:96.20.e.255", "fraud detection {e}"),
    ("0-b:97.97.e.255", "error register {e}"),
    ("0-b:97.98.0.255", "alarm register"),
    ("0-b:97.98.10.255", "alarm filter"),
    ("0-b:97.98.20.255", "alarm descriptor"),
    ("0-b:97.98.e.255", "alarm object {e}"),
    ("a-b:98.1.e.255", "data of billing period {e}"),
    ("a-b:98.2.e.255", "data of billing period, second scheme {e}"),
    ("a-b:98.10.e.255", "data of the current billing period {e}"),
    ("a-b:99.1.e.255", "load profile with recording period 1, {e}"),
    ("a-b:99.2.e.255", "load profile with recording period 2, {e}"),
    ("a-b:99.3.e.255", "load profile during test {e}"),
    ("a-b:99.10.e.255", "dips voltage profile {e}"),
    ("a-b:99.12.e.255", "connection profile {e}"),
    ("a-b:99.97.e.255", "power failure event log {e}"),
    ("a-b:99.98.e.255", "event log {e}"),
    ("a-b:99.99.e.255", "certification data log {e}"),
    ("1-b:0.0.e.255", "electricity ID {e}"),
    ("1-b:0.1.0.255", "billing period counter"),
    ("1-b:0.2.0.255", "active firmware identifier"),
    ("1-b:0.2.2.255", "time switch program number"),
    ("1-b:0.2.8.255", "active firmware signature"),
    ("1-b:0.3.e.255", "active energy output pulse constant {e}"),
    ("1-b:0.4.2.255", "transformer ratio: current, numerator"),
    ("1-b:0.4.3.255", "transformer ratio: voltage, numerator"),
    ("1-b:0.4.5.255", "transformer ratio: current, denominator"),
    ("1-b:0.4.6.255", "transformer ratio: voltage, denominator"),
    ("1-b:0.6.0.255", "nominal voltage"),
    ("1-b:0.6.1.255", "nominal current"),
    ("1-b:0.6.2.255", "nominal frequency"),
    ("1-b:0.8.0.255", "measurement period 1"),
    ("1-b:0.8.4.255", "recording period 1 of the load profile"),
    ("1-b:0.8.5.255", "recording period 2 of the load profile"),
    ("1-b:0.9.1.255", "local time"),
    ("1-b:0.9.2.255", "local date"),
    ("7-b:0.0.e.255", "gas ID {e}"),
    ("7-b:0.2.0.255", "active firmware identifier"),
    ("7-b:0.2.8.255", "active firmware signature"),
)


def _pattern(written: str) -> re.Pattern[str]:
    escaped = re.escape(written).replace(r"\-", "-")
    for letter in "abde":
        escaped = re.sub(rf"(?<![a-z\\]){letter}(?![a-z])", rf"(?P<{letter}>\\d+)", escaped)
    return re.compile(escaped)


_PATTERNS = tuple((_pattern(written), named) for written, named in _TABLE)

_QUANTITIES: Mapping[int, str] = {
    1: "active power import", 2: "active power export", 3: "reactive power import",
    4: "reactive power export", 5: "reactive power QI", 6: "reactive power QII",
    7: "reactive power QIII", 8: "reactive power QIV", 9: "apparent power import",
    10: "apparent power export", 11: "current", 12: "voltage", 13: "power factor",
    14: "supply frequency", 15: "active power, sum of import and export",
    16: "active power, import less export"}
_PHASES: Mapping[int, str] = {0: "", 20: ", L1", 40: ", L2", 60: ", L3"}
_NEUTRAL: Mapping[int, str] = {91: "current, neutral", 92: "voltage, neutral"}
_MADE: Mapping[int, str] = {
    2: "cumulative maximum demand", 3: "cumulative minimum demand", 4: "current average",
    5: "last average", 6: "maximum demand", 7: "instantaneous value", 8: "time integral 1",
    9: "time integral 2", 10: "time integral 3", 14: "current average 2", 15: "last average 2",
    16: "maximum demand 2", 23: "minimum", 24: "current average 3", 25: "last average 3",
    26: "maximum 3", 27: "current average 5", 28: "current average 6", 29: "time integral 5",
    30: "time integral 6", 31: "under limit threshold", 32: "under limit occurrences",
    33: "under limit duration", 34: "under limit magnitude", 35: "over limit threshold",
    36: "over limit occurrences", 37: "over limit duration", 38: "over limit magnitude",
    39: "missing threshold", 40: "missing occurrences", 41: "missing duration",
    43: "time threshold for under limit", 44: "time threshold for over limit"}
_INTEGRALS = frozenset((8, 9, 10, 29, 30))
_CURRENT = 255
_LAST_BILLING_PERIOD = 99


def _electricity(code: bytes) -> str:
    _a, channel, quantity, made, tariff, period = code
    phase = next((base for base in sorted(_PHASES, reverse=True)
                  if quantity > base and quantity - base in _QUANTITIES), None)
    what = _NEUTRAL.get(quantity) or (
        None if phase is None else _QUANTITIES[quantity - phase] + _PHASES[phase])
    if what is None or made not in _MADE:
        return ""
    if made in _INTEGRALS:
        what = what.replace("power", "energy")
    parts = [what, _MADE[made]]
    if 0 < tariff < 64:
        parts.append(f"rate {tariff}")
    if channel:
        parts.append(f"channel {channel}")
    if period <= _LAST_BILLING_PERIOD:
        parts.append(f"billing period {period}")
    elif period != _CURRENT:
        return ""
    return ", ".join(parts)
