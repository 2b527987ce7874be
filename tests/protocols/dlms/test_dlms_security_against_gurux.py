"""Protection against ``gurux-dlms`` (GPL), which is asked in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from dlms_parties import CLIENT_TITLE, GET_CLOCK, SERVER_TITLE, made_up, sides

from bench.protocols import plain_ecdsa
from bench.protocols.dlms.security import agreement, hls
from bench.protocols.dlms.security.hls import Mechanism
from bench.protocols.dlms.security.protection import AUTHENTICATED, BOTH, ENCRYPTED
from bench.protocols.dlms.security.securing import Security

pytestmark = pytest.mark.skipif(find_spec("gurux_dlms") is None, reason="no gurux-dlms here")

PEER = Path(__file__).with_name("gurux_security_peer.py")


def asked(questions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the answers of the peer."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    found = subprocess.run([sys.executable, str(PEER)], input=lines, capture_output=True,
                           text=True, timeout=60, check=True)
    return [json.loads(line) for line in found.stdout.splitlines()]


def test_apdus_are_protected_as_the_peer_does() -> None:
    questions, ours = [], []
    for number in (0, 1):  # the peer's cipher takes no key of 32 octets
        client, _ = sides(number)
        for kind, protection in ((16, AUTHENTICATED), (32, ENCRYPTED), (48, BOTH)):
            for length in (0, 1, 120, 250):
                apdu = GET_CLOCK + made_up("apdu", length)
                ours.append(Security(client).protect(apdu, protection, counter=length).hex())
                questions.append({
                    "do": "protect", "suite": number, "security": kind, "tag": 0xC8,
                    "title": CLIENT_TITLE.hex(), "key": client.global_unicast.hex(),
                    "authentication": client.authentication.hex(), "counter": length,
                    "apdu": apdu.hex()})
    assert [answer["octets"] for answer in asked(questions)] == ours


def test_challenges_are_answered_as_the_peer_does() -> None:
    questions, ours = [], []
    for mechanism in (Mechanism.MD5, Mechanism.SHA1, Mechanism.GMAC, Mechanism.SHA256):
        client, _ = sides(0)
        for length in (8, 16, 33, 64):
            theirs, own = made_up("theirs", length), made_up("ours", length)
            ours.append(hls.answer(mechanism, client, theirs=theirs, ours=own, counter=7).hex())
            secret = client.secret + (CLIENT_TITLE + SERVER_TITLE + theirs + own
                                      if mechanism is Mechanism.SHA256 else b"")
            questions.append({
                "do": "answer", "mechanism": int(mechanism), "suite": 0,
                "title": CLIENT_TITLE.hex(), "key": client.global_unicast.hex(),
                "authentication": client.authentication.hex(), "counter": 7,
                "challenge": theirs.hex(), "secret": secret.hex()})
    assert [answer["octets"] for answer in asked(questions)] == ours


def test_the_peer_takes_signed_answers() -> None:
    client, _ = sides(1)  # the peer cannot check a signature on P-384
    theirs, own = made_up("theirs", 32), made_up("ours", 32)
    signature = hls.answer(Mechanism.ECDSA, client, theirs=theirs, ours=own)
    text = CLIENT_TITLE + SERVER_TITLE + theirs + own
    assert client.signing is not None
    point = agreement.public_octets(client.signing.public_key())
    half = len(point) // 2
    question = {"do": "verify", "suite": 1, "x": point[:half].hex(), "y": point[half:].hex(),
                "text": text.hex(), "signature": signature.hex()}
    wrong = {**question, "text": (text + b"\0").hex()}
    assert plain_ecdsa.verify(text, signature, client.signing.public_key())
    assert asked([question, wrong]) == [{"right": True}, {"right": False}]
