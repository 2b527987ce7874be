"""APDUs of DLMS as records: ACSE in BER, xDLMS in A-XDR (IEC 62056-5-3).

Each record has ``encode()``; :func:`decode` reads any of them, by its tag. Ciphered APDUs are the
affair of ``bench.protocols.dlms.security``.
"""

from __future__ import annotations

from bench.protocols.dlms.apdu.acse import (
    Aare,
    Aarq,
    AssociationResult,
    Context,
    Diagnostic,
    Rlre,
    Rlrq,
    Source,
    mechanism_name,
)
from bench.protocols.dlms.apdu.action import (
    ActionOutcome,
    ActionRequestNextPblock,
    ActionRequestNormal,
    ActionRequestWithFirstPblock,
    ActionRequestWithList,
    ActionRequestWithListAndFirstPblock,
    ActionRequestWithPblock,
    ActionResponseNextPblock,
    ActionResponseNormal,
    ActionResponseWithList,
    ActionResponseWithPblock,
)
from bench.protocols.dlms.apdu.decoding import decode
from bench.protocols.dlms.apdu.fields import Refused
from bench.protocols.dlms.apdu.form import Apdu
from bench.protocols.dlms.apdu.general_block import GeneralBlock
from bench.protocols.dlms.apdu.get import (
    GetRequestNext,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithDatablock,
    GetResponseWithList,
    Selected,
)
from bench.protocols.dlms.apdu.initiate import (
    Conformance,
    InitiateRequest,
    InitiateResponse,
    conformance,
    conformance_names,
)
from bench.protocols.dlms.apdu.notices import (
    ConfirmedServiceError,
    EventNotificationRequest,
    ExceptionResponse,
)
from bench.protocols.dlms.apdu.set import (
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    SetRequestWithList,
    SetRequestWithListAndFirstDatablock,
    SetResponseDatablock,
    SetResponseLastDatablock,
    SetResponseLastDatablockWithList,
    SetResponseNormal,
    SetResponseWithList,
)
from bench.protocols.dlms.apdu.short_names import (
    BlockNumber,
    BlockNumberAccess,
    DataBlockResult,
    InformationReportRequest,
    ParameterizedAccess,
    ReadDataBlockAccess,
    ReadRequest,
    ReadResponse,
    UnconfirmedWriteRequest,
    Variable,
    WriteDataBlockAccess,
    WriteRequest,
    WriteResponse,
)

__all__ = [
    "Aare", "Aarq", "ActionOutcome", "ActionRequestNextPblock", "ActionRequestNormal",
    "ActionRequestWithFirstPblock", "ActionRequestWithList", "ActionRequestWithListAndFirstPblock",
    "ActionRequestWithPblock", "ActionResponseNextPblock", "ActionResponseNormal",
    "ActionResponseWithList", "ActionResponseWithPblock", "Apdu", "AssociationResult",
    "BlockNumber", "BlockNumberAccess", "ConfirmedServiceError", "Conformance", "Context",
    "DataBlockResult", "Diagnostic", "EventNotificationRequest", "ExceptionResponse",
    "GeneralBlock", "GetRequestNext", "GetRequestNormal", "GetRequestWithList", "GetResponseNormal",
    "GetResponseWithDatablock", "GetResponseWithList", "InformationReportRequest",
    "InitiateRequest", "InitiateResponse", "ParameterizedAccess", "ReadDataBlockAccess",
    "ReadRequest", "ReadResponse", "Refused", "Rlre", "Rlrq", "Selected", "SetRequestNormal",
    "SetRequestWithDatablock", "SetRequestWithFirstDatablock", "SetRequestWithList",
    "SetRequestWithListAndFirstDatablock", "SetResponseDatablock", "SetResponseLastDatablock",
    "SetResponseLastDatablockWithList", "SetResponseNormal", "SetResponseWithList", "Source",
    "UnconfirmedWriteRequest", "Variable", "WriteDataBlockAccess", "WriteRequest", "WriteResponse",
    "conformance", "conformance_names", "decode", "mechanism_name",
]
