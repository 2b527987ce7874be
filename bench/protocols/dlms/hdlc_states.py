"""The HDLC link as tables: what each side does in each state on each event (IEC 62056-46, 6.4.3).

NDM is DISCONNECTED, NRM is CONNECTED. One table for the client (the primary station), one for the
server (the secondary). What a table does not hold is ignored and reported. The order of frames
within NRM (windows, segments, checkpoints) is :mod:`.hdlc_exchange`'s.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping

from bench.protocols.dlms.hdlc_frame import FrameType


class State(enum.Enum):
    """States of a link; the client's and the server's."""

    __hash__ = object.__hash__  # that of Enum is a function of Python, and tables ask for it

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"  # client: SNRM is on its way
    CONNECTED = "connected"
    DISCONNECTING = "disconnecting"  # client: DISC is on its way
    REJECTING = "rejecting"  # server: FRMR was sent, only SNRM and DISC help


class Happening(enum.Enum):
    """What can happen to either side."""

    __hash__ = object.__hash__

    # by the caller or the clock
    CONNECT = "connect"
    DISCONNECT = "disconnect"
    EXHAUSTED = "no answer after the last retry"
    INACTIVE = "nothing for longer than the inactivity time-out"
    # frames
    SNRM = "SNRM"
    DISC = "DISC"
    UA = "UA"
    DM = "DM"
    FRMR = "FRMR"
    EXCHANGE = "I, RR or RNR"
    UI = "UI"
    WRONG = "frame that cannot be taken"


class Action(enum.Enum):
    """What is then done."""

    SEND_SNRM = "send SNRM"
    SEND_DISC = "send DISC"
    OPEN = "take the parameters of the UA"
    ACCEPT = "take the parameters of the SNRM, send UA"
    CONFIRM = "send UA, close"
    SEND_DM = "send DM"
    SEND_FRMR = "send FRMR"
    TAKE = "take the frame"
    DELIVER = "deliver the UI's information"
    REFUSED = "tell that the other side refused"
    REJECTED = "tell that the other side rejected a frame"
    CLOSED = "tell that the link is closed"
    TIMED_OUT = "tell that nothing came"


Table = Mapping[tuple[State, Happening], tuple[State, Action]]

_S, _H, _A = State, Happening, Action

CLIENT: Table = {
    **{(state, _H.CONNECT): (_S.CONNECTING, _A.SEND_SNRM) for state in State},
    **{(state, _H.DISCONNECT): (_S.DISCONNECTING, _A.SEND_DISC) for state in State},
    **{(state, _H.UI): (state, _A.DELIVER) for state in State},
    (_S.CONNECTING, _H.UA): (_S.CONNECTED, _A.OPEN),
    (_S.CONNECTING, _H.DM): (_S.DISCONNECTED, _A.REFUSED),
    (_S.CONNECTING, _H.FRMR): (_S.DISCONNECTED, _A.REJECTED),
    (_S.CONNECTING, _H.EXHAUSTED): (_S.DISCONNECTED, _A.TIMED_OUT),
    (_S.CONNECTED, _H.EXCHANGE): (_S.CONNECTED, _A.TAKE),
    (_S.CONNECTED, _H.DM): (_S.DISCONNECTED, _A.CLOSED),
    (_S.CONNECTED, _H.FRMR): (_S.DISCONNECTED, _A.REJECTED),
    (_S.CONNECTED, _H.WRONG): (_S.DISCONNECTED, _A.CLOSED),
    (_S.CONNECTED, _H.EXHAUSTED): (_S.DISCONNECTED, _A.TIMED_OUT),
    (_S.DISCONNECTING, _H.UA): (_S.DISCONNECTED, _A.CLOSED),
    (_S.DISCONNECTING, _H.DM): (_S.DISCONNECTED, _A.CLOSED),
    (_S.DISCONNECTING, _H.FRMR): (_S.DISCONNECTED, _A.REJECTED),
    (_S.DISCONNECTING, _H.EXHAUSTED): (_S.DISCONNECTED, _A.TIMED_OUT),
}

SERVER: Table = {
    **{(state, _H.SNRM): (_S.CONNECTED, _A.ACCEPT) for state in State},
    **{(state, _H.UI): (state, _A.DELIVER) for state in State},
    (_S.DISCONNECTED, _H.DISC): (_S.DISCONNECTED, _A.SEND_DM),
    (_S.DISCONNECTED, _H.EXCHANGE): (_S.DISCONNECTED, _A.SEND_DM),
    (_S.DISCONNECTED, _H.WRONG): (_S.DISCONNECTED, _A.SEND_DM),
    (_S.CONNECTED, _H.DISC): (_S.DISCONNECTED, _A.CONFIRM),
    (_S.CONNECTED, _H.EXCHANGE): (_S.CONNECTED, _A.TAKE),
    (_S.CONNECTED, _H.WRONG): (_S.REJECTING, _A.SEND_FRMR),
    (_S.CONNECTED, _H.INACTIVE): (_S.DISCONNECTED, _A.CLOSED),
    (_S.REJECTING, _H.DISC): (_S.DISCONNECTED, _A.CONFIRM),
    (_S.REJECTING, _H.EXCHANGE): (_S.REJECTING, _A.SEND_FRMR),
    (_S.REJECTING, _H.WRONG): (_S.REJECTING, _A.SEND_FRMR),
    (_S.REJECTING, _H.INACTIVE): (_S.DISCONNECTED, _A.CLOSED),
}

TO_CLIENT: Mapping[FrameType, Happening] = {
    FrameType.UA: _H.UA, FrameType.DM: _H.DM, FrameType.FRMR: _H.FRMR, FrameType.UI: _H.UI,
    FrameType.I: _H.EXCHANGE, FrameType.RR: _H.EXCHANGE, FrameType.RNR: _H.EXCHANGE,
}
"""Frames that a server may send; any other is WRONG."""

TO_SERVER: Mapping[FrameType, Happening] = {
    FrameType.SNRM: _H.SNRM, FrameType.DISC: _H.DISC, FrameType.UI: _H.UI,
    FrameType.I: _H.EXCHANGE, FrameType.RR: _H.EXCHANGE, FrameType.RNR: _H.EXCHANGE,
}
"""Frames that a client may send; any other is WRONG."""
