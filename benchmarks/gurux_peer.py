"""The other side of the ACCESS benchmark: ``gurux-dlms`` in a process of its own.

That package is under the GPL, version 2. This file is run as a program by :mod:`benchmarks.access`
and speaks JSON lines over standard input and output; nothing imports it and no wheel holds it.

Requests ``{"load": [hex, ...]}`` and ``{"pass": [index, ...], "way": "text" or "bare"}``; answers
``{"decoded": [index, ...], "version": text}``, the payloads that both ways decode to the last
octet, and ``{"seconds": number}``, the processor time of one pass over those named.

``text`` is the translator, the one public way to see what an access request holds; ``bare`` calls
the readers underneath, which drop a request's values once read and make no text.
"""

# mypy: disable-error-code="import-not-found, import-untyped"
from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from importlib.metadata import version
from time import process_time

from gurux_dlms import (
    GXByteBuffer,
    GXDLMSAccessItem,
    GXDLMSClient,
    GXDLMSTranslator,
    GXReplyData,
)
from gurux_dlms.enums import AccessServiceCommandType
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSLNCommandHandler import GXDLMSLNCommandHandler
from gurux_dlms.GXDLMSSettings import GXDLMSSettings

ACCESS_REQUEST = 0xD9


class Decoder:
    """Decodes an unciphered payload of the ACCESS service, in both ways."""

    def __init__(self) -> None:
        self.server = GXDLMSSettings(True, None)
        self.server.allowAnonymousAccess = True  # else requests are refused unread
        self.client = GXDLMSClient(True)
        self.translator = GXDLMSTranslator()
        self.items: dict[int, list[GXDLMSAccessItem]] = {}

    def text(self, octets: bytes) -> str:
        """Return one payload as XML."""
        return str(self.translator.pduToXml(GXByteBuffer(octets)))

    def bare(self, octets: bytes) -> GXByteBuffer:
        """Read one payload and return the buffer, which says how far it was read."""
        buffer = GXByteBuffer(octets)
        if octets[0] == ACCESS_REQUEST:
            buffer.position = 1
            GXDLMSLNCommandHandler.handleAccessRequest(self.server, None, buffer, None, None)
            return buffer
        reply = GXReplyData()
        reply.data = buffer
        buffer.position = 1
        GXDLMS.handleAccessResponse(self.client.settings, reply)
        self.client.parseAccessResponse(self._items(octets[7]), buffer)
        return buffer

    def _items(self, count: int) -> list[GXDLMSAccessItem]:
        """Return ``count`` elements that take a value but belong to no object."""
        if count not in self.items:
            self.items[count] = [GXDLMSAccessItem(AccessServiceCommandType.SET, None, 0)
                                 for _ in range(count)]
        return self.items[count]

    def whole(self, octets: bytes) -> bool:
        """Return whether both ways decode a payload, the bare one to its last octet."""
        try:
            self.text(octets)
            buffer = self.bare(octets)
        except Exception:  # of any kind: what it raises for octets it cannot read varies
            return False
        return bool(buffer.position == buffer.size)


def serve(requests: Iterable[str]) -> None:
    """Answer until the input ends."""
    decoder = Decoder()
    payloads: list[bytes] = []
    for line in requests:
        request = json.loads(line)
        answer: dict[str, object] = {}
        if "load" in request:
            payloads = [bytes.fromhex(text) for text in request["load"]]
            answer = {"version": version("gurux-dlms"),
                      "decoded": [index for index, octets in enumerate(payloads)
                                  if decoder.whole(octets)]}
        else:
            chosen = [payloads[index] for index in request["pass"]]
            decode = decoder.text if request["way"] == "text" else decoder.bare
            begin = process_time()
            for octets in chosen:
                decode(octets)
            answer = {"seconds": process_time() - begin}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(sys.stdin)
