"""General block transfer as tables: what each state does on each event (GBCS 7.2.11).

One table for who sends a message in blocks, one for who receives it. An event of the other side
or of a timer that a table does not hold in a state cannot be told there; one of the own side that
it does not hold is a misuse. The procedure of IEC 62056-5-3 (lost block recovery) is not held as
text: these transitions are our reading of the fields and their names.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class Sending(enum.Enum):
    """States of the sending side."""

    READY = "ready"
    WAITING = "waiting for an acknowledgement"
    DELIVERED = "delivered"
    ABORTED = "aborted"


class Receiving(enum.Enum):
    """States of the receiving side."""

    OPEN = "open"
    COMPLETE = "complete"
    ABORTED = "aborted"


class Happening(enum.Enum):
    """What can happen to either side."""

    # by the caller
    START = "start"
    ABORT = "abort"
    TIMEOUT = "time-out"
    EXHAUSTED = "time-out or request after the last retry"
    # an acknowledgement, to the sending side
    REQUEST = "acknowledgement that asks for more blocks"
    STALE = "acknowledgement that was answered before"
    ALL_ACKNOWLEDGED = "acknowledgement of the last block"
    # a block, to the receiving side
    BLOCK = "new block within a window"
    WINDOW_END = "new block at the end of a window"
    LAST_MISSING = "the block that completes the message"
    DUPLICATE = "block held already"
    POLL = "block held already, whose sender did not hear the latest acknowledgement"
    # either
    WRONG = "block or acknowledgement that breaks a rule"
    ABORT_RECEIVED = "abort by the other side"


class Action(enum.Enum):
    """What is then sent."""

    NOTHING = "nothing"
    STREAM = "the blocks asked for"
    REPEAT_LAST = "the last block of the stream again, which asks for an acknowledgement"
    ACKNOWLEDGE = "a new acknowledgement"
    REPEAT_ACKNOWLEDGEMENT = "the latest acknowledgement, unchanged"
    SEND_ABORT = "an abort"


_S, _R, _H, _A = Sending, Receiving, Happening, Action

SENDER: Mapping[tuple[Sending, Happening], tuple[Sending, Action]] = {
    (_S.READY, _H.START): (_S.WAITING, _A.STREAM),
    (_S.READY, _H.ABORT): (_S.ABORTED, _A.NOTHING),
    (_S.WAITING, _H.REQUEST): (_S.WAITING, _A.STREAM),
    (_S.WAITING, _H.STALE): (_S.WAITING, _A.NOTHING),
    (_S.WAITING, _H.ALL_ACKNOWLEDGED): (_S.DELIVERED, _A.NOTHING),
    (_S.WAITING, _H.TIMEOUT): (_S.WAITING, _A.REPEAT_LAST),
    (_S.WAITING, _H.EXHAUSTED): (_S.ABORTED, _A.SEND_ABORT),
    (_S.WAITING, _H.WRONG): (_S.ABORTED, _A.SEND_ABORT),
    (_S.WAITING, _H.ABORT_RECEIVED): (_S.ABORTED, _A.NOTHING),
    (_S.WAITING, _H.ABORT): (_S.ABORTED, _A.SEND_ABORT),
}

RECEIVER: Mapping[tuple[Receiving, Happening], tuple[Receiving, Action]] = {
    (_R.OPEN, _H.BLOCK): (_R.OPEN, _A.NOTHING),
    (_R.OPEN, _H.WINDOW_END): (_R.OPEN, _A.ACKNOWLEDGE),
    (_R.OPEN, _H.LAST_MISSING): (_R.COMPLETE, _A.ACKNOWLEDGE),
    (_R.OPEN, _H.DUPLICATE): (_R.OPEN, _A.NOTHING),
    (_R.OPEN, _H.POLL): (_R.OPEN, _A.REPEAT_ACKNOWLEDGEMENT),
    (_R.OPEN, _H.TIMEOUT): (_R.OPEN, _A.ACKNOWLEDGE),
    (_R.OPEN, _H.EXHAUSTED): (_R.ABORTED, _A.SEND_ABORT),
    (_R.OPEN, _H.WRONG): (_R.ABORTED, _A.SEND_ABORT),
    (_R.OPEN, _H.ABORT_RECEIVED): (_R.ABORTED, _A.NOTHING),
    (_R.OPEN, _H.ABORT): (_R.ABORTED, _A.SEND_ABORT),
    # the sender may not have heard the last acknowledgement: it is told again, and nothing else
    (_R.COMPLETE, _H.DUPLICATE): (_R.COMPLETE, _A.NOTHING),
    (_R.COMPLETE, _H.POLL): (_R.COMPLETE, _A.REPEAT_ACKNOWLEDGEMENT),
}

ENDED = frozenset({Sending.DELIVERED, Sending.ABORTED, Receiving.COMPLETE, Receiving.ABORTED})
"""In these, what arrives and is not in the table has no effect."""

MISUSES = frozenset({Happening.START, Happening.ABORT})
"""Events of the own side: not in the table, they are a fault of the caller."""
