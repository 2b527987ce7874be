"""``gurux-dlms`` (GPL, version 2) as a client of a meter, in a process of its own.

Run as a program; nothing imports it and no wheel holds it. Standard input is one JSON object with
``host``, ``port``, ``link`` (wrapper or hdlc), ``client``, ``mechanism`` (0 none, 1 low, 5 GMAC),
``secret``, ``title``, ``key``, ``authentication`` (hexadecimal) and ``counter``; the answer is
``{"clock": text, "objects": [[class, instance], ...], "rows": [...], "columns": number}``.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import contextlib
import io
import json
import socket
import sys
from typing import Any

from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms.enums import Authentication, InterfaceType, Security
from gurux_dlms.objects import GXDLMSClock, GXDLMSProfileGeneric
from gurux_dlms.secure import GXDLMSSecureClient

PROFILE = "1.0.99.1.0.255"


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
            client.useProtectedRelease = True  # the meter refuses any other
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
        """Return the clock, the object list and two rows of the profile."""
        client, clock = self.client, GXDLMSClock()
        reply = self.ask(client.read(clock, 2))
        client.updateValue(clock, 2, reply.value)
        objects = client.parseObjects(self.ask(client.getObjectsRequest()).data, False)
        profile = GXDLMSProfileGeneric(PROFILE)
        client.updateValue(profile, 3, self.ask(client.read(profile, 3)).value)
        rows = client.updateValue(
            profile, 2, self.ask(client.readRowsByEntry(profile, 1, 2)).value)
        return {"clock": str(clock.time), "objects": [
            [int(each.objectType), each.logicalName] for each in objects],
            "columns": len(profile.captureObjects), "rows": [len(row) for row in rows]}

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
