"""The OTA upgrade image: new firmware as a supplier hands it in and a device stores it.

GBCS sections 11.2.2 to 11.2.4, ZigBee OTA upgrade cluster (095264) sections 6.3.2 and 6.3.3.
Lengths in octets, numbers of the header with the lowest octet first::

    1EF1EE0B 0100 header-length(2) field-control(2) manufacturer(2) image-type(2)
    file-version(4) stack-version(2) string(32) total-size(4)
    [credential-version(1)] [destination(8)] min-hardware(2) max-hardware(2)
    manufacturer-image  force-replace(1)  40  signature(64)

The signature is the authorising remote party's, over the manufacturer image alone: no cryptography
covers the header and the force-replace octet, which only a communications hub uses. The SHA-256 of
the manufacturer image names the firmware afterwards: a device reports it on receipt (alert 8F72),
and CS06 Activate Firmware carries it as ``manufacturerImageHash``, its payload's first field, which
the device compares with its own. Also read is an upgrade image wrapped in ZigBee sub-elements
(tag(2) length(4) data). Left out: what is inside a manufacturer image, and its transfer.

Sources: HenryGiraldo/gbcs python/gbcs.py (public domain), the header also zigpy's ota/image.py.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from bench.errors import LocalProtocolError, RemoteProtocolError

MAGIC = bytes.fromhex("1EF1EE0B")
UPGRADE_IMAGE_TAG = 0
SIGNATURE_LENGTH = 64

_HEADER_VERSION = 0x0100
_ZIGBEE_PRO = 0x0002
_STRING_LENGTH = 32
_CREDENTIAL_VERSION, _DESTINATION, _HARDWARE_VERSIONS = 1, 2, 4  # bits of the field control
_OPTIONAL = {_CREDENTIAL_VERSION: 1, _DESTINATION: 8, _HARDWARE_VERSIONS: 4}  # octets
_FIXED = struct.Struct("<4sHHHHHIH32sI")
_HARDWARE = struct.Struct("<HH")
_SUB_ELEMENT = struct.Struct("<HI")
_TRAILER = 1 + 1 + SIGNATURE_LENGTH  # what follows the manufacturer image
_ECDSA_OF_DIGEST = ec.ECDSA(utils.Prehashed(hashes.SHA256()))

# field -> where it is, its highest value, and why no more (095264 sections 6.3.2.5 to 6.3.2.7)
_HIGHEST = {
    "manufacturer_code": (10, 0xFFFE, "FFFF is the wild card"),
    "image_type": (12, 0xFFBF, "above it are types that are no firmware"),
    "file_version": (14, 0xFFFFFFFE, "FFFFFFFF is the wild card"),
}


@dataclass(frozen=True, slots=True)
class OtaHeader:
    """The fields of the header that an image does not itself determine.

    ``string`` has 32 octets as they are, mostly text filled up with zeros. ``credential_version``
    and ``destination`` (an EUI-64, highest octet first) are ``None`` where the header lacks them.
    """

    manufacturer_code: int
    image_type: int
    file_version: int
    minimum_hardware: int
    maximum_hardware: int
    string: bytes = bytes(_STRING_LENGTH)
    credential_version: int | None = None
    destination: bytes | None = None


@dataclass(frozen=True, slots=True)
class SubElement:
    """One ZigBee sub-element: its tag and the octets that it holds."""

    tag: int
    data: memoryview


@dataclass(frozen=True, slots=True)
class FirmwareImage:
    """A whole OTA upgrade image; the memoryviews show the octets that were parsed, uncopied."""

    header: OtaHeader
    total_size: int
    manufacturer_image: memoryview
    manufacturer_image_hash: bytes  # SHA-256, 32 octets
    force_replace: int
    signature: bytes
    sub_elements: tuple[SubElement, ...] = ()  # all of them, the upgrade image the first


def parse(octets: bytes, *, sub_elements: bool | None = None) -> FirmwareImage:
    """Return the image in ``octets``, all of a file.

    ``sub_elements`` says whether the upgrade image is wrapped in them; by default it is if the
    octets after the header are sub-elements to the last one. RemoteProtocolError, its offset that
    of the field: what is no header of version 0100 with hardware versions, a size other than that
    of ``octets``, a range without members, a second header where the manufacturer image starts,
    and the lack of a signature. Whether the signature is right, :func:`verify` says.
    """
    header, start = _header(octets)
    view = memoryview(octets)
    elements: tuple[SubElement, ...] = ()
    end = len(octets)
    if sub_elements or (sub_elements is None and _wrapped(view, start)):
        elements = tuple(_elements(view, start))
        start += _SUB_ELEMENT.size
        end = start + len(elements[0].data)
    image_end = end - _TRAILER
    if image_end <= start:
        raise RemoteProtocolError(
            start, f"a manufacturer image and {_TRAILER} octets after it", f"{end - start} octets")
    if octets[image_end + 1] != SIGNATURE_LENGTH:
        raise RemoteProtocolError(image_end + 1, "the length of a signature, 40",
                                  f"{octets[image_end + 1]:02X}")
    manufacturer_image = view[start:image_end]
    if manufacturer_image[:4] == MAGIC:
        raise RemoteProtocolError(start, "a manufacturer image",
                                  f"a second OTA header, {MAGIC.hex().upper()}")
    return FirmwareImage(
        header, len(octets), manufacturer_image, manufacturer_image_hash(manufacturer_image),
        octets[image_end], bytes(view[image_end + 2:end]), elements)


def build(manufacturer_image: bytes, header: OtaHeader, key: ec.EllipticCurvePrivateKey, *,
          force_replace: int = 0) -> bytes:
    """Return the OTA upgrade image of ``manufacturer_image``, signed with ``key`` (P-256).

    ``force_replace`` is 0..255. LocalProtocolError for a field out of its range, and for a
    manufacturer image that is empty, already an OTA image, or too large for the size field.
    """
    if not manufacturer_image:
        raise LocalProtocolError("the manufacturer image is empty")
    if manufacturer_image[:4] == MAGIC:
        raise LocalProtocolError("the manufacturer image starts with an OTA header: it is an OTA "
                                 "image already")
    if key.curve.name != "secp256r1":
        raise LocalProtocolError(f"an image is signed with a key on P-256, not {key.curve.name}")
    if not 0 <= force_replace <= 0xFF:
        raise LocalProtocolError(f"force replace: 0 to 255, not {force_replace}")
    digest = manufacturer_image_hash(manufacturer_image)
    r, s = utils.decode_dss_signature(key.sign(digest, _ECDSA_OF_DIGEST))
    upgrade_image_size = len(manufacturer_image) + _TRAILER
    return b"".join((
        _header_octets(header, upgrade_image_size), manufacturer_image,
        bytes((force_replace, SIGNATURE_LENGTH)), r.to_bytes(32, "big"), s.to_bytes(32, "big")))


def verify(image: FirmwareImage, public_key: ec.EllipticCurvePublicKey) -> bool:
    """Return whether the signature of ``image`` is that of the party with ``public_key``."""
    r, s = (int.from_bytes(half, "big") for half in (image.signature[:32], image.signature[32:]))
    try:
        public_key.verify(utils.encode_dss_signature(r, s), image.manufacturer_image_hash,
                          _ECDSA_OF_DIGEST)
    except InvalidSignature:
        return False
    return True


def manufacturer_image_hash(manufacturer_image: bytes | memoryview) -> bytes:
    """Return the 32 octets that name firmware in CS06 and in the alert of its receipt."""
    return hashlib.sha256(manufacturer_image).digest()


def _header(octets: bytes) -> tuple[OtaHeader, int]:
    """Return the header and where it ends."""
    if octets[:4] != MAGIC:
        raise RemoteProtocolError(0, f"the OTA upgrade file identifier {MAGIC.hex().upper()}",
                                  octets[:4].hex().upper() or "an empty file")
    if len(octets) < _FIXED.size:
        raise RemoteProtocolError(len(octets), f"a header of at least {_FIXED.size} octets",
                                  "the end")
    (_, version, length, control, manufacturer, image_type, file_version, stack, string,
     total_size) = _FIXED.unpack_from(octets)
    _expect(4, "header version", _HEADER_VERSION, version)
    if control & ~sum(_OPTIONAL) or not control & _HARDWARE_VERSIONS:
        raise RemoteProtocolError(8, "field control 0004 (hardware versions), +1, +2",
                                  f"{control:04X}")
    header_length = _FIXED.size + _optional_length(control)
    _expect(6, f"with field control {control:04X}, header length", header_length, length)
    _expect(18, "stack version", _ZIGBEE_PRO, stack)
    if total_size != len(octets):
        raise RemoteProtocolError(52, f"total image size {len(octets)}, which the file has",
                                  str(total_size))
    if len(octets) < header_length:
        raise RemoteProtocolError(len(octets), f"a header of {header_length} octets", "the end")
    values = {"manufacturer_code": manufacturer, "image_type": image_type,
              "file_version": file_version}
    for name, value in values.items():
        offset, highest, reason = _HIGHEST[name]
        if value > highest:
            raise RemoteProtocolError(
                offset, f"{name.replace('_', ' ')} up to {highest:04X} ({reason})", f"{value:04X}")
    credential_version = octets[_FIXED.size] if control & _CREDENTIAL_VERSION else None
    after = _FIXED.size + bool(control & _CREDENTIAL_VERSION)
    destination = octets[after:after + 8][::-1] if control & _DESTINATION else None
    minimum, maximum = _HARDWARE.unpack_from(octets, header_length - _HARDWARE.size)
    if minimum > maximum:
        raise RemoteProtocolError(header_length - 2, f"maximum hardware from {minimum:04X}",
                                  f"{maximum:04X}")
    return OtaHeader(manufacturer, image_type, file_version, minimum, maximum, string,
                     credential_version, destination), header_length


def _expect(offset: int, what: str, expected: int, found: int) -> None:
    if found != expected:
        raise RemoteProtocolError(offset, f"{what} {expected:04X}", f"{found:04X}")


def _optional_length(control: int) -> int:
    return sum(length for bit, length in _OPTIONAL.items() if control & bit)


def _wrapped(view: memoryview, start: int) -> bool:
    try:
        _elements(view, start)
    except RemoteProtocolError:
        return False
    return True


def _elements(view: memoryview, start: int) -> list[SubElement]:
    """Return the sub-elements from ``start`` to the end, an upgrade image the first."""
    found: list[SubElement] = []
    while start < len(view):
        if len(view) - start < _SUB_ELEMENT.size:
            raise RemoteProtocolError(start, "a sub-element's tag and length",
                                      f"{len(view) - start} octets")
        tag, length = _SUB_ELEMENT.unpack_from(view, start)
        if not found and tag != UPGRADE_IMAGE_TAG:
            raise RemoteProtocolError(start, "sub-element 0000 (upgrade image)", f"{tag:04X}")
        data = start + _SUB_ELEMENT.size
        if length > len(view) - data:
            raise RemoteProtocolError(start + 2, f"a length up to {len(view) - data}", f"{length}")
        if not found and length <= _TRAILER:
            raise RemoteProtocolError(start + 2, f"an upgrade image above {_TRAILER} octets",
                                      f"{length}")
        found.append(SubElement(tag, view[data:data + length]))
        start = data + length
    if not found:
        raise RemoteProtocolError(start, "sub-element 0000 (upgrade image)", "the end")
    return found


def _header_octets(header: OtaHeader, upgrade_image_size: int) -> bytes:
    for name, (_, highest, reason) in _HIGHEST.items():
        value = getattr(header, name)
        if not 0 <= value <= highest:
            raise LocalProtocolError(f"{name.replace('_', ' ')}: 0 to {highest:04X} ({reason}), "
                                     f"not {value:X}")
    if not 0 <= header.minimum_hardware <= header.maximum_hardware <= 0xFFFF:
        raise LocalProtocolError(
            f"hardware versions: from 0 to FFFF, the minimum first, not "
            f"{header.minimum_hardware:04X} to {header.maximum_hardware:04X}")
    if len(header.string) != _STRING_LENGTH:
        raise LocalProtocolError(f"header string: {_STRING_LENGTH} octets, not "
                                 f"{len(header.string)}")
    optional, control = [], _HARDWARE_VERSIONS
    if header.credential_version is not None:
        if not 0 <= header.credential_version <= 0xFF:
            raise LocalProtocolError(f"credential version: 0 to 255, not "
                                     f"{header.credential_version}")
        optional.append(bytes((header.credential_version,)))
        control |= _CREDENTIAL_VERSION
    if header.destination is not None:
        if len(header.destination) != 8:
            raise LocalProtocolError(f"destination: 8 octets, not {len(header.destination)}")
        optional.append(header.destination[::-1])
        control |= _DESTINATION
    length = _FIXED.size + _optional_length(control)
    if length + upgrade_image_size >= 1 << 32:
        raise LocalProtocolError(f"an image of {length + upgrade_image_size} octets does not fit "
                                 "the size field of 32 bits")
    fixed = _FIXED.pack(MAGIC, _HEADER_VERSION, length, control, header.manufacturer_code,
                        header.image_type, header.file_version, _ZIGBEE_PRO, header.string,
                        length + upgrade_image_size)
    return b"".join((fixed, *optional,
                     _HARDWARE.pack(header.minimum_hardware, header.maximum_hardware)))
