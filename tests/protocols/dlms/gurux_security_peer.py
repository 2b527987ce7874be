"""What ``gurux-dlms`` makes of the same keys and octets, in a process of its own.

That package is under the GPL, version 2: this file is run as a program, nothing imports it, and no
wheel holds it. It reads JSON lines from standard input and answers each with one::

    {"do": "protect", "suite": 0, "security": 16 | 32 | 48, "tag": 200, "title": hex, "key": hex,
     "authentication": hex, "counter": 1, "apdu": hex}                       -> {"octets": hex}
    {"do": "answer", "mechanism": 3..6, "suite": 0, "title": hex, "key": hex,
     "authentication": hex, "counter": 1, "challenge": hex, "secret": hex}   -> {"octets": hex}
    {"do": "verify", "suite": 1, "x": hex, "y": hex, "text": hex, "signature": hex}
                                                                             -> {"right": bool}
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import contextlib
import io
import json
import sys
from typing import Any

from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.CountType import CountType
from gurux_dlms.ecdsa.GXEcdsa import GXEcdsa
from gurux_dlms.ecdsa.GXPublicKey import GXPublicKey
from gurux_dlms.enums import Authentication, Security
from gurux_dlms.GXDLMSChippering import GXDLMSChippering
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.objects.enums import SecuritySuite


class Given:
    """The few settings that the peer's functions look at."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self.authentication = Authentication(asked.get("mechanism", 0))
        self.cipher = self
        self.systemTitle = octets(asked, "title")
        self.blockCipherKey = octets(asked, "key")
        self.authenticationKey = octets(asked, "authentication")
        self.securitySuite = SecuritySuite(asked["suite"])
        self.invocationCounter = asked.get("counter", 0)


def octets(asked: dict[str, Any], name: str) -> bytearray:
    """Return the field ``name``."""
    return bytearray.fromhex(asked.get(name, ""))


def protect(asked: dict[str, Any]) -> dict[str, Any]:
    """Return an APDU by service tag."""
    given = Given(asked)
    parameter = AesGcmParameter(asked["tag"], given.systemTitle, given.blockCipherKey,
                                given.authenticationKey)
    parameter.security = Security(asked["security"])
    parameter.securitySuite = given.securitySuite
    parameter.invocationCounter = asked["counter"]
    parameter.type_ = CountType.PACKET
    made = GXDLMSChippering.encryptAesGcm(parameter, octets(asked, "apdu"))
    return {"octets": bytes(made).hex()}


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a challenge."""
    given = Given(asked)
    secret = octets(asked, "title" if asked["mechanism"] == 5 else "secret")
    made = GXSecure.secure(given, given, asked["counter"], octets(asked, "challenge"), secret)
    return {"octets": bytes(made).hex()}


def verify(asked: dict[str, Any]) -> dict[str, Any]:
    """Return whether a signature is right."""
    key = GXPublicKey.fromRawBytes(bytearray(b"\4") + octets(asked, "x") + octets(asked, "y"))
    return {"right": bool(GXEcdsa(key).verify(octets(asked, "signature"), octets(asked, "text")))}


def main() -> None:
    """Answer each line; what the peer prints of keys goes nowhere."""
    for line in sys.stdin:
        asked = json.loads(line)
        with contextlib.redirect_stdout(io.StringIO()):
            answered = {"protect": protect, "answer": answer, "verify": verify}[asked["do"]](asked)
        sys.stdout.write(json.dumps(answered) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
