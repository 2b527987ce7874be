"""The defects of the emulated DLMS meter's links: name, purposes it breaks, what is wrong, where.

Each name is a fault that the link asks for at the one place where it matters
(:mod:`bench.protocols.dlms.hdlc_server`, :mod:`devices.emulators.dlms.hdlc_server` and its
neighbours). Purposes are ids of the catalogue without ``DLMS/`` in front. Where a defect exists is
a trait of links (:data:`devices.dlms_names.LINKS`).
"""

from __future__ import annotations

from devices.defects.record import Defect, defect

DEVICE = "dlms-meter"

_Row = tuple[str, str, str]

_HDLC: tuple[_Row, ...] = (
    # frames
    ("hdlc-fcs-not-checked", "HDLC_FRAME_N8", "frames with a wrong FCS are taken"),
    ("hdlc-hcs-not-checked", "HDLC_FRAME_N7", "frames with a wrong HCS are taken"),
    ("hdlc-format-type-not-checked", "HDLC_FRAME_N3", "frames of any format type are taken"),
    ("hdlc-length-not-checked", "HDLC_FRAME_N4", "frames with a wrong length field are taken"),
    ("hdlc-opening-flag-not-needed", "HDLC_FRAME_N1", "frames without an opening flag are taken"),
    ("hdlc-closing-flag-not-needed", "HDLC_FRAME_N1",
     "frames without a closing flag are taken after a silence"),
    ("hdlc-short-frame-answered", "HDLC_FRAME_N2", "frames that are too short are answered by DM"),
    ("hdlc-control-not-checked", "HDLC_FRAME_N5", "undefined control fields are taken as RR"),
    ("hdlc-fcs-wrong", "HDLC_FRAME_P1", "answers have a wrong FCS"),
    ("hdlc-silent-after-odd-frame", "FIELD-03 HDLC_FRAME_N8",
     "nobody is answered any more after a frame with a wrong check sequence"),
    ("hdlc-silent-after-unknown-control", "FIELD-03 HDLC_FRAME_N5",
     "nobody is answered any more after an undefined control field"),
    # time
    ("hdlc-inter-octet-time-out-missing", "HDLC_FRAME_P2",
     "a frame goes on after a silence of any length"),
    ("hdlc-inactivity-time-out-missing", "HDLC_FRAME_P3",
     "a link without traffic is never disconnected"),
    ("hdlc-inactivity-time-out-early", "HDLC_FRAME_P3",
     "a link is disconnected after a quarter of the inactivity time-out"),
    # addresses
    ("hdlc-unknown-destination-served", "HDLC_ADDRESS_N4",
     "frames to any destination address are served"),
    ("hdlc-address-size-not-checked", "HDLC_ADDRESS_N6",
     "destination addresses of any size are served"),
    ("hdlc-two-octet-source-served", "HDLC_ADDRESS_N1",
     "source addresses of two octets are served"),
    ("hdlc-odd-address-served", "HDLC_ADDRESS_N7",
     "destination addresses of three and five octets are served"),
    ("hdlc-lower-address-lost", "HDLC_ADDRESS_P1",
     "answers come from the upper address alone, in one octet"),
    # connecting and disconnecting
    ("hdlc-snrm-parameters-ignored", "HDLC_NDM2NRM_P1 HDLC_NDM2NRM_P2",
     "the meter's own parameters hold, whatever the client's SNRM says"),
    ("hdlc-ua-promises-more", "HDLC_NDM2NRM_P1 HDLC_NDM2NRM_P2",
     "UA gives more than the meter takes"),
    ("hdlc-max-information-exceeded", "HDLC_NDM2NRM_P1",
     "information fields are an octet longer than agreed"),
    ("hdlc-window-exceeded", "HDLC_NDM2NRM_P2", "a window has a frame more than agreed"),
    ("hdlc-disc-answered-by-dm", "HDLC_FRAME_P1", "DISC in NRM is answered by DM"),
    ("hdlc-disc-in-ndm-confirmed", "HDLC_FRAME_P1", "DISC in NDM is answered by UA"),
    ("hdlc-disc-leaves-the-link-up", "HDLC_FRAME_P1 HDLC_NDMOP_N1",
     "DISC is answered by UA and changes nothing"),
    ("hdlc-disc-unanswered", "HDLC_FRAME_P1", "DISC is not answered"),
    ("hdlc-i-frame-served-in-ndm", "HDLC_NDMOP_N1", "I frames are served without a connection"),
    # exchange of I frames
    ("hdlc-information-too-long-accepted", "HDLC_INFO_N1",
     "information fields longer than agreed are taken"),
    ("hdlc-receive-number-not-checked", "HDLC_INFO_N2", "any N(R) is taken"),
    ("hdlc-send-number-not-checked", "HDLC_INFO_N3", "I frames are served whatever their N(S)"),
    ("hdlc-stuck-after-frmr", "FIELD-03 HDLC_INFO_N2",
     "neither SNRM nor DISC is answered after FRMR"),
    ("hdlc-lost-segment-not-repeated", "FIELD-06 HDLC_INFO_P1",
     "what the client did not acknowledge is not sent again"),
    ("hdlc-segmentation-bit-missing", "HDLC_INFO_P1",
     "segments of an answer have no segmentation bit"),
    ("hdlc-first-segments-lost", "HDLC_INFO_P1",
     "of a request in segments only the last one is kept"),
    ("hdlc-send-number-not-advanced", "HDLC_INFO_P1", "the meter's N(S) is always 0"),
)

_WRAPPER: tuple[_Row, ...] = (
    ("wrapper-version-not-checked", "FIELD-03", "headers of any version are taken"),
    ("wrapper-ports-not-swapped", "APPL_OPEN_1", "answers have the ports of the request"),
    ("wrapper-unknown-port-served", "APPL_IDLE_N1 HDLC_ADDRESS_N4",
     "any destination port is served as that of the management logical device"),
    ("wrapper-length-wrong", "APPL_OPEN_1", "the length of answers is one too many"),
    ("wrapper-silent-after-odd-header", "FIELD-03",
     "nobody is answered any more after a wrong header, on fresh connections neither"),
    ("wrapper-cut-apdu-served", "FIELD-03",
     "what arrived of an APDU is served, whatever length its header promises"),
)

_MODE_E: tuple[_Row, ...] = (
    # the identification
    ("mode-e-flag-id-wrong", "SIGN_ON_P1", "the identification has another maker's FLAG id"),
    ("mode-e-mark-missing", "SIGN_ON_P1", "the identification does not offer mode E"),
    ("mode-e-parity-missing", "HDLC_FRAME_P1 SIGN_ON_P1",
     "the identification has no parity bits"),
    ("mode-e-own-address-unknown", "SIGN_ON_P2",
     "requests with the meter's own address go unheard"),
    ("mode-e-identification-early", "SIGN_ON_P3",
     "the identification begins before the request has ended"),
    ("mode-e-identification-late", "SIGN_ON_P3",
     "the identification begins 1.9 s after the request"),
    # the rate
    ("mode-e-rate-ignored", "HDLC_FRAME_P1 SIGN_ON_P4",
     "another rate is confirmed than the client acknowledged"),
    ("mode-e-highest-rate-always", "SIGN_ON_P4",
     "the line goes to the highest rate, whatever was acknowledged"),
    ("mode-e-rate-kept-after-disc", "SIGN_ON_P5", "after DISC the line stays at its speed"),
    ("mode-e-rate-kept-after-time-out", "SIGN_ON_P5",
     "after the inactivity time-out the line stays at its speed"),
    # what is not to be taken
    ("mode-e-request-not-checked", "SIGN_ON_N1", "any line that begins with / is answered"),
    ("mode-e-terminator-not-checked", "SIGN_ON_N1", "requests without CR LF are answered"),
    ("mode-e-address-not-checked", "SIGN_ON_N2", "requests to any address are answered"),
    ("mode-e-other-address-told", "SIGN_ON_N2",
     "requests to another address are answered by a text that is no identification"),
    ("mode-e-parity-not-checked", "SIGN_ON_N3", "characters of any parity are taken"),
    ("mode-e-rate-not-checked", "SIGN_ON_N4",
     "any rate is confirmed, higher than offered or without a meaning"),
    ("mode-e-protocol-not-checked", "SIGN_ON_N5", "any protocol and mode is confirmed as HDLC"),
    ("mode-e-cut-acknowledgement-accepted", "SIGN_ON_N6",
     "an acknowledgement that stops half-way is confirmed after a silence"),
    ("mode-e-sign-on-not-needed", "SIGN_ON_N7", "HDLC is served without a sign-on"),
    # silence
    ("mode-e-silent-after-odd-request", "FIELD-03 SIGN_ON_N1",
     "nobody is signed on any more after a request that cannot be read"),
    ("mode-e-silent-after-odd-acknowledgement", "FIELD-03 SIGN_ON_N4",
     "nobody is signed on any more after an acknowledgement that cannot be followed"),
    ("mode-e-waits-for-acknowledgement", "FIELD-03 SIGN_ON_N6",
     "no request is answered any more until the acknowledgement of the last one comes"),
)

_TABLES = ((_HDLC, "hdlc"), (_WRAPPER, "wrapper"), (_MODE_E, "mode-e"))


def _defect(row: _Row, trait: str) -> Defect:
    name, breaks, description = row
    ids = " ".join(f"DLMS/{purpose}" for purpose in breaks.split())
    return defect(name, ids, description, DEVICE, trait)


DLMS_LINK: tuple[Defect, ...] = tuple(
    _defect(row, trait) for rows, trait in _TABLES for row in rows)
