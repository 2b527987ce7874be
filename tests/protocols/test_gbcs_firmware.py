"""The OTA upgrade image: built, read, and refused at the octet that is wrong."""

from __future__ import annotations

import hashlib
import struct
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given
from hypothesis import strategies as st
from protocol_parties import SUPPLIER, Vector

from bench.errors import LocalProtocolError, RemoteProtocolError
from bench.protocols.gbcs import firmware
from bench.protocols.gbcs.firmware import FirmwareImage, OtaHeader
from bench.protocols.gbcs.keys import KeyStore

KEY = ec.derive_private_key(int.from_bytes(SUPPLIER, "big"), ec.SECP256R1())
STRANGER = ec.derive_private_key(99, ec.SECP256R1())
HEADER = OtaHeader(0x10C7, 0x0102, 0x01020304, 0x0100, 0x0203, b"meter".ljust(32, b"\0"))
PLAIN = bytes(range(200))
IMAGE = firmware.build(PLAIN, HEADER, KEY)

headers = st.builds(
    OtaHeader, st.integers(0, 0xFFFE), st.integers(0, 0xFFBF), st.integers(0, 0xFFFFFFFE),
    st.integers(0, 0x7FFF), st.integers(0x7FFF, 0xFFFF), st.binary(min_size=32, max_size=32),
    st.none() | st.integers(0, 255), st.none() | st.binary(min_size=8, max_size=8))
images = st.binary(min_size=1, max_size=300).filter(lambda octets: octets[:4] != firmware.MAGIC)


def changed(offset: int, octets: bytes, image: bytes = IMAGE) -> bytes:
    return image[:offset] + octets + image[offset + len(octets):]


def wrapped(*elements: tuple[int, bytes], header: bytes = IMAGE[:60]) -> bytes:
    body = b"".join(struct.pack("<HI", tag, len(data)) + data for tag, data in elements)
    return header[:52] + struct.pack("<I", 60 + len(body)) + header[56:] + body


def test_an_image_is_laid_out_as_the_specifications_say() -> None:
    assert IMAGE[:60].hex() == (
        "1ef1ee0b" "0001" "3c00" "0400" "c710" "0201" "04030201" "0200"
        "6d65746572" + 27 * "00" + "46010000" "0001" "0302")
    assert len(IMAGE) == 60 + 200 + 66 == 0x146
    assert IMAGE[60:262] == PLAIN + b"\x00\x40"
    r, s = (int.from_bytes(half, "big") for half in (IMAGE[262:294], IMAGE[294:]))
    KEY.public_key().verify(utils.encode_dss_signature(r, s), PLAIN, ec.ECDSA(hashes.SHA256()))


def test_an_image_reads_back() -> None:
    image = firmware.parse(IMAGE)
    assert image.header == HEADER
    assert image.manufacturer_image == PLAIN
    assert (image.total_size, image.force_replace, image.sub_elements) == (len(IMAGE), 0, ())
    assert image.signature == IMAGE[-64:]
    assert image.manufacturer_image_hash == hashlib.sha256(PLAIN).digest()
    assert firmware.verify(image, KEY.public_key())
    assert not firmware.verify(image, STRANGER.public_key())


@given(images, headers, st.integers(0, 255))
def test_every_image_reads_back(plain: bytes, header: OtaHeader, force_replace: int) -> None:
    octets = firmware.build(plain, header, KEY, force_replace=force_replace)
    image = firmware.parse(octets, sub_elements=False)
    assert (image.header, image.force_replace) == (header, force_replace)
    assert image.manufacturer_image == plain
    assert firmware.verify(image, KEY.public_key())
    again = firmware.parse(wrapped((0, octets[-len(plain) - 66:])))
    assert again.manufacturer_image == plain
    assert firmware.verify(again, KEY.public_key())


def test_the_hash_is_the_kind_that_activate_firmware_names(vectors: list[Vector]) -> None:
    commands = [vector.message.payload for vector in vectors
                if vector.code == 0x0012 and vector.cra == "command"]
    assert len(commands) == 10
    for payload in commands:
        tag, length = payload[2:4]  # the first field of the sequence
        assert (tag, length) == (0x04, len(firmware.manufacturer_image_hash(b"")))


def test_sub_elements_are_read() -> None:
    octets = wrapped((0, IMAGE[60:]), (0xF000, b"maker's own"), (3, b""))
    image = firmware.parse(octets)
    assert [(element.tag, bytes(element.data)) for element in image.sub_elements[1:]] == [
        (0xF000, b"maker's own"), (3, b"")]
    assert image.sub_elements[0].data == IMAGE[60:]
    assert image.manufacturer_image == PLAIN
    assert firmware.verify(image, KEY.public_key())
    assert firmware.parse(octets, sub_elements=True) == image
    with pytest.raises(RemoteProtocolError, match="length of a signature"):
        firmware.parse(octets, sub_elements=False)


def test_an_image_of_zeros_is_not_taken_for_sub_elements() -> None:
    image = firmware.parse(firmware.build(bytes(1000), HEADER, KEY))
    assert image.sub_elements == ()
    assert image.manufacturer_image == bytes(1000)


REFUSED: list[tuple[str, bytes, int, str]] = [
    ("empty", b"", 0, "found an empty file"),
    ("half a magic number", IMAGE[:2], 0, "1EF1EE0B, found 1EF1"),
    ("magic number flipped", changed(3, b"\x0c"), 0, "found 1EF1EE0C"),
    ("the byte order of the magic number", changed(0, bytes.fromhex("0BEEF11E")), 0, "0BEEF11E"),
    ("text before", b"NGIS" + IMAGE, 0, "found 4E474953"),
    ("header cut short", IMAGE[:40], 40, "header of at least 56 octets, found the end"),
    ("magic number twice", IMAGE[:4] + IMAGE, 4, "header version 0100, found F11E"),
    ("header twice", changed(52, struct.pack("<I", len(IMAGE) + 60), IMAGE[:60]) + IMAGE, 60,
     "a second OTA header"),
    ("header version", changed(4, b"\x01\x01"), 4, "header version 0100, found 0101"),
    ("header length", changed(6, b"\x38\x00"), 6, "header length 003C, found 0038"),
    ("no hardware versions", changed(8, b"\x00\x00"), 8, "field control 0004"),
    ("unknown bit of the field control", changed(8, b"\x0c\x00"), 8, "found 000C"),
    ("field control and length disagree", changed(8, b"\x05\x00"), 6,
     "with field control 0005, header length 003D, found 003C"),
    ("manufacturer wild card", changed(10, b"\xff\xff"), 10, "found FFFF"),
    ("image type that is no firmware", changed(12, b"\xc0\xff"), 12, "image type up to FFBF"),
    ("file version wild card", changed(14, b"\xff" * 4), 14, "found FFFFFFFF"),
    ("stack version", changed(18, b"\x03\x00"), 18, "stack version 0002, found 0003"),
    ("size one more", changed(52, struct.pack("<I", len(IMAGE) + 1)), 52,
     "total image size 326, which the file has, found 327"),
    ("truncated", IMAGE[:-1], 52, "total image size 325, which the file has, found 326"),
    ("an octet after the end", IMAGE + b"\0", 52, "total image size 327"),
    ("header alone", changed(52, struct.pack("<I", 60), IMAGE[:60]), 60, "found 0 octets"),
    ("header without its end", changed(52, struct.pack("<I", 57), IMAGE[:57]), 57,
     "header of 60 octets, found the end"),
    ("hardware versions the wrong way round", changed(56, b"\x04\x03"), 58,
     "maximum hardware from 0304, found 0203"),
    ("no manufacturer image", changed(52, struct.pack("<I", 126), IMAGE[:60]) + IMAGE[-66:], 60,
     "found 66 octets"),
    ("length of the signature", changed(261, b"\x41"), 261, "length of a signature, 40, found 41"),
]


@pytest.mark.parametrize(("octets", "offset", "complaint"), [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])
def test_what_is_no_image_is_refused_by_octet(octets: bytes, offset: int, complaint: str) -> None:
    with pytest.raises(RemoteProtocolError) as refusal:
        firmware.parse(octets)
    assert refusal.value.offset == offset
    assert complaint in str(refusal.value)


@pytest.mark.parametrize(("octets", "offset", "complaint"), [
    (wrapped((1, IMAGE[60:])), 60, "sub-element 0000 (upgrade image), found 0001"),
    (wrapped((0, IMAGE[60:]), (1, b"xyz"))[:-1], 332, "a length up to 2, found 3"),
    (wrapped((0, IMAGE[60:])) + b"\1\0\0", 332, "tag and length, found 3 octets"),
    (wrapped((0, IMAGE[-66:])), 62, "an upgrade image above 66 octets, found 66"),
    (wrapped(), 60, "sub-element 0000 (upgrade image), found the end"),
])
def test_wrong_sub_elements_are_refused_by_octet(
    octets: bytes, offset: int, complaint: str
) -> None:
    octets = changed(52, struct.pack("<I", len(octets)), octets)
    if complaint.startswith("a length"):
        offset += 2
    with pytest.raises(RemoteProtocolError) as refusal:
        firmware.parse(octets, sub_elements=True)
    assert (refusal.value.offset, complaint in str(refusal.value)) == (offset, True)


# What a flipped octet of the header shows up as, where the reader cannot know the right value.
FIELD_OF = {range(10, 12): "manufacturer_code", range(12, 14): "image_type",
            range(14, 18): "file_version", range(20, 52): "string",
            range(56, 58): "minimum_hardware", range(58, 60): "maximum_hardware"}


@pytest.mark.parametrize("octets", [IMAGE, wrapped((0, IMAGE[60:]))], ids=["bare", "wrapped"])
def test_every_flipped_octet_is_told(octets: bytes) -> None:
    """By an error, a wrong signature, or the one field that differs."""
    image = firmware.parse(octets)
    start = len(octets) - 266
    for offset in range(len(octets)):
        found = image_or_refusal(changed(offset, bytes((octets[offset] ^ 0x01,)), octets))
        if isinstance(found, RemoteProtocolError):
            assert found.offset <= offset < found.offset + 4, offset
        elif offset == start + 200:
            assert found.force_replace == 1
            assert (found.header, found.manufacturer_image_hash, found.signature) == (
                image.header, image.manufacturer_image_hash, image.signature)
        elif offset >= 60:
            assert not firmware.verify(found, KEY.public_key()), offset
        else:
            field = next(name for where, name in FIELD_OF.items() if offset in where)
            differs = [name for name in OtaHeader.__slots__
                       if getattr(found.header, name) != getattr(image.header, name)]
            assert differs == [field], offset


@given(st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: IMAGE[:60] + rest),
       st.sampled_from([None, False, True]), st.booleans())
def test_anything_is_an_image_or_refused(
    octets: bytes, sub_elements: bool | None, sized: bool
) -> None:
    if sized and len(octets) >= 56:
        octets = changed(52, struct.pack("<I", len(octets)), octets)
    read_or_refuse(octets, sub_elements)


@given(st.sampled_from([IMAGE, wrapped((0, IMAGE[60:]), (3, b"abc"))]), st.data(),
       st.sampled_from([None, False, True]))
def test_any_mutated_image_is_an_image_or_refused(
    octets: bytes, data: st.DataObject, sub_elements: bool | None
) -> None:
    at = data.draw(st.integers(0, len(octets)))
    cut = data.draw(st.integers(0, 8))
    octets = octets[:at] + data.draw(st.binary(max_size=8)) + octets[at + cut:]
    if len(octets) >= 56 and data.draw(st.booleans()):
        octets = changed(52, struct.pack("<I", len(octets)), octets)
    read_or_refuse(octets, sub_elements)


def image_or_refusal(
    octets: bytes, sub_elements: bool | None = None
) -> FirmwareImage | RemoteProtocolError:
    try:
        return firmware.parse(octets, sub_elements=sub_elements)
    except RemoteProtocolError as refusal:
        return refusal


def read_or_refuse(octets: bytes, sub_elements: bool | None) -> None:
    image = image_or_refusal(octets, sub_elements)
    if isinstance(image, RemoteProtocolError):
        assert 0 <= image.offset <= max(len(octets), 60)
        return
    firmware.verify(image, KEY.public_key())
    if not image.sub_elements:
        rebuilt = firmware.build(bytes(image.manufacturer_image), image.header, KEY,
                                 force_replace=image.force_replace)
        assert rebuilt[:-64] == octets[:-64]


@pytest.mark.parametrize(("make", "complaint"), [
    (lambda: firmware.build(b"", HEADER, KEY), "is empty"),
    (lambda: firmware.build(IMAGE, HEADER, KEY), "an OTA image already"),
    (lambda: firmware.build(PLAIN, HEADER, KEY, force_replace=256), "force replace: 0 to 255"),
    (lambda: firmware.build(PLAIN, HEADER, ec.derive_private_key(5, ec.SECP384R1())),
     "P-256, not secp384r1"),
    (lambda: firmware.build(PLAIN, replace(HEADER, manufacturer_code=0xFFFF), KEY),
     "manufacturer code: 0 to FFFE"),
    (lambda: firmware.build(PLAIN, replace(HEADER, image_type=-1), KEY), "image type: 0 to FFBF"),
    (lambda: firmware.build(PLAIN, replace(HEADER, file_version=1 << 32), KEY), "file version"),
    (lambda: firmware.build(PLAIN, replace(HEADER, minimum_hardware=0x204), KEY),
     "not 0204 to 0203"),
    (lambda: firmware.build(PLAIN, replace(HEADER, maximum_hardware=0x10000), KEY), "to FFFF"),
    (lambda: firmware.build(PLAIN, replace(HEADER, string=b"short"), KEY), "32 octets, not 5"),
    (lambda: firmware.build(PLAIN, replace(HEADER, credential_version=256), KEY), "0 to 255"),
    (lambda: firmware.build(PLAIN, replace(HEADER, destination=b""), KEY), "8 octets, not 0"),
])
def test_a_wrong_image_is_not_built(make: Callable[[], bytes], complaint: str) -> None:
    with pytest.raises(LocalProtocolError, match=complaint):
        make()


def test_an_image_has_to_fit_its_size_field() -> None:
    class Huge(bytes):
        def __len__(self) -> int:
            return (1 << 32) - 60 - 66

    with pytest.raises(LocalProtocolError, match="4294967296 octets does not fit"):
        firmware.build(Huge(b"x"), HEADER, KEY)


def test_signatures_that_are_no_numbers_of_the_curve_are_invalid() -> None:
    for signature in (bytes(64), b"\xff" * 64):
        image = firmware.parse(IMAGE[:-64] + signature)
        assert not firmware.verify(image, KEY.public_key())


def test_a_large_image_is_read_without_a_copy() -> None:
    octets = firmware.build(bytes(10_000_000), HEADER, KEY)
    tracemalloc.start()
    try:
        image = firmware.parse(octets)
        assert firmware.verify(image, KEY.public_key())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(image.manufacturer_image) == 10_000_000
    assert peak < 100_000


def test_an_image_is_verified_with_the_certificate_of_a_party(keys: KeyStore) -> None:
    private = keys.private_key(SUPPLIER, "ds")
    public = keys.public_key(SUPPLIER, "ds")
    assert private
    assert public
    assert firmware.verify(firmware.parse(firmware.build(PLAIN, HEADER, private)), public)
