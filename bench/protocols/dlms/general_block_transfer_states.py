"""General block transfer as a table: what a side does in each state on each event.

The table knows no side: who begins and who answers differ in the events that they meet. The
procedure of IEC 62056-5-3 is not held as text; these transitions are our reading of its fields.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class State(enum.Enum):
    """States of one side."""

    READY = "ready"
    EXCHANGING = "exchanging blocks"
    TURN = "to answer"
    DONE = "done"
    ABORTED = "aborted"


class Happening(enum.Enum):
    """What can happen; those of a block are told when it gives the turn, all but ``BLOCK``."""

    # by the caller
    SEND = "an APDU to send"
    ABORT = "abort"
    TIMEOUT = "time-out"
    EXHAUSTED = "one retry too many"
    # by a block
    BLOCK = "block within a stream"
    GAP = "blocks before it are missing"
    UNHEARD = "own data were not heard"
    MORE = "own data are left to send"
    ASKED = "all own data were heard, the other side's are not at their end"
    POLL = "nothing new: the other side did not hear the latest block"
    COMPLETE = "the message to answer is complete"
    FINISHED = "the last that was to come"
    WRONG = "block that breaks a rule"
    ABORT_RECEIVED = "abort by the other side"


class Action(enum.Enum):
    """What is then sent."""

    NOTHING = "nothing"
    STREAM = "own blocks, from the first unheard one on"
    ACKNOWLEDGE = "an acknowledgement, which asks for blocks"
    REPEAT = "the latest own block, with what has arrived since"
    CONFIRM = "an acknowledgement of the last block, where the parameters ask for it"
    SEND_ABORT = "an abort"


_S, _H, _A = State, Happening, Action

TABLE: Mapping[tuple[State, Happening], tuple[State, Action]] = {
    (_S.READY, _H.SEND): (_S.EXCHANGING, _A.STREAM),
    (_S.READY, _H.ABORT): (_S.ABORTED, _A.NOTHING),
    (_S.READY, _H.TIMEOUT): (_S.READY, _A.NOTHING),
    (_S.READY, _H.EXHAUSTED): (_S.ABORTED, _A.NOTHING),
    **{(state, happening): following
       for state in (_S.READY, _S.EXCHANGING) for happening, following in {
           _H.BLOCK: (_S.EXCHANGING, _A.NOTHING),
           _H.GAP: (_S.EXCHANGING, _A.ACKNOWLEDGE),
           _H.UNHEARD: (_S.EXCHANGING, _A.STREAM),
           _H.MORE: (_S.EXCHANGING, _A.STREAM),
           _H.ASKED: (_S.EXCHANGING, _A.ACKNOWLEDGE),
           _H.POLL: (_S.EXCHANGING, _A.REPEAT),
           _H.COMPLETE: (_S.TURN, _A.NOTHING),
           _H.FINISHED: (_S.DONE, _A.CONFIRM),
           _H.WRONG: (_S.ABORTED, _A.SEND_ABORT),
           _H.ABORT_RECEIVED: (_S.ABORTED, _A.NOTHING),
       }.items()},
    (_S.EXCHANGING, _H.TIMEOUT): (_S.EXCHANGING, _A.REPEAT),
    (_S.EXCHANGING, _H.EXHAUSTED): (_S.ABORTED, _A.SEND_ABORT),
    (_S.EXCHANGING, _H.ABORT): (_S.ABORTED, _A.SEND_ABORT),
    (_S.TURN, _H.SEND): (_S.EXCHANGING, _A.STREAM),
    (_S.TURN, _H.ABORT): (_S.ABORTED, _A.SEND_ABORT),
    (_S.TURN, _H.ABORT_RECEIVED): (_S.ABORTED, _A.NOTHING),
    # the other side may not have heard the last block or its acknowledgement: it is told again
    (_S.DONE, _H.POLL): (_S.DONE, _A.REPEAT),
    (_S.DONE, _H.UNHEARD): (_S.DONE, _A.STREAM),
}

MISUSES = frozenset({Happening.SEND, Happening.ABORT})
"""Events of the own side: where the table does not hold them, they are a fault of the caller."""
