"""The images that a DLMS meter's maker declares for the test of image transfer (class 18).

``test`` is the image that is sent, altered, left out in parts, and activated in the end; ``first``
brings back the firmware that the meter had. Of a file ``ixit.dlms.images`` keeps length and
SHA-256, so that a run freezes what was sent, and nobody can send another in its place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from devices.declaration import Location, Schema

_SECONDS = "a number of seconds"
_LARGEST = 1 << 24
_OCTETS = r"^([0-9A-F]{2}){1,64}$"
_DIGITS = "hexadecimal digits in upper case, in quotes"


class ToActivate(Schema):
    """One image that the meter tells as ready to be activated (attribute 7)."""

    octets: int = Field(ge=0, le=0xFFFFFFFF, description="the size of an image in octets")
    identifier: str = Field(pattern=r"^([0-9A-F]{2}){0,64}$", description=_DIGITS)


class Image(Schema):
    """One image; what it has to activate is itself, unless ``to_activate`` says otherwise."""

    file: str = Field(min_length=1, description="the name of a file, relative to the profile")
    identifier: str = Field(pattern=_OCTETS, description=_DIGITS)
    to_activate: list[ToActivate] | None = Field(
        None, min_length=1, description="a list of mappings of octets and identifier")


class TriedImage(Image):
    """The image that is tried, and what the firmware's object holds once it is active."""

    text: str | None = Field(None, min_length=1, max_length=64,
                             description="ASCII text of 1 to 64 characters, in quotes")
    octets: str | None = Field(None, pattern=_OCTETS, description=_DIGITS)


class Images(Schema):
    """Both images, and how long the meter may be at them."""

    test: TriedImage = Field(description="a mapping of file and identifier")
    first: Image = Field(description="a mapping of file and identifier")
    verification_s: float = Field(60, ge=0, le=86_400, description=f"{_SECONDS} up to 86,400")
    activation_s: float = Field(600, ge=0, le=86_400, description=f"{_SECONDS} up to 86,400")


def mistakes(written: Images | None, ics: Mapping[str, Any], folder: Path
             ) -> Iterator[tuple[Location, str]]:
    """Yield what is wrong with the images beyond their form; files are looked for in ``folder``.

    Locations begin with ``images``.
    """
    if written is None:
        return
    if ics.get("image_transfer") is False:
        yield ("images",), "dlms.images: expected none, because ics.image_transfer is false"
    for name, one in (("test", written.test), ("first", written.first)):
        wrong = _wrong(folder / one.file)
        if wrong:
            yield ("images", name, "file"), (
                f"dlms.images.{name}.file: expected a file of 1 to {_LARGEST:,} octets, {wrong}")
    test = written.test
    if test.text is not None and test.octets is not None:
        yield ("images", "test"), "dlms.images.test: expected one of text and octets, found both"
    if not (test.text or "").isascii():
        yield ("images", "test", "text"), "dlms.images.test.text: expected ASCII text"


def plain(written: Images | None, folder: Path) -> dict[str, Any]:
    """Return images without mistakes as plain values; empty where none are declared.

    ``firmware`` is what the firmware's object holds once the image is active, in hexadecimal,
    empty where that is not declared.
    """
    if written is None:
        return {}
    test = written.test
    firmware = test.octets or (test.text or "").encode("ascii").hex().upper()
    return {"test": {**_plain(test, folder), "firmware": firmware},
            "first": _plain(written.first, folder),
            "verification_s": written.verification_s, "activation_s": written.activation_s}


def _plain(written: Image, folder: Path) -> dict[str, Any]:
    content = (folder / written.file).read_bytes()
    itself = {"octets": len(content), "identifier": written.identifier}
    return {"file": written.file, **itself,
            "sha256": hashlib.sha256(content).hexdigest().upper(),
            "to_activate": [itself] if written.to_activate is None
            else [one.model_dump() for one in written.to_activate]}


def _wrong(path: Path) -> str:
    try:
        with path.open("rb"):
            size = path.stat().st_size
    except OSError as failed:
        return f"found none that can be read at {path} ({failed.strerror})"
    return "" if 1 <= size <= _LARGEST else f"found {size:,} at {path}"
