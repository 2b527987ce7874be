"""A meter that is none: answers each request on a socket with the next of some made-up answers.

Run as a program by :mod:`benchmarks.dlms`, so that it takes no processor time of who is measured.
Lines on standard input are ``{"framing": "wrapper" or "hdlc", "opening": [hex, ...],
"cycle": [hex, ...]}``: the next connection gets the answers of the opening, then those of the cycle
again and again. Each line is answered by ``{"port": number}``.
"""

from __future__ import annotations

import json
import socket
import sys
from itertools import chain, cycle


def main() -> None:
    """Serve one connection for each line."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        for line in sys.stdin:
            asked = json.loads(line)
            answers = chain(map(bytes.fromhex, asked["opening"]),
                            cycle([bytes.fromhex(each) for each in asked["cycle"]]))
            sys.stdout.write(json.dumps({"port": listener.getsockname()[1]}) + "\n")
            sys.stdout.flush()
            connection, _ = listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _serve(connection, _LENGTHS[asked["framing"]], answers)


def _serve(connection, length_of, answers) -> None:  # type: ignore[no-untyped-def]
    received = b""
    take, send = connection.recv, connection.sendall
    while octets := take(4096):
        received += octets
        while len(received) >= 8 and len(received) >= (length := length_of(received)):
            received = received[length:]
            send(next(answers))


_LENGTHS = {
    "wrapper": lambda octets: 8 + (octets[6] << 8 | octets[7]),
    "hdlc": lambda octets: 2 + ((octets[1] & 7) << 8 | octets[2]),
}

if __name__ == "__main__":
    main()
