"""ACCESS decoding against ``gurux-dlms``, which runs as a process of its own.

The payloads are requests and responses of the DLMS use cases, made by our own encoder from their
mapping rows, each with the shortest and with the longest arrays that the rows allow. Requests with
selective access (access choices 4 and 5) are left out because ``gurux-dlms`` does not read them,
responses to them because nothing in the rows says what they hold.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from bench.protocols.cosem.access import (
    NULL,
    AccessRequest,
    AccessResponse,
    AccessResult,
    Choice,
    decode_payload,
    plain,
)
from bench.protocols.gbcs.building import build
from bench.protocols.gbcs.commands import Step, build_command, steps
from bench.protocols.gbcs.templates import Shape, shape_of
from benchmarks.measure import Result, Target, alternate, stopwatch
from benchmarks.parties import dlms_use_cases

PEER = Path(__file__).with_name("gurux_peer.py")
TARGET = Target("at least", 10)
LONG_INVOKE_ID = 0x20000001

TEXT = ("access decoding, to text", TARGET,
        "octets to text that shows every value: decode_payload(), plain() and json.dumps() against "
        "gurux-dlms' translator (pduToXml), its only public way to see what a request holds")
BARE = ("access decoding, bare readers", None,
        "decode_payload() alone against gurux-dlms' inner readers, without XML and without objects "
        "to update; they drop a request's values once read, ours keeps all")
CORPUS = ("its own process, in turn with ours; use-case requests and responses of our own making, "
          "shortest and longest arrays; requests with access choice 4 or 5 left out, which "
          "gurux-dlms does not read; processor time, speed of ours divided by speed of the peer")


def run(quick: bool) -> Iterator[Result]:
    """Yield the comparison to text, which has the target, and that of the bare readers."""
    if find_spec("gurux_dlms") is None:
        for name, target, how in (TEXT, BARE):
            yield Result(name, None, target, f"{how}; {CORPUS}",
                         "gurux-dlms is not installed here: tox run -e benchmarks")
        return
    corpus = list(payloads(3 if quick else 1000))
    command = [sys.executable, "-P", str(PEER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        def ask(**request: Any) -> Any:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps(request) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        def peer(way: str) -> float:
            return float(ask(**{"pass": loaded["decoded"], "way": way})["seconds"])

        loaded = ask(load=[octets.hex() for octets in corpus])
        for (name, target, how), way, ours in ((TEXT, "text", _text), (BARE, "bare", _bare)):
            yield _compare(Result(name, None, target, f"{how}; {CORPUS}"), corpus, loaded,
                           partial(peer, way), ours, quick)
        assert process.stdin is not None
        process.stdin.close()


def payloads(count: int) -> Iterator[bytes]:
    """Yield the octets of ``count`` use cases' requests and responses, short and long."""
    for name in list(dlms_use_cases())[:count]:
        order = steps(name)
        plainest = build_command(name, counter=LONG_INVOKE_ID & 0xFFFFFF)
        if any(step.choice in (Choice.GET_WITH_SELECTION, Choice.SET_WITH_SELECTION)
               for step in order):
            continue
        results = tuple(AccessResult(step.choice, 0) for step in order)
        for longest in (False, True):
            given = tuple(
                data if step.choice is Choice.GET or step.protected else _value(step, longest)
                for step, data in zip(order, plainest.data, strict=True))
            yield AccessRequest(LONG_INVOKE_ID, b"", plainest.specifications, given).encode()
            found = tuple(_value(step, longest) if step.choice is Choice.GET else NULL
                          for step in order)
            yield AccessResponse(LONG_INVOKE_ID, b"", (), found, results).encode()


def _value(step: Step, longest: bool) -> Any:
    shape = shape_of(step.rows)
    return build(shape, _longest(shape) if longest and shape is not None else None)


def _longest(shape: Shape) -> Any:
    """Return the plain value with every array as long as it may be, the rest as it comes."""
    if shape.bounds is not None:
        return [_longest(shape.element)] * shape.bounds[1]
    if shape.tag is None:
        return {name: _longest(member) for name, member in shape.members.items()}
    return None


def _text(octets: bytes) -> object:
    return json.dumps(plain(decode_payload(octets)))


def _bare(octets: bytes) -> object:
    return decode_payload(octets)


def _compare(result: Result, corpus: Sequence[bytes], loaded: dict[str, Any],
             peer: Callable[[], float], decode: Callable[[bytes], object], quick: bool) -> Result:
    chosen = [corpus[index] for index in loaded["decoded"]]

    def ours() -> None:
        for octets in chosen:
            decode(octets)

    rounds = alternate({"ours": stopwatch(ours), "peer": peer}, 1 if quick else 9)
    each = 1e6 / len(chosen)
    figures = (f"{rounds.median('ours') * each:.1f} us a payload, gurux-dlms {loaded['version']} "
               f"{rounds.median('peer') * each:.1f} us; {len(chosen)} of {len(corpus)} payloads "
               f"that both read, {sum(map(len, chosen))} octets")
    return Result(result.name, rounds.ratio("peer", "ours"), result.target, result.how, figures)
