"""``gurux-dlms`` (GPL, version 2) as a client of a meter, in a process of its own.

Run as a program; nothing imports it and no wheel holds it. Standard input is one JSON object with
``host``, ``port``, ``link`` (wrapper or hdlc), ``client``, ``mechanism`` (0 none, 1 low, 5 GMAC,
7 ECDSA), ``suite``, ``secret``, ``title``, ``key``, ``authentication``, ``signing`` (the client's
private key) and ``verifying`` (the meter's public one), hexadecimal, and ``counter``; the answer is
``{"name": text, "objects": [[class, instance], ...]}``, and where there are a clock and a load
profile ``"clock": text, "rows": [...], "columns": number``.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import sys
from typing import Any

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.ecdsa.GXPrivateKey import GXPrivateKey
from gurux_dlms.ecdsa.GXPublicKey import GXPublicKey
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSData, GXDLMSProfileGeneric
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms.secure import GXDLMSSecureClient

PROFILE, NAME = "1.0.99.1.0.255", "0.0.42.0.0.255"


class Reader:
    """A client on a socket."""

    def __init__(self, asked: dict[str, Any]) -> None:
        hdlc = asked["link"] == "hdlc"
        server = GXDLMSSecureClient.getServerAddress(1, 17) if hdlc else 1
        self.client = client = GXDLMSSecureClient(
            True, asked["client"], server, Authentication(asked["mechanism"]),
            bytes.fromhex(asked["secret"]) or None,
            InterfaceType.HDLC if hdlc else InterfaceType.WRAPPER)
        if asked["key"]:
            client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
            client.ciphering.systemTitle = bytearray.fromhex(asked["title"])
            client.ciphering.blockCipherKey = bytearray.fromhex(asked["key"])
            client.ciphering.authenticationKey = bytearray.fromhex(asked["authentication"])
            client.ciphering.invocationCounter = asked["counter"]
            client.ciphering.securitySuite = SecuritySuite(asked["suite"])
            client.useProtectedRelease = True  # the meter refuses any other
        if asked["signing"]:
            client.ciphering.signingKeyPair = (
                GXPublicKey.fromRawBytes(bytearray.fromhex(asked["verifying"])),
                GXPrivateKey.fromRawBytes(bytearray.fromhex(asked["signing"])))
            client.ctoSChallenge = os.urandom(32)  # 16 by default
        self.line = socket.create_connection((asked["host"], asked["port"]), timeout=5)

    def ask(self, messages: Any) -> GXReplyData:
        """Send all messages of a request, take all of its answer."""
        reply = GXReplyData()
        for message in messages if isinstance(messages, list) else [messages]:
            reply.clear()
            self._one(message, reply)
            while reply.isMoreData():
                self._one(self.client.receiverReady(reply), reply)
        return reply

    def _one(self, octets: bytes, reply: GXReplyData) -> None:
        if not octets:
            return
        received, notice = GXByteBuffer(), GXReplyData()
        self.line.sendall(octets)
        while not self.client.getData(received, reply, notice):
            received.set(self.line.recv(4096))
        if reply.error:
            raise ValueError(f"the meter answered {reply.error}")

    def open(self) -> None:
        """Connect the link and associate."""
        client = self.client
        snrm = client.snrmRequest()
        if snrm:
            client.parseUAResponse(self.ask(snrm).data)
        client.parseAareResponse(self.ask(client.aarqRequest()).data)
        if client.authentication > Authentication.LOW:
            for message in client.getApplicationAssociationRequest():
                client.parseApplicationAssociationResponse(self.ask(message).data)

    def read(self) -> dict[str, Any]:
        """Return the name, the object list, the clock and two rows of the profile."""
        client, clock = self.client, GXDLMSClock()
        objects = client.parseObjects(self.ask(client.getObjectsRequest()).data, False)
        found = {"name": bytes(self.ask(client.read(GXDLMSData(NAME), 2)).value).decode(),
                 "objects": [[int(each.objectType), each.logicalName] for each in objects]}
        if PROFILE not in {each.logicalName for each in objects}:
            return found
        reply = self.ask(client.read(clock, 2))
        client.updateValue(clock, 2, reply.value)
        profile = GXDLMSProfileGeneric(PROFILE)
        client.updateValue(profile, 3, self.ask(client.read(profile, 3)).value)
        rows = client.updateValue(
            profile, 2, self.ask(client.readRowsByEntry(profile, 1, 2)).value)
        return {**found, "clock": str(clock.time), "columns": len(profile.captureObjects),
                "rows": [len(row) for row in rows]}

    def close(self) -> None:
        """Release the association and the link."""
        self.ask(self.client.releaseRequest())
        self.ask(self.client.disconnectRequest())
        self.line.close()


def main() -> None:
    """Do what standard input asks for."""
    with contextlib.redirect_stdout(io.StringIO()):
        reader = Reader(json.load(sys.stdin))
        reader.open()
        found = reader.read()
        reader.close()
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
