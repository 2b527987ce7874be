"""The archive has one form; what has another is refused before anything in it is read."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from bundled_runs import put_together, take_apart

from bench.bundle import BundleError
from bench.bundle import archive as archive_module
from bench.bundle.archive import Archive, ArchiveWriter, check_name

PARTS = [("a.json", b"{}\n"), ("folder/b.bin", bytes(range(256)) * 5), ("c", b"")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "archive.zip"


def with_zipfile(path: Path, *infos: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for info, octets in infos:
            archive.writestr(info, octets)
    return path


def info(name: str, **fields: object) -> zipfile.ZipInfo:
    made = zipfile.ZipInfo(name)
    for field, value in fields.items():
        setattr(made, field, value)
    return made


def refusal(path: Path) -> str:
    with pytest.raises(BundleError) as refused:
        Archive(path)
    return str(refused.value)


def test_the_same_parts_give_the_same_octets_and_any_zip_program_reads_them(path: Path) -> None:
    put_together(path, PARTS)
    again = path.with_name("again.zip")
    put_together(again, PARTS)
    assert path.read_bytes() == again.read_bytes()
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert {item.date_time for item in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert take_apart(path) == PARTS


def test_what_was_written_is_read_and_has_no_flaw(path: Path) -> None:
    put_together(path, PARTS)
    with Archive(path) as archive:
        assert [(entry.name, entry.octets) for entry in archive.entries] == \
            [(name, len(octets)) for name, octets in PARTS]
        assert [archive.read(name, 2000) for name, _ in PARTS] == [octets for _, octets in PARTS]
        assert list(archive.flaws()) == []
        assert list(archive.lines("a.json", 2)) == [b"{}", b"\n"]
        with pytest.raises(BundleError, match="1280 octets, over the limit of 100"):
            archive.read("folder/b.bin", 100)


def test_an_archive_that_another_program_wrote_is_read_and_its_flaws_are_told(path: Path) -> None:
    with_zipfile(path, (info("a.json"), b"{}"))
    with Archive(path) as archive:
        assert archive.read("a.json", 10) == b"{}"
        assert {part for part, _ in archive.flaws()} == {"a.json"}


@pytest.mark.parametrize("name", [
    "../evil", "a/../../evil", "/etc/passwd", "C:/evil", "a\\..\\evil", "", "a//b", "./a", "a/",
    ".hidden", "a/.ssh", "n\u00e4me", "a\0b", "a b", "x" * 201, "-rf",
])
def test_a_name_that_leads_elsewhere_is_refused(path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="refused"):
        check_name(name)
    if name and "\0" not in name:
        assert "refused" in refusal(with_zipfile(path, (info(name), b"")))


@pytest.mark.parametrize(("made", "told"), [
    (info("link", external_attr=(stat.S_IFLNK | 0o777) << 16, create_system=3),
     "part link is a symbolic link"),
    (info("bomb", compress_type=zipfile.ZIP_DEFLATED), "part bomb is compressed"),
])
def test_links_and_compressed_parts_are_refused(
    path: Path, made: zipfile.ZipInfo, told: str,
) -> None:
    assert told in refusal(with_zipfile(path, (made, bytes(100_000))))


def test_encrypted_parts_are_refused(path: Path) -> None:
    put_together(path, PARTS)
    octets = bytearray(path.read_bytes())
    octets[octets.index(b"PK\1\2") + 8] |= 1
    path.write_bytes(octets)
    assert "part a.json is encrypted" in refusal(path)


@pytest.mark.parametrize("names", [("twice", "twice"), ("twice", "TWICE")])
def test_two_parts_of_one_name_are_refused(path: Path, names: tuple[str, ...]) -> None:
    put_together(path, [(name, b"") for name in names])
    assert f"part {names[1]} is there twice" in refusal(path)


def test_a_part_that_claims_more_than_the_file_holds_is_refused(path: Path) -> None:
    put_together(path, PARTS)
    octets = bytearray(path.read_bytes())
    entry = octets.index(b"PK\1\2")
    octets[entry + 20:entry + 28] = struct.pack("<II", 2**32 - 1, 2**32 - 1)
    path.write_bytes(octets)
    with Archive(path) as archive, pytest.raises(BundleError, match="reaches beyond"):
        list(archive.chunks("a.json"))


def test_parts_that_share_their_octets_are_told(path: Path) -> None:
    # a bomb without compression: many entries of the directory, one octet string
    put_together(path, [("a", bytes(1000)), ("b", bytes(1000))])
    octets = bytearray(path.read_bytes())
    second = octets.rindex(b"PK\1\2")
    octets[second + 42:second + 46] = bytes(4)
    path.write_bytes(octets)
    with Archive(path) as archive:
        assert ("b", "it does not lie where its place in the directory puts it") \
            in list(archive.flaws())


def test_more_parts_than_a_bundle_may_hold_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_together(path, PARTS)
    monkeypatch.setattr(archive_module, "MOST_PARTS", 2)
    assert "refused: 3 parts, over the limit of 2" in refusal(path)
    with pytest.raises(BundleError, match="at most 2 parts"):
        put_together(path, PARTS)


def test_more_octets_than_the_format_can_count_are_refused(
    path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    put_together(path, PARTS)
    monkeypatch.setattr(archive_module, "MOST_OCTETS", 500)
    assert "refused: 4 GiB or more" in refusal(path)
    with pytest.raises(BundleError, match="less than 4 GiB"):
        ArchiveWriter(io.BytesIO()).add("a", [bytes(499)])


@pytest.mark.parametrize("change", [
    lambda octets: octets[:-1], lambda octets: octets + b"\0", lambda octets: b"",
    lambda octets: octets.replace(b"PK\5\6", b"PK\5\7"),
])
def test_what_is_no_whole_archive_is_refused(
    path: Path, change: Callable[[bytes], bytes],
) -> None:
    put_together(path, PARTS)
    path.write_bytes(change(path.read_bytes()))
    assert "no whole archive" in refusal(path)


def test_a_file_that_is_not_there_is_told(path: Path) -> None:
    assert "No such file" in refusal(path)
