"""APDUs that ``gurux-dlms`` makes, and what it makes of ours, in a process of its own.

That package is under the GPL, version 2: this file is run as a program, nothing imports it, and no
wheel holds it. It reads one JSON object, ``{"translate": [hex, ...]}``, from standard input, and
answers ``{"made": {name: [hex, ...]}, "translated": [hex, ...]}``: the requests of its client, and
each given APDU read into its XML and written again.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import contextlib
import datetime
import io
import json
import sys
from typing import Any

from gurux_dlms import GXDLMSClient
from gurux_dlms.enums import Authentication, Conformance, DataType, InterfaceType
from gurux_dlms.enums.TranslatorOutputType import TranslatorOutputType
from gurux_dlms.GXDLMSTranslator import GXDLMSTranslator
from gurux_dlms.objects import (
    GXDLMSCaptureObject,
    GXDLMSClock,
    GXDLMSData,
    GXDLMSProfileGeneric,
)


def client(logical_names: bool = True, authentication: Any = Authentication.NONE) -> Any:
    """Return a client without any link."""
    made = GXDLMSClient(logical_names, 16, 1, authentication, "12345678", InterfaceType.PDU)
    made.settings.negotiatedConformance |= Conformance.MULTIPLE_REFERENCES
    return made


def requests() -> dict[str, Any]:
    """Return what its client sends, by what it is asked for."""
    clock, data = GXDLMSClock("0.0.1.0.0.255"), GXDLMSData("0.0.96.1.0.255")
    short_clock, short_data = GXDLMSClock(), GXDLMSData()
    short_clock.shortName, short_data.shortName = 0x100, 0x200
    data.value = short_data.value = bytearray(range(200))
    profile = GXDLMSProfileGeneric("1.0.99.1.0.255")
    profile.captureObjects.append((clock, GXDLMSCaptureObject(2, 0)))
    profile.sortObject = clock
    ln, sn, small = client(), client(False), client()
    small.settings.maxPduSize = 60
    days = datetime.datetime(2020, 1, 1), datetime.datetime(2020, 1, 2)  # noqa: DTZ001
    return {
        "associate": ln.aarqRequest(),
        "associate low": client(authentication=Authentication.LOW).aarqRequest(),
        "associate high": client(authentication=Authentication.HIGH_SHA1).aarqRequest(),
        "associate short": sn.aarqRequest(),
        "get": ln.read(clock, 2), "get list": ln.readList([(clock, 2), (data, 2)])[0],
        "set": ln.write(data, 2), "set blocks": small.write(data, 2),
        "action": ln.method(clock, 1, 0, DataType.INT8),
        "action blocks": small.method(clock, 1, bytearray(range(150)), DataType.OCTET_STRING),
        "entry": ln.readRowsByEntry(profile, 1, 2),
        "range": ln.readRowsByRange(profile, *days),
        "read": sn.read(short_clock, 2), "write": sn.write(short_data, 2),
    }


def translate(octets: str) -> str:
    """Return an APDU as it is written again; an exception of the peer counts as nothing."""
    translator = GXDLMSTranslator(TranslatorOutputType.STANDARD_XML)
    with contextlib.redirect_stdout(io.StringIO()):
        return str(translator.xmlToHexPdu(translator.pduToXml(octets)))


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    sys.stdout.write(json.dumps({
        "made": {name: [bytes(each).hex() for each in octets]
                 for name, octets in requests().items()},
        "translated": [translate(octets) for octets in asked["translate"]]}))
