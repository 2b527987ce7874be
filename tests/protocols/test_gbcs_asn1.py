"""ASN.1 payloads: read strictly, written back octet for octet, any octets read or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs import asn1
from bench.protocols.gbcs.asn1 import types
from bench.protocols.gbcs.asn1.credentials import CANCEL, MODES, SEEN_CELLS, Cell
from bench.protocols.gbcs.asn1.definitions import CREDENTIALS_REPLACEMENT_MODE
from bench.protocols.gbcs.message import Cra

CODES = sorted(asn1.PAYLOADS)
INTERVAL = {"validityIntervalStart": "2030-01-01T00:00:00Z",
            "validityIntervalEnd": "2030-01-02T00:00:00Z"}


def values_of(kind: types.Type) -> st.SearchStrategy[Any]:
    """Plain values that a type can hold."""
    if isinstance(kind, types.SequenceOf):
        return st.lists(values_of(kind.kind), max_size=3)
    if isinstance(kind, types.Choice):
        return st.one_of(*(st.fixed_dictionaries({one.name: values_of(one.kind)})
                           for one in kind.alternatives))
    if isinstance(kind, types.Sequence):
        members = {one.name: values_of(one.kind) for one in kind.members}
        left_out = {one.name: members.pop(one.name) for one in kind.members if one.optional}
        return st.fixed_dictionaries(members, optional=left_out)
    return simple_values_of(kind)


def simple_values_of(kind: types.Type) -> st.SearchStrategy[Any]:
    if isinstance(kind, types.Number):
        low, high = kind.limits or (-(1 << 71), (1 << 71) - 1)
        names = kind.names
        numbers = st.one_of(st.sampled_from([0, *names]), st.integers(low, high))
        return numbers.map(lambda number: names.get(number, number))
    if isinstance(kind, types.Bits):
        bits = kind.names
        return st.sets(st.integers(0, 31)).map(
            lambda chosen: [bits.get(bit, bit) for bit in sorted(chosen)])
    if isinstance(kind, types.Octets):
        return st.binary(max_size=140).map(lambda octets: octets.hex().upper())
    if isinstance(kind, types.Whole):
        return st.binary(max_size=90).map(
            lambda octets: f"30{len(octets):02X}{octets.hex()}".upper())
    if isinstance(kind, types.Time):
        return st.datetimes().map(lambda at: f"{at.replace(microsecond=0).isoformat()}Z")
    return st.none()


PAYLOADS = st.sampled_from(CODES).flatmap(lambda key: st.tuples(
    st.just(key), values_of(asn1.PAYLOADS[key])))


@given(PAYLOADS, st.booleans())
def test_what_is_written_is_read_back(payload: tuple[tuple[int, Cra], Any], wide: bool) -> None:
    key, value = payload
    octets = asn1.encode(*key, value, wide_lengths=wide)
    assert asn1.decode(*key, octets) == value
    assert json.loads(json.dumps(value)) == value
    if not wide:
        assert asn1.decode(*key, octets, strict=True) == value
    elif octets != asn1.encode(*key, value):
        assert asn1.has_wide_lengths(*key, octets)
        with pytest.raises(RemoteProtocolError, match="as DER has it"):
            asn1.decode(*key, octets, strict=True)


@given(st.sampled_from(CODES), st.binary(max_size=60),
       st.sampled_from([b"", b"\x30", b"\x30\x20\x30", b"\x30\x84", b"\x02", b"\x18\x0f", b"\x04"]))
def test_any_octets_are_read_or_refused(key: tuple[int, Cra], octets: bytes, start: bytes) -> None:
    read_or_refused(key, start + octets)


@given(PAYLOADS, st.data())
def test_spoilt_octets_are_read_or_refused(
    payload: tuple[tuple[int, Cra], Any], data: st.DataObject
) -> None:
    key, value = payload
    octets = asn1.encode(*key, value)
    start = data.draw(st.integers(0, len(octets)))
    end = data.draw(st.integers(start, min(len(octets), start + 3)))
    read_or_refused(key, octets[:start] + data.draw(st.binary(max_size=4)) + octets[end:])


def read_or_refused(key: tuple[int, Cra], octets: bytes) -> None:
    offset = 0
    try:
        value = asn1.decode(*key, octets)
    except RemoteProtocolError as wrong:
        value, offset = wrong, wrong.offset
    assert 0 <= offset <= len(octets)
    if isinstance(value, RemoteProtocolError):
        return
    written = asn1.encode(*key, value)
    assert asn1.decode(*key, written, strict=True) == value
    if written != octets:  # one of the two deviations that are read
        with pytest.raises(RemoteProtocolError):
            asn1.decode(*key, octets, strict=True)


@pytest.mark.parametrize(("code", "cra", "octets", "offset", "expected"), [
    (0x0013, Cra.COMMAND, "", 0, "more octets"),
    (0x0013, Cra.COMMAND, "05", 1, "more octets"),
    (0x0013, Cra.COMMAND, "0500 00", 2, "end of the payload"),
    (0x0013, Cra.COMMAND, "0501 00", 2, "no octets of a NULL"),
    (0x0013, Cra.COMMAND, "0580 0000", 1, "definite length"),
    (0x0013, Cra.COMMAND, "058100", 1, "shortest form"),
    (0x0013, Cra.COMMAND, "0585 0000000000", 1, "definite length"),
    (0x0013, Cra.COMMAND, "1F0500", 0, "tag of one octet"),
    (0x0013, Cra.COMMAND, "2500", 0, "NULL, tag 05"),
    (0x000F, Cra.COMMAND, "2403040100", 0, "EntityIdentifier, tag 04"),
    (0x000F, Cra.COMMAND, "0408 00", 1, "a length of at most 1"),
    (0x000F, Cra.RESPONSE, "0200", 2, "1 to 9 octets"),
    (0x000F, Cra.RESPONSE, "020A" + 10 * "01", 2, "1 to 9 octets"),
    (0x000F, Cra.RESPONSE, "02020001", 2, "fewest octets"),
    (0x000F, Cra.RESPONSE, "0202FF80", 2, "fewest octets"),
    (0x000F, Cra.RESPONSE, "0A0100", 0, "UnjoinResponseCode, tag 02"),
    (0x000A, Cra.COMMAND, "3000", 2, "keyUsage"),
    (0x000A, Cra.COMMAND, "3004 03020880", 4, "unused bits"),
    (0x000A, Cra.COMMAND, "3002 0300", 4, "unused bits"),
    (0x000A, Cra.COMMAND, "3003 030107", 4, "unused bits"),
    (0x000A, Cra.COMMAND, "3004 03020781", 5, "unused bits of zero"),
    (0x000A, Cra.COMMAND, "3004 03020680", 5, "no zero bits at the end"),
    (0x000A, Cra.COMMAND, "3008 0306 00" + 5 * "01", 4, "at most 32 bits"),
    (0x000A, Cra.COMMAND, "3006 03020780 0500", 6, "end of IssueSecurityCredentials"),
    (0x000A, Cra.COMMAND, "3005 03020780", 1, "a length of at most 4"),
    (0x000A, Cra.RESPONSE, "0500", 0, "tag 30 or 02"),
    (0x007F, Cra.COMMAND, f"3022 180F {b'20301301000000Z'.hex()} 180F {15 * '30'}", 4, "a time"),
    (0x007F, Cra.COMMAND, f"3020 180D {b'203001010000Z'.hex()} 180F {15 * '30'}", 4, "a time"),
    (0x007F, Cra.COMMAND, f"3022 180F {b'2030 101000000Z'.hex()} 180F {15 * '30'}", 4, "a time"),
    (0x007F, Cra.COMMAND, f"3022 180F {b'20300101000000z'.hex()} 180F {15 * '30'}", 4, "a time"),
    (0x007F, Cra.COMMAND, f"3022 180F {b'20300101000060Z'.hex()} 180F {15 * '30'}", 4, "a time"),
    (0x0013, Cra.RESPONSE, "300D 020100 3007 3006 0401AB 020101", 8, "a length of at most 5"),
    (0x0012, Cra.COMMAND, "3007 0400 0203 FF0000", 6, "SeqNumber of 0"),
    (0x0012, Cra.RESPONSE, "3005 020100 0402", 6, "a length of at most 0"),
    # The members of a sequence out of order, and one that is there twice.
    (0x0129, Cra.RESPONSE, "3009 020100 040400000000", 2, "firmwareVersion, tag 04"),
    (0x0129, Cra.RESPONSE, "300C 040400000000 020100 020100", 11, "end of ReadFirmwareVersion"),
])
def test_a_deviation_is_refused_where_it_stands(
    code: int, cra: Cra, octets: str, offset: int, expected: str
) -> None:
    with pytest.raises(RemoteProtocolError, match=expected) as refusal:
        asn1.decode(code, cra, bytes.fromhex(octets))
    assert refusal.value.offset == offset


def test_nesting_goes_no_deeper_than_the_type() -> None:
    nested = b""
    for _ in range(9000):
        nested = b"\x30\x84" + len(nested).to_bytes(4, "big") + nested
    for key in CODES:
        with pytest.raises(RemoteProtocolError):
            asn1.decode(*key, nested[:65536])
    deep = b""
    for _ in range(20):
        deep = bytes((0x30, len(deep))) + deep
    for key in CODES:
        if asn1.PAYLOADS[key].tags == (0x30,) and not isinstance(asn1.PAYLOADS[key], types.Whole):
            with pytest.raises(RemoteProtocolError):
                asn1.decode(*key, deep)


def test_a_default_value_that_is_written_is_read_but_not_strictly() -> None:
    value = [{"remotePartyRole": "supplier", "statusCode": "success", "currentSeqNumber": 7,
              "trustAnchorCellsDetails": [
                  {"trustAnchorCellKeyUsage": ["digitalSignature"],
                   "trustAnchorCellUsage": "management", "existingSubjectUniqueID": "AA",
                   "existingSubjectKeyIdentifier": "BB"}]}]
    key = (0x0008, Cra.RESPONSE)
    octets = asn1.encode(*key, value)
    assert octets.hex() == "3019" "3017" "020102" "0a0100" "020107" "300c" "300a" "03020780" \
        "0401aa" "0401bb"
    written = bytes.fromhex("301C 301A 020102 0A0100 020107 "
                            "300F 300D 03020780 020100 0401AA 0401BB")
    assert asn1.decode(*key, written) == value
    with pytest.raises(RemoteProtocolError, match="as DER has it"):
        asn1.decode(*key, written, strict=True)


# One of each layout that the reference data beside the repository lacks, and one of each member.
GOLDEN = [
    (0x000B, Cra.RESPONSE, "020104", "noCorrespondingKeyPairGenerated"),
    (0x000B, Cra.RESPONSE, "020163", 0x63),
    (0x000C, Cra.COMMAND, "3004 03020308", {"keyUsage": ["keyAgreement"]}),
    (0x000C, Cra.RESPONSE, "020102", {"responseCode": "noCertificateHeld"}),
    (0x000C, Cra.RESPONSE, "3003 020105", {"certificate": "3003020105"}),
    (0x000E, Cra.COMMAND, "300A 020102 0402ABCD 020106",
     {"joinMethodAndRole": "methodB", "otherDeviceEntityIdentifier": "ABCD",
      "otherDeviceType": "type2"}),
    (0x0013, Cra.COMMAND, "0500", None),
    (0x0013, Cra.RESPONSE, "3003 020101", {"readLogResponseCode": "readFailure"}),
    (0x0013, Cra.RESPONSE, "300D 020100 3008 3006 0401AB 020101",
     {"readLogResponseCode": "success",
      "deviceLogEntries": [{"deviceEntityIdentifier": "AB", "deviceType": "eSME"}]}),
    (0x007F, Cra.COMMAND,
     f"3022 180F {b'20300101000000Z'.hex()} 180F {b'20300102000000Z'.hex()}", INTERVAL),
    (0x007F, Cra.RESPONSE, "3014 180F" + b"20300101000000Z".hex() + "020102",
     {"deviceTime": "2030-01-01T00:00:00Z", "deviceTimeStatus": "unreliable"}),
    (0x008C, Cra.RESPONSE, "300F 300D 300B 3006 0401AB 020101 02010D",
     {"restoreOutcomes": [{"deviceLogEntry": {"deviceEntityIdentifier": "AB", "deviceType": "eSME"},
                           "joinResponseCode": "noCBKEResponse"}]}),
    (0x0128, Cra.ALERT, "301F 0203008F8A 180F" + b"20300101000000Z".hex() + "0401AB 0401CD 020102",
     {"alertCode": 0x8F8A, "executionDateTime": "2030-01-01T00:00:00Z", "entityIdentifier": "AB",
      "firmwareVersion": "CD", "transferResponseCode": "hardwareVersionMismatch"}),
    (0x012B, Cra.ALERT, "301F 0203008F8B 180F" + b"20300101000000Z".hex() + "040401020304 020101",
     {"alertCode": 0x8F8B, "executionDateTime": "2030-01-01T00:00:00Z",
      "firmwareVersion": "01020304", "activateImageResponseCode": "failure"}),
    (0x0107, Cra.COMMAND, """
        3066
          3037 020107 8002AABB 810101 A207 020105 03020780 830109 84010B A508 3006 020100 02010C
               A612 3010 020102 02010F 3008 3006 020100 020110
          3013 3011 3003020101 300A 020102 03020308 020101
          3005 3003020102
          180F 39393939313233313233353935395A""",
     {"authorisingRemotePartyControl": {
         "credentialsReplacementMode": "supplierByTransCoS",
         "plaintextSymmetricKey": "AABB",
         "applyTimeBasedCPVChecks": "disapply",
         "authorisingRemotePartyTACellIdentifier": Cell("transitionalCoS",
                                                        "digitalSignature").plain,
         "authorisingRemotePartySeqNumber": 9,
         "newRemotePartyFloorSeqNumber": 11,
         "newRemotePartySpecialistFloorSeqNumber": [
             {"seqNumberUsage": "prepaymentTopUp", "seqNumber": 12}],
         "otherRemotePartySeqNumberChanges": [
             {"otherRemotePartyRole": "supplier", "otherRemotePartyFloorSeqNumber": 15,
              "newRemotePartySpecialistFloorSeqNumber": [
                  {"seqNumberUsage": "prepaymentTopUp", "seqNumber": 16}]}]},
      "replacements": [{"replacementCertificate": "3003020101",
                        "targetTrustAnchorCell": Cell("supplier", "keyAgreement",
                                                      "prePaymentTopUp").plain}],
      "certificationPathCertificates": ["3003020102"],
      "executionDateTime": CANCEL}),
]


@pytest.mark.parametrize(("code", "cra", "octets", "value"), GOLDEN)
def test_layouts_and_names(code: int, cra: Cra, octets: str, value: Any) -> None:
    assert asn1.decode(code, cra, bytes.fromhex(octets), strict=True) == value
    assert asn1.encode(code, cra, value) == bytes.fromhex(octets)


def test_values_may_be_given_more_freely_than_they_are_read() -> None:
    written = asn1.encode(0x007F, Cra.COMMAND, INTERVAL)
    for start in ("2030-01-01", "2030-01-01T01:00:00+01:00"):
        given = INTERVAL | {"validityIntervalStart": start}
        assert asn1.encode(0x007F, Cra.COMMAND, given) == written
    assert asn1.encode(0x000F, Cra.COMMAND, b"\xAB") == asn1.encode(0x000F, Cra.COMMAND, "ab")
    assert asn1.encode(0x000F, Cra.RESPONSE, 1) == asn1.encode(
        0x000F, Cra.RESPONSE, "notInDeviceLog")
    assert asn1.encode(0x000A, Cra.COMMAND, {"keyUsage": [4, "digitalSignature"]}) == bytes.fromhex(
        "3004 03020388")


@pytest.mark.parametrize(("code", "cra", "value", "complaint"), [
    (0x0019, Cra.COMMAND, None, "0019 has no ASN.1 command payload"),
    (0x00CA, Cra.COMMAND, None, "no ASN.1 command"),
    (0x0013, Cra.COMMAND, 0, "None is wanted"),
    (0x000F, Cra.COMMAND, "0G", "hexadecimal text is wanted"),
    (0x000F, Cra.COMMAND, 7, "hexadecimal text is wanted"),
    (0x000F, Cra.RESPONSE, "fine", "one of success, notInDeviceLog"),
    (0x000F, Cra.RESPONSE, True, "a number or one of"),
    (0x000A, Cra.COMMAND, [], "a dict is wanted"),
    (0x000A, Cra.COMMAND, {}, "keyUsage is missing"),
    (0x000A, Cra.COMMAND, {"keyUsage": [], "colour": 1}, "has no colour; it has keyUsage"),
    (0x000A, Cra.COMMAND, {"keyUsage": "digitalSignature"}, "a list is wanted"),
    (0x000A, Cra.COMMAND, {"keyUsage": ["signing"]}, "bits of digitalSignature"),
    (0x000A, Cra.COMMAND, {"keyUsage": [32]}, "bits of digitalSignature"),
    (0x000A, Cra.RESPONSE, {"certificate": "3000"}, "certificationRequest or responseCode"),
    (0x000B, Cra.COMMAND, "3001", "at most 0"),
    (0x000B, Cra.COMMAND, "0500", "one whole SEQUENCE"),
    (0x000B, Cra.COMMAND, "300000", "one whole SEQUENCE"),
    (0x007F, Cra.COMMAND, INTERVAL | {"validityIntervalEnd": "soon"}, "ISO 8601"),
    (0x007F, Cra.COMMAND, INTERVAL | {"validityIntervalEnd": 5}, "ISO 8601"),
    (0x007F, Cra.COMMAND, INTERVAL | {"validityIntervalEnd": "0001-01-01T00:00:00+01:00"},
     "ISO 8601"),
    (0x007F, Cra.COMMAND, INTERVAL | {"validityIntervalEnd": "2030-01-01T00:00:00.5"},
     "whole seconds"),
    (0x0012, Cra.COMMAND, {"manufacturerImageHash": "", "originatorCounter": 1 << 63},
     "SeqNumber goes from 0"),
])
def test_a_value_that_cannot_be_written_is_our_own_mistake(
    code: int, cra: Cra, value: Any, complaint: str
) -> None:
    with pytest.raises(LocalProtocolError, match=complaint):
        asn1.encode(code, cra, value)


def test_reading_what_has_no_asn1_payload_is_our_own_mistake() -> None:
    with pytest.raises(LocalProtocolError, match=r"0019 has no ASN\.1 response"):
        asn1.decode(0x0019, Cra.RESPONSE, b"")


def test_every_payload_is_described() -> None:
    for key in CODES:
        described = asn1.fields(*key)
        assert json.loads(json.dumps(described)) == described
        assert described["name"], key
    described = asn1.fields(0x0012, Cra.COMMAND)
    assert described["members"] == [
        {"member": "manufacturerImageHash", "type": "OCTET STRING",
         "name": "ManufacturerImageHash", "octets": 32},
        {"member": "originatorCounter", "type": "INTEGER", "name": "SeqNumber",
         "limits": [0, 2**63 - 1]},
        {"member": "executionDateTime", "type": "GeneralizedTime", "name": "GeneralizedTime",
         "optional": True}]
    cell = asn1.fields(0x0008, Cra.COMMAND)["members"][0]["members"][2]
    assert (cell["default"], cell["names"]) == ("management",
                                                {"management": 0, "prePaymentTopUp": 1})
    assert asn1.fields(0x0012, Cra.RESPONSE)["type"] == "CHOICE"
    assert asn1.fields(0x0008, Cra.RESPONSE)["of"]["name"] == "RemotePartyDetails"


def test_commands_and_responses_come_in_pairs() -> None:
    commands = {code for code, cra in asn1.PAYLOADS if cra == Cra.COMMAND}
    assert commands == {code for code, cra in asn1.PAYLOADS if cra == Cra.RESPONSE}
    assert commands >= {0x0008, *range(0x000A, 0x0011), 0x0012, 0x0013, 0x007F, 0x008C, 0x00AB,
                        0x00AF, *range(0x0100, 0x010A), 0x011B, 0x0125, 0x0126, 0x0129}
    assert {code for code, cra in asn1.PAYLOADS if cra == Cra.ALERT} == {
        0x00B2, 0x00CA, 0x00CB, 0x0124, 0x0128, 0x0129, 0x012B}


def test_every_replacement_mode_has_its_code_and_cells() -> None:
    assert list(MODES) == list(CREDENTIALS_REPLACEMENT_MODE.names.values())
    assert [mode.message_code for mode in MODES.values()] == [*range(0x0100, 0x010A), 0x0125,
                                                              0x0126]
    for mode in MODES.values():
        assert mode.signature or mode.mac
        for cell in mode.cells:
            assert Cell.of(cell.plain) == cell
    assert set(SEEN_CELLS["ESME"]) < set(MODES["anyByContingency"].cells)
    assert Cell.of(SEEN_CELLS["CHF"][0].plain | {"trustAnchorCellKeyUsage": []}) is None
