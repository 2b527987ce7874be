"""Two sides of an association with made-up keys of every kind; titles are the Green Book's."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric import ec

from bench.protocols.dlms.security.keys import Keys
from bench.protocols.dlms.security.suites import SUITES

CLIENT_TITLE = bytes.fromhex("4D4D4D0000000001")
SERVER_TITLE = bytes.fromhex("4D4D4D0000BC614E")
GET_CLOCK = bytes.fromhex("C0010000080000010000FF0200")


def made_up(name: str, octets: int) -> bytes:
    """Return octets that are the same in each run."""
    return hashlib.shake_256(name.encode()).digest(octets)


def random(seed: str = "random") -> Callable[[int], bytes]:
    """Return a source of octets that is the same in each run."""
    drawn = 0

    def draw(octets: int) -> bytes:
        nonlocal drawn
        drawn += 1
        return made_up(f"{seed} {drawn}", octets)

    return draw


def sides(number: int) -> tuple[Keys, Keys]:
    """Return the keys of the client and of the server under suite ``number``."""
    suite = SUITES[number]
    shared = {name: made_up(name, suite.key_octets) for name in (
        "global_unicast", "global_broadcast", "authentication", "dedicated", "master")}
    client = Keys(number, CLIENT_TITLE, SERVER_TITLE, **shared, secret=b"a secret of both")
    server = replace(client, own_title=SERVER_TITLE, peer_title=CLIENT_TITLE)
    if suite.curve is None:
        return client, server
    pairs = [ec.derive_private_key(int.from_bytes(made_up(name, 16), "big"), suite.curve)
             for name in ("client signing", "client agreement", "server signing",
                          "server agreement")]
    client = replace(client, signing=pairs[0], agreement=pairs[1],
                     peer_signing=pairs[2].public_key(), peer_agreement=pairs[3].public_key())
    server = replace(server, signing=pairs[2], agreement=pairs[3],
                     peer_signing=pairs[0].public_key(), peer_agreement=pairs[1].public_key())
    return client, server
