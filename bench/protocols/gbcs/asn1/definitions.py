"""The ASN.1 types of GBCS's security, HAN and firmware use cases, as tables.

Member names are GBCS's own where a public text shows them: SetTime, ActivateFirmware (GBCS v0.8.1,
Annex 3; there too the names of device types and join methods, the first of which it spells
``methodAInitiater``). Elsewhere they are those of the public decoder gbcs-parser (``asn1``) in
GBCS's manner of writing, except that v0.8.1 has ``newTrustAnchorFloorSeqNumber`` for what is
``newRemotePartyFloorSeqNumber`` there and here. Layouts are that decoder's, checked against the
reference test data set (RTDS 4.5.0). The numbers of statuses are those of RFC 5934, of which GBCS
names seven. ``credentials`` says how CS02b works.

Left out: rules between members, such as which certificate may go into which cell.
"""

from __future__ import annotations

from bench.protocols.gbcs.asn1.types import (
    LARGEST_SEQ_NUMBER,
    Bits,
    Choice,
    Member,
    Null,
    Number,
    Octets,
    Sequence,
    SequenceOf,
    Time,
    Whole,
)

# Numbers

SEQ_NUMBER = Number("SeqNumber", limits=(0, LARGEST_SEQ_NUMBER))
ALERT_CODE = Number("AlertCode", limits=(0, 0xFFFFFFFF))

REMOTE_PARTY_ROLE = Number("RemotePartyRole", {
    0: "root", 1: "recovery", 2: "supplier", 3: "networkOperator", 4: "accessControlBroker",
    5: "transitionalCoS", 6: "wanProvider", 7: "issuingAuthority",
    8: "loadController",  # by the names and contents of RTDS messages
    127: "other"})
DEVICE_TYPE = Number("DeviceType", {
    0: "gSME", 1: "eSME", 2: "communicationsHubCommunicationsHubFunction",
    3: "communicationsHubGasProxyFunction", 4: "type1HANConnectedAuxiliaryLoadControlSwitch",
    5: "type1PrepaymentInterfaceDevice", 6: "type2"})
CELL_USAGE = Number("CellUsage", {0: "management", 1: "prePaymentTopUp"})
SEQ_NUMBER_USAGE = Number("SeqNumberUsage", {0: "prepaymentTopUp"})
CREDENTIALS_REPLACEMENT_MODE = Number("CredentialsReplacementMode", {
    0: "rootBySupplier", 1: "rootByWanProvider", 2: "supplierBySupplier",
    3: "networkOperatorByNetworkOperator", 4: "accessControlBrokerByACB",
    5: "wanProviderByWanProvider", 6: "transCoSByTransCoS", 7: "supplierByTransCoS",
    8: "anyExceptAbnormalRootByRecovery", 9: "anyByContingency",
    # by the names and contents of RTDS messages
    10: "loadControllerByLoadController", 11: "loadControllerBySupplier"})
TIME_BASED_CHECKS = Number("ApplyTimeBasedCPVChecks", {0: "apply", 1: "disapply"})
STATUS_CODE = Number("StatusCode", {
    0: "success", 5: "badCertificate", 10: "noTrustAnchor", 17: "insufficientMemory",
    25: "trustAnchorNotFound", 30: "resourcesBusy", 127: "other"}, enumerated=True)
ISSUE_RESPONSE_CODE = Number("IssueSecurityCredentialsResponseCode", {
    1: "invalidKeyUsage", 2: "keyPairGenerationFailed", 3: "cRProductionFailed"})
UPDATE_DEVICE_CERTIFICATE_RESPONSE_CODE = Number("UpdateDeviceCertificateResponseCode", {
    0: "success", 1: "invalidCertificate", 2: "wrongDeviceIdentity", 3: "invalidKeyUsage",
    4: "noCorrespondingKeyPairGenerated", 5: "wrongPublicKey", 6: "certificateStorageFailed",
    7: "privateKeyChangeFailed"})
PROVIDE_DEVICE_CERTIFICATE_RESPONSE_CODE = Number("ProvideDeviceCertificateResponseCode", {
    1: "invalidKeyUsage", 2: "noCertificateHeld", 3: "certificateRetrievalFailure"})
JOIN_METHOD_AND_ROLE = Number("JoinMethodAndRole", {
    0: "methodAInitiator", 1: "methodAResponder", 2: "methodB", 3: "methodC"})
JOIN_RESPONSE_CODE = Number("JoinResponseCode", {
    0: "success", 1: "invalidMessageCodeForJoinMethodAndRole", 2: "invalidJoinMethodAndRole",
    3: "incompatibleWithExistingEntry", 4: "deviceLogFull", 5: "writeFailure",
    6: "keyAgreementNoResources", 7: "keyAgreementUnknownIssuer",
    8: "keyAgreementUnsupportedSuite", 9: "keyAgreementBadMessage",
    10: "keyAgreementBadKeyConfirm", 11: "invalidOrMissingCertificate",
    12: "noPartnerLinkKeyReceived", 13: "noCBKEResponse"})
UNJOIN_RESPONSE_CODE = Number("UnjoinResponseCode", {
    0: "success", 1: "notInDeviceLog", 2: "otherFailure"})
ACTIVATE_IMAGE_RESPONSE_CODE = Number("ActivateImageResponseCode", {
    0: "success", 1: "noImageHeld", 2: "hashMismatch", 3: "activationFailure"})
READ_RESPONSE_CODE = Number("ReadResponseCode", {0: "success", 1: "readFailure"})
TRANSFER_RESPONSE_CODE = Number("TransferResponseCode", {
    0: "success", 1: "imageDiscarded", 2: "hardwareVersionMismatch", 3: "fileTransferFailure"})
ACTIVATION_RESPONSE_CODE = Number("ActivationResponseCode", {0: "success", 1: "failure"})
DEVICE_TIME_STATUS = Number("DeviceTimeStatus", {0: "reliable", 1: "invalid", 2: "unreliable"})

KEY_USAGE = Bits("KeyUsage", {  # RFC 5280, 4.2.1.3
    0: "digitalSignature", 1: "nonRepudiation", 2: "keyEncipherment", 3: "dataEncipherment",
    4: "keyAgreement", 5: "keyCertSign", 6: "cRLSign", 7: "encipherOnly", 8: "decipherOnly"})

# Octets

ENTITY_IDENTIFIER = Octets("EntityIdentifier", usual=8)
SUBJECT_UNIQUE_ID = Octets("SubjectUniqueID", usual=8)
SUBJECT_KEY_IDENTIFIER = Octets("SubjectKeyIdentifier", usual=8)
FIRMWARE_VERSION = Octets("FirmwareVersion", usual=4)
IMAGE_HASH = Octets("ManufacturerImageHash", usual=32)
SYMMETRIC_KEY = Octets("PlaintextSymmetricKey")
CERTIFICATE = Whole("Certificate")
CERTIFICATION_REQUEST = Whole("CertificationRequest")
TIME = Time()
NULL = Null()

# CS02a Provide Security Credential Details

TRUST_ANCHOR_CELL = Sequence("TrustAnchorCellIdentifier", (
    Member("trustAnchorCellRemotePartyRole", REMOTE_PARTY_ROLE),
    Member("trustAnchorCellKeyUsage", KEY_USAGE),
    Member("trustAnchorCellUsage", CELL_USAGE, default="management")))
TRUST_ANCHOR_CELL_CONTENTS = Sequence("TrustAnchorCellContents", (
    Member("trustAnchorCellKeyUsage", KEY_USAGE),
    Member("trustAnchorCellUsage", CELL_USAGE, default="management"),
    Member("existingSubjectUniqueID", SUBJECT_UNIQUE_ID),
    Member("existingSubjectKeyIdentifier", SUBJECT_KEY_IDENTIFIER)))
PROVIDE_CREDENTIALS_COMMAND = Sequence("ProvideSecurityCredentialDetails.CommandPayload", (
    Member("authorisingRemotePartyTACellIdentifier", TRUST_ANCHOR_CELL),
    Member("remotePartyRolesCredentialsRequired",
           SequenceOf("RemotePartyRoles", REMOTE_PARTY_ROLE))))
PROVIDE_CREDENTIALS_RESPONSE = SequenceOf(
    "ProvideSecurityCredentialDetails.ResponsePayload", Sequence("RemotePartyDetails", (
        Member("remotePartyRole", REMOTE_PARTY_ROLE),
        Member("statusCode", STATUS_CODE),
        Member("currentSeqNumber", SEQ_NUMBER, optional=True),
        Member("trustAnchorCellsDetails",
               SequenceOf("TrustAnchorCellsDetails", TRUST_ANCHOR_CELL_CONTENTS),
               optional=True))))

# CS02b Update Security Credentials

SPECIALIST_SEQ_NUMBERS = SequenceOf("SpecialistSeqNumbers", Sequence("SpecialistSeqNumber", (
    Member("seqNumberUsage", SEQ_NUMBER_USAGE),
    Member("seqNumber", SEQ_NUMBER))))
SEQ_NUMBER_CHANGES = SequenceOf(
    "RemotePartySeqNumberChanges", Sequence("RemotePartySeqNumberChange", (
        Member("otherRemotePartyRole", REMOTE_PARTY_ROLE),
        Member("otherRemotePartyFloorSeqNumber", SEQ_NUMBER),
        Member("newRemotePartySpecialistFloorSeqNumber", SPECIALIST_SEQ_NUMBERS,
               optional=True))))
AUTHORISING_REMOTE_PARTY_CONTROL = Sequence("AuthorisingRemotePartyControl", (
    Member("credentialsReplacementMode", CREDENTIALS_REPLACEMENT_MODE),
    Member("plaintextSymmetricKey", SYMMETRIC_KEY, optional=True, context=0),
    Member("applyTimeBasedCPVChecks", TIME_BASED_CHECKS, context=1, default="apply"),
    Member("authorisingRemotePartyTACellIdentifier", TRUST_ANCHOR_CELL, optional=True,
           context=2),
    Member("authorisingRemotePartySeqNumber", SEQ_NUMBER, context=3),
    Member("newRemotePartyFloorSeqNumber", SEQ_NUMBER, optional=True, context=4),
    Member("newRemotePartySpecialistFloorSeqNumber", SPECIALIST_SEQ_NUMBERS, optional=True,
           context=5),
    Member("otherRemotePartySeqNumberChanges", SEQ_NUMBER_CHANGES, optional=True, context=6)))
UPDATE_CREDENTIALS_COMMAND = Sequence("UpdateSecurityCredentials.CommandPayload", (
    Member("authorisingRemotePartyControl", AUTHORISING_REMOTE_PARTY_CONTROL),
    Member("replacements", SequenceOf("Replacements", Sequence("TrustAnchorReplacement", (
        Member("replacementCertificate", CERTIFICATE),
        Member("targetTrustAnchorCell", TRUST_ANCHOR_CELL))))),
    Member("certificationPathCertificates",
           SequenceOf("CertificationPathCertificates", CERTIFICATE)),
    Member("executionDateTime", TIME, optional=True)))
UPDATE_CREDENTIALS_OUTCOME = Sequence("UpdateSecurityCredentials.ExecutionOutcome", (
    Member("authorisingRemotePartySeqNumber", SEQ_NUMBER),
    Member("credentialsReplacementMode", CREDENTIALS_REPLACEMENT_MODE),
    Member("remotePartySeqNumberChanges", SEQ_NUMBER_CHANGES),
    Member("replacementOutcomes", SequenceOf("ReplacementOutcomes", Sequence(
        "ReplacementOutcome", (
            Member("affectedTrustAnchorCell", TRUST_ANCHOR_CELL),
            Member("statusCode", STATUS_CODE),
            Member("existingSubjectUniqueID", SUBJECT_UNIQUE_ID),
            Member("existingSubjectKeyIdentifier", SUBJECT_KEY_IDENTIFIER),
            Member("replacingSubjectUniqueID", SUBJECT_UNIQUE_ID),
            Member("replacingSubjectKeyIdentifier", SUBJECT_KEY_IDENTIFIER)))))))
UPDATE_CREDENTIALS_RESPONSE = Sequence("UpdateSecurityCredentials.ResponsePayload", (
    Member("commandAccepted", NULL),
    Member("executionOutcome", UPDATE_CREDENTIALS_OUTCOME, optional=True)))
UPDATE_CREDENTIALS_ALERT = Sequence("UpdateSecurityCredentials.AlertPayload", (
    Member("alertCode", ALERT_CODE),
    Member("executionDateTime", TIME),
    Member("executionOutcome", UPDATE_CREDENTIALS_OUTCOME)))

# CS02c, CS02d, CS02e: the device's own certificates

ISSUE_CREDENTIALS_COMMAND = Sequence("IssueSecurityCredentials.CommandPayload", (
    Member("keyUsage", KEY_USAGE),))
ISSUE_CREDENTIALS_RESPONSE = Choice("IssueSecurityCredentials.ResponsePayload", (
    Member("certificationRequest", CERTIFICATION_REQUEST),
    Member("responseCode", ISSUE_RESPONSE_CODE)))
PROVIDE_CERTIFICATE_COMMAND = Sequence("ProvideDeviceCertificate.CommandPayload", (
    Member("keyUsage", KEY_USAGE),))
PROVIDE_CERTIFICATE_RESPONSE = Choice("ProvideDeviceCertificate.ResponsePayload", (
    Member("certificate", CERTIFICATE),
    Member("responseCode", PROVIDE_DEVICE_CERTIFICATE_RESPONSE_CODE)))

# CS03, CS07, GCS59, GCS62: device logs

JOIN_COMMAND = Sequence("JoinDevice.CommandPayload", (
    Member("joinMethodAndRole", JOIN_METHOD_AND_ROLE),
    Member("otherDeviceEntityIdentifier", ENTITY_IDENTIFIER),
    Member("otherDeviceType", DEVICE_TYPE),
    Member("otherDeviceCertificate", CERTIFICATE, optional=True)))
DEVICE_LOG_ENTRY = Sequence("DeviceLogEntry", (
    Member("deviceEntityIdentifier", ENTITY_IDENTIFIER),
    Member("deviceType", DEVICE_TYPE)))
DEVICE_LOG_ENTRIES = SequenceOf("DeviceLogEntries", DEVICE_LOG_ENTRY)
READ_LOG_RESPONSE = Sequence("ReadDeviceLog.ResponsePayload", (
    Member("readLogResponseCode", READ_RESPONSE_CODE),
    Member("deviceLogEntries", DEVICE_LOG_ENTRIES, optional=True)))
RESTORE_LOG_COMMAND = Sequence("GPFDeviceLogRestore.CommandPayload", (
    Member("deviceLogEntries", DEVICE_LOG_ENTRIES),))
RESTORE_LOG_RESPONSE = Sequence("GPFDeviceLogRestore.ResponsePayload", (
    Member("restoreOutcomes", SequenceOf("RestoreOutcomes", Sequence("RestoreOutcome", (
        Member("deviceLogEntry", DEVICE_LOG_ENTRY),
        Member("joinResponseCode", JOIN_RESPONSE_CODE))))),))
BACKUP_LOG_ALERT = Sequence("GPFDeviceLogBackup.AlertPayload", (
    Member("alertCode", ALERT_CODE),
    Member("backupDateTime", TIME),
    Member("deviceLogEntries", DEVICE_LOG_ENTRIES)))

# CS06, CS08, CCS08: firmware

ACTIVATE_FIRMWARE_COMMAND = Sequence("ActivateFirmware.CommandPayload", (
    Member("manufacturerImageHash", IMAGE_HASH),
    Member("originatorCounter", SEQ_NUMBER),
    Member("executionDateTime", TIME, optional=True)))
ACTIVATE_FIRMWARE_OUTCOME = Sequence("ActivateFirmware.ExecutionOutcome", (
    Member("activateImageResponseCode", ACTIVATE_IMAGE_RESPONSE_CODE),
    Member("firmwareVersion", FIRMWARE_VERSION)))
ACTIVATE_FIRMWARE_RESPONSE = Choice("ActivateFirmware.ResponsePayload", (
    Member("commandAccepted", NULL),
    Member("executionOutcome", ACTIVATE_FIRMWARE_OUTCOME)))
ACTIVATE_FIRMWARE_ALERT = Sequence("ActivateFirmware.AlertPayload", (
    Member("alertCode", ALERT_CODE),
    Member("executionDateTime", TIME),
    Member("originatorCounter", SEQ_NUMBER),
    Member("executionOutcome", ACTIVATE_FIRMWARE_OUTCOME)))
READ_FIRMWARE_RESPONSE = Sequence("ReadFirmwareVersion.ResponsePayload", (
    Member("firmwareVersion", FIRMWARE_VERSION),
    Member("readFirmwareResponseCode", READ_RESPONSE_CODE)))
ACTIVATION_ALERT = Sequence("ReadFirmwareVersion.AlertPayload", (
    Member("alertCode", ALERT_CODE),
    Member("executionDateTime", TIME),
    Member("firmwareVersion", FIRMWARE_VERSION),
    Member("activateImageResponseCode", ACTIVATION_RESPONSE_CODE)))
TRANSFER_ALERT = Sequence("FirmwareTransfer.AlertPayload", (
    Member("alertCode", ALERT_CODE),
    Member("executionDateTime", TIME),
    Member("entityIdentifier", ENTITY_IDENTIFIER),
    Member("firmwareVersion", FIRMWARE_VERSION),
    Member("transferResponseCode", TRANSFER_RESPONSE_CODE)))

# GCS28 Set Clock

SET_TIME_COMMAND = Sequence("SetTime.CommandPayload", (
    Member("validityIntervalStart", TIME),
    Member("validityIntervalEnd", TIME)))
SET_TIME_RESPONSE = Sequence("SetTime.ResponsePayload", (
    Member("deviceTime", TIME),
    Member("deviceTimeStatus", DEVICE_TIME_STATUS)))
