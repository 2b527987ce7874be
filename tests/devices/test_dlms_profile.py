"""What a DLMS meter's maker declares is read whole, or refused with file and line."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.errors import ProfileError
from bench.resources import ROOT
from devices.dlms_declaration import refuse_omissions
from devices.dlms_names import ALTERNATIVES, CONFORMANCE
from devices.profile import load_profile

SHIPPED = ROOT / "devices/profiles/emulated-dlms-meter.yaml"
OBJECTS = ("objects:\n"
           "  - {class: 8, version: 0, obis: 0-0:1.0.0.255, attributes: {1: r, 2: rw}}\n")

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the shipped profile with its images, with changes (text -> another) and one small list
    of objects."""
    def put(objects: str = OBJECTS, **changes: str) -> Path:
        text = SHIPPED.read_text("utf-8")
        for name in ("public", "lls", "hls", "authenticated", "encrypted", "second-public",
                     "second-lls"):
            text = text.replace(f"emulated-dlms-meter/{name}.yaml", "objects.yaml")
        for name in ("firmware-1.0.0.img", "firmware-1.0.1.img"):
            (tmp_path / name).write_bytes((SHIPPED.parent / "emulated-dlms-meter" / name)
                                          .read_bytes())
        text = text.replace("emulated-dlms-meter/firmware", "firmware")
        for key, value in changes.items():
            text, count = re.subn(rf"(?m)^(\s*){key}:.*$", rf"\g<1>{value}", text, count=1)
            assert count == 1, key
        (tmp_path / "objects.yaml").write_text(objects, "utf-8")
        path = tmp_path / "meter.yaml"
        path.write_text(text, "utf-8")
        return path

    return put


def refusal(path: Path) -> str:
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    text = str(caught.value)
    assert all(re.match(rf"{re.escape(str(path.parent))}/\w+\.yaml:\d+: ", line)
               for line in text.splitlines()), text
    return text


def test_the_shipped_profile_reads_from_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    profile = load_profile("devices/profiles/emulated-dlms-meter.yaml")
    dlms = profile.ixit["dlms"]
    assert {name: one["client"] for name, one in dlms["associations"].items()} == {
        "public": 16, "lls": 32, "hls": 48, "authenticated": 49, "encrypted": 50,
        "second-public": 16, "second-lls": 32}
    assert dlms["firmware"]["octets"] == b"1.0.0".hex().upper()
    assert json.loads(json.dumps(dlms)) == dlms
    assert "entity_id" not in profile.ixit
    assert "gbcs_version" not in profile.ics
    assert profile.recordings is None


def test_logical_devices_have_names_by_their_servers(write: Write) -> None:
    assert [(one["server"], one["name"]) for one in
            load_profile(SHIPPED).ixit["dlms"]["logical_devices"]] == [
        (1, "SMB0000000000001"), (2, "SMB0000000000-02")]
    alone = load_profile(SHIPPED.with_name("emulated-dlms-sn.yaml")).ixit["dlms"]
    assert [(one["server"], one["name"]) for one in alone["logical_devices"]] == [
        (1, alone["logical_device_name"])]
    assert "second-public.server: expected a logical device that has its name in" in refusal(
        write(logical_devices="logical_devices: {}"))


def test_an_object_s_rights_are_told_in_words(write: Write) -> None:
    path = write("objects:\n  - class: 3\n    version: 0\n    obis: 1-0:1.8.0.255\n"
                 "    attributes: {1: r, 2: r encrypted-response authenticated-request, 3: '-'}\n"
                 "    methods: {1: x}\n")
    listed = load_profile(path).ixit["dlms"]["associations"]["public"]["objects"]
    assert listed == [{
        "object": "3/1-0:1.8.0.255", "class": 3, "version": 0, "obis": "1-0:1.8.0.255",
        "attributes": {"1": "read", "2": "read; authenticated request, encrypted response",
                       "3": "no access"},
        "methods": {"1": "access"}}]


def test_what_is_not_declared_may_be_any_of_the_alternatives(write: Write) -> None:
    accepts = load_profile(write()).ixit["dlms"]["accepts"]
    assert set(accepts) == set(ALTERNATIVES)
    assert accepts["bad_hcs"] == ["silence"]
    assert accepts["bad_fcs"] == ["frmr", "silence"]


@pytest.mark.parametrize(("renamed", "roles", "expected"), [
    ({}, "", {"public": "public", "lls": "lls", "hls": "hls"}),
    ({"public": "guest", "lls": "reader", "hls": "manager"}, "",
     {"public": "guest", "lls": "reader", "hls": "manager"}),
    ({"hls": "manager"}, "  roles: {hls: encrypted}\n",
     {"public": "public", "lls": "lls", "hls": "encrypted"}),
])
def test_plans_find_associations_by_name_or_declared_role_or_mechanism(
    write: Write, renamed: dict[str, str], roles: str, expected: dict[str, str]
) -> None:
    path = write(firmware="firmware: {association: encrypted, text: x}")
    text = path.read_text("utf-8")
    for before, after in renamed.items():
        text = text.replace(f"    {before}:", f"    {after}:", 1)
    path.write_text(text.replace("  do_not_test:", f"{roles}  do_not_test:"), "utf-8")
    assert load_profile(path).ixit["dlms"]["roles"] == expected


def test_of_several_associations_that_of_the_lowest_logical_device_is_meant(write: Write) -> None:
    path = write(firmware="firmware: {association: encrypted, text: x}")
    text = path.read_text("utf-8").replace(
        "    public: &public\n", "    guest: &public\n      server: 2\n")
    head, found, tail = text.partition("    second-public:\n")
    assert found
    path.write_text(head + found + tail.replace("server: 2", "server: 1", 1), "utf-8")
    assert load_profile(path).ixit["dlms"]["roles"]["public"] == "second-public"


def test_a_role_that_no_association_can_play_is_left_out(write: Write) -> None:
    path = write()
    text = path.read_text("utf-8")
    path.write_text(text[:text.index("    lls: ")] + text[text.index("  accepts:"):], "utf-8")
    assert load_profile(path).ixit["dlms"]["roles"] == {"public": "public"}


def test_the_names_of_services_are_those_of_the_conformance_block() -> None:
    """24 bits, two of them reserved (IEC 62056-5-3, the proposed and negotiated conformance)."""
    assert len(set(CONFORMANCE)) == len(CONFORMANCE) == 22
    assert {"get", "set", "action", "read", "write"} <= set(CONFORMANCE)


@pytest.mark.parametrize(("changes", "told"), [
    ({"flag_id": "flag_id: smb"}, r"dlms\.flag_id: expected three capital letters, found 'smb'"),
    ({"logical_devices": "logical_devices: {2: XXX2}"},
     r"logical_devices\.2: expected SMB and up to 13 more ASCII characters, found 'XXX2'"),
    ({"logical_device_name": "logical_device_name: XXX1"},
     r"logical_device_name: expected SMB at its beginning, found 'XXX1'"),
    ({"serial_number": "serial_number: 1"}, r"serial_number: expected text.*found the number 1"),
    ({"firmware": "firmware: {association: public}"}, "firmware: expected one of text and octets"),
    ({"firmware": "firmware: {association: lts, text: x}"}, "an association out of.*mean lls"),
    ({"firmware": "firmware: {association: lls, text: x, object: clock}"},
     "object: expected an attribute such as 1/1-0"),
    ({"address_octets": "address_octets: 3"}, r"link\.hdlc\.address_octets: expected 1, 2 or 4"),
    ({"address_octets": "address_octets: 1"}, "lower: expected none, because an address of one"),
    ({"max_information_receive": "max_information_receive: 4096"}, "expected octets, 32 to 2,030"),
    ({"window_transmit": "window_transmit: 8"}, "window_transmit: expected frames, 1 to 7"),
    ({"wrapper": "wrapper: false"}, "dlms.link.wrapper: expected none, because ics.wrapper is fal"),
    ({"sign_on": 'sign_on: {address: "1-2"}'},
     r"link\.sign_on\.address: expected the device address, up to 32 .*found '1-2'"),
    ({"client": "client: 32"}, r"lls\.client: 32 and its server are those of public too"),
    ({"context": "context: logical"}, r"associations\.public\.context: expected one of ln, sn"),
    ({"context": "context: sn"}, "expected ln, because ics.short_names is false"),
    ({"context": "context: sn"}, "expected a service of the context sn, found 'get'"),
    ({"mechanism": "mechanism: lls"}, r"public\.keys: expected the name of a set of keys"),
    ({"mechanism": "mechanism: md5"}, r"public\.mechanism: expected one of none, lls, hls"),
    ({"suite": "suite: 3"}, r"hls\.suite: expected a security suite, 0 to 2"),
    ({"suite": "# no suite"}, r"hls\.suite: expected a suite for ln-ciphered and hls-gmac, found"),
    ({"mechanism": "mechanism: hls-ecdsa"},
     r"suite: expected 1 or 2, which have signatures, for hls-ecdsa, found none"),
    ({"do_not_test": "roles: {sales: lls}"}, r"dlms\.roles: expected one out of .*lls.*public"),
    ({"do_not_test": "roles: {hls: hps}"}, r"roles\.hls: expected an association out of .*hls"),
    ({"do_not_test": "roles: {hls: encrypted}"},
     r"roles\.hls: expected the association of that name, found 'encrypted'"),
    ({"logical_devices": "logical_devices: {1: SMB9, 2: SMB2}"},
     r"logical_devices\.1: expected the logical_device_name, .*found 'SMB9'"),
    ({"bad_hcs": "bad_hcs: dm"}, r"accepts\.bad_hcs: expected one out of frmr, silence"),
    ({"bad_hcs": "bad_hsc: frmr"}, r"dlms\.accepts: expected one out of .*did you mean bad_hcs"),
    ({"do_not_test": "do_not_test: [clock]"}, "expected class/obis.* found 'clock'"),
    ({"do_not_test": "do_not_test: [70/0-0:096.3.10.255/m1]"}, "expected class/obis.* found '70/"),
    ({"do_not_test": "do_not_test: [70/0-0:96.3.10.255/m01]"}, "expected class/obis.* found '70/"),
    ({"do_not_test": "do_not_test: [70/0-0:96.3.10.999]"}, "expected class/obis.* found '70/"),
    ({"max_pdu": "max_pdus: 1"}, "a key of dlms.associations.public out of.*did you mean max_pdu"),
    ({"hdlc": "hdlc: yes"}, "ics.hdlc: expected true or false"),
])
def test_a_mistake_is_named_with_its_line(
    write: Write, changes: dict[str, str], told: str
) -> None:
    message = refusal(write(**changes))
    assert re.search(told, message), message


def test_a_mistake_has_the_line_of_what_is_wrong(write: Write) -> None:
    path = write(window_transmit="window_transmit: 8")
    line = next(number for number, text in enumerate(path.read_text("utf-8").splitlines(), 1)
                if "window_transmit: 8" in text)
    assert refusal(path).startswith(f"{path}:{line}: dlms.link.hdlc.window_transmit")


@pytest.mark.parametrize(("objects", "told"), [
    ("objects: []\n", "objects: expected a list of objects"),
    ("objects:\n  - {class: 8, version: 0, obis: 1.0.0}\n", "not an OBIS code A-B:C.D.E.F"),
    ("objects:\n  - {class: 8, version: 0, obis: 0-0:1.0.0.255, attributes: {1: rx}}\n",
     "expected -, r, w, rw first, found 'rx'"),
    ("objects:\n  - {class: 8, version: 0, obis: 0-0:1.0.0.255, methods: {1: r}}\n",
     "expected -, x first, found 'r'"),
    ("objects:\n  - {class: 8, version: 0, obis: 0-0:1.0.0.255, attributes: {1: r secret}}\n",
     "expected protections out of authenticated-request"),
    (OBJECTS + OBJECTS.split("\n", 1)[1], r":3: expected each object once, found 8/0-0:1"),
])
def test_a_mistake_in_a_file_of_objects_is_named_with_that_file(
    write: Write, objects: str, told: str
) -> None:
    path = write(objects)
    message = refusal(path)
    assert message.startswith(f"{path.parent / 'objects.yaml'}:")
    assert re.search(told, message), message


def test_a_section_is_asked_of_a_dlms_meter_and_of_no_other_device(
    tmp_path: Path, write: Write
) -> None:
    esme = (ROOT / "devices/profiles/emulated-esme.yaml").read_text("utf-8")
    section = SHIPPED.read_text("utf-8").split("\ndlms:", 1)[1].replace(
        "emulated-dlms-meter/", f"{SHIPPED.parent}/emulated-dlms-meter/")
    (tmp_path / "meter.yaml").write_text(f"{esme}\ndlms:{section}", "utf-8")
    assert "dlms: expected none of a ESME, found one" in refusal(tmp_path / "meter.yaml")
    bare = write()
    bare.write_text(bare.read_text("utf-8").split("\ndlms:", 1)[0], "utf-8")
    assert "expected the declaration of a DLMS meter, found none" in refusal(bare)


def test_a_certificate_leaves_nothing_out(write: Write) -> None:
    whole = load_profile(write())
    refuse_omissions(whole.path, whole.ixit["dlms"])
    partly = load_profile(write(do_not_test='do_not_test: ["70/0-0:96.3.10.255/m1"]'))
    with pytest.raises(ProfileError, match=r"meter\.yaml:\d+: dlms\.do_not_test: expected an empty "
                                           r"list.*found 70/0-0:96\.3\.10\.255/m1"):
        refuse_omissions(partly.path, partly.ixit["dlms"])


# images


IMAGE = 'test: {file: firmware-1.0.1.img, identifier: "AA"'


def test_an_image_is_kept_by_length_and_hash(write: Write) -> None:
    path = write(test=f"{IMAGE}, to_activate: [{{octets: 7, identifier: \"BB\"}}]}}")
    content = (path.parent / "firmware-1.0.1.img").read_bytes()
    images = load_profile(path).ixit["dlms"]["images"]
    assert images["test"] == {
        "file": "firmware-1.0.1.img", "octets": len(content), "identifier": "AA", "firmware": "",
        "sha256": hashlib.sha256(content).hexdigest().upper(),
        "to_activate": [{"octets": 7, "identifier": "BB"}]}
    assert images["first"]["to_activate"] == [{"octets": 576, "identifier": "312E302E30"}]
    assert (images["verification_s"], images["activation_s"]) == (1, 1)
    assert load_profile(write()).ixit["dlms"]["images"]["test"]["firmware"] == "312E302E31"


def test_images_need_not_be_declared(write: Write) -> None:
    path = write()
    text = re.sub(r"(?m)^  images:.*\n(    (test|first|verif|activ).*\n)+", "",
                  path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    assert load_profile(path).ixit["dlms"]["images"] == {}


@pytest.mark.parametrize(("changes", "told"), [
    ({"test": 'test: {file: lost.img, identifier: "AA"}'},
     r"images\.test\.file: expected a file of 1 to 16,777,216 octets, found none .*lost\.img"),
    ({"first": 'first: {file: ., identifier: "AA"}'}, r"images\.first\.file: .*\(Is a directory\)"),
    ({"first": 'first: {file: empty.img, identifier: "AA"}'}, r"octets, found 0 at .*empty\.img"),
    ({"test": f'{IMAGE}, text: "1", octets: "31"}}'}, "expected one of text and octets, found b"),
    ({"test": f"{IMAGE}, text: 1.1}}"}, r"test\.text: expected ASCII text.*the number 1\.1"),
    ({"test": "test: {file: firmware-1.0.1.img, identifier: 1.0.1}"},
     r"images\.test\.identifier: expected hexadecimal digits"),
    ({"test": f'{IMAGE}, to_activate: [{{size: 7, identifier: "BB"}}]}}'},
     r"expected a key of dlms\.images\.test\.to_activate\.0 out of identifier, octets"),
    ({"test": "tests: {}"}, r"images\.test: expected a mapping of file and ident.*found nothing"),
    ({"activation_s": "activation_s: long"}, r"activation_s: expected a number of seconds up to"),
    ({"image_transfer": "image_transfer: false"},
     r"dlms\.images: expected none, because ics\.image_transfer is false"),
])
def test_a_mistake_in_the_images_is_named_with_its_line(
    write: Write, tmp_path: Path, changes: dict[str, str], told: str
) -> None:
    (tmp_path / "empty.img").touch()
    message = refusal(write(**changes))
    assert re.search(told, message), message
