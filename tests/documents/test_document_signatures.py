"""One signature over all of a document: made, checked by others, and what breaks it."""

from __future__ import annotations

import datetime
import io
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from issued_documents import BODY, NOW, certified, grant, key_pair, pages, ruling, tool
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from bench.bundle import KeyFileError, TrustStore, read_trust
from bench.documents.checking import Checked, check_document
from bench.documents.ruling import refuse_misfits
from bench.documents.signing import Credential, read_credential, sign
from bench.errors import DocumentError
from bench.records.decision import Decision, Status
from bench.records.issued import Organisation
from bench.records.register import RunEvidence
from reports.documents.certificate import certificate_pdf

LATER = NOW + datetime.timedelta(days=400)


@pytest.fixture(scope="module")
def unsigned(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    found, head = certified(tmp_path_factory.mktemp("register") / "r.sqlite", grant())
    return certificate_pdf(found, ruling(grant()), head, BODY)


@pytest.fixture(scope="module", params=["p256", "ed25519"])
def files(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory,
          ) -> tuple[Path, Path]:
    return key_pair(tmp_path_factory.mktemp("keys"), "Certs plc", kind=request.param)


@pytest.fixture(scope="module")
def credential(files: tuple[Path, Path]) -> Credential:
    return read_credential(*files, lambda: "")


@pytest.fixture(scope="module")
def signed(unsigned: bytes, credential: Credential) -> bytes:
    return sign(unsigned, credential, BODY.signatory, NOW)


@pytest.fixture(scope="module")
def trust(files: tuple[Path, Path]) -> TrustStore:
    return read_trust([files[0]])


def check(folder: Path, octets: bytes, trust: TrustStore, now: datetime.datetime = LATER,
          ) -> Checked:
    file = folder / "document.pdf"
    file.write_bytes(octets)
    return check_document(file, trust, now)


def test_a_signed_document_is_sound_to_whom_trusts_the_key(
    signed: bytes, trust: TrustStore, credential: Credential, tmp_path: Path
) -> None:
    found = check(tmp_path, signed, trust)
    assert found.sound
    assert found.signer == "CN=B. Decider,O=Certs plc"
    assert found.holds == (
        "the signature covers the whole file, and nothing was added afterwards",
        f"signed by CN=B. Decider,O=Certs plc, key {credential.keyid}, by their clock on "
        "2026-03-06T12:00:00+00:00",
        "the key is that of CN=B. Decider,O=Certs plc")


def test_another_key_is_not_trusted(signed: bytes, tmp_path: Path) -> None:
    other, _ = key_pair(tmp_path, "Certs plc")
    found = check(tmp_path, signed, read_trust([other]))
    assert found.intact
    assert not found.sound
    assert found.findings[0].startswith("unknown key: ")


def test_a_key_that_was_revoked_or_signs_in_the_future_is_not_believed(
    signed: bytes, files: tuple[Path, Path], trust: TrustStore, tmp_path: Path
) -> None:
    (tmp_path / "body.pem").write_bytes(files[0].read_bytes())
    (tmp_path / "body.yaml").write_text("revoked: stolen\n")
    found = check(tmp_path, signed, read_trust([tmp_path / "body.pem"]))
    assert "was revoked: stolen" in found.findings[0]
    early = check(tmp_path, signed, trust, NOW - datetime.timedelta(1))
    assert not early.sound
    assert "which is to come" in early.findings[0]


def test_poppler_and_qpdf_say_the_same(
    files: tuple[Path, Path], signed: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "signed.pdf"
    file.write_bytes(signed)
    said = tool("pdfsig", "-nocert", file)
    assert "Signer Certificate Common Name: B. Decider" in said
    assert "Signing Time: Mar 06 2026 12:00:00" in said
    assert "Signature Type: ETSI.CAdES.detached" in said
    assert "Total document signed" in said
    if "p256" in files[0].name:  # poppler's library does not know Ed25519
        assert "Signature is Valid." in said
    assert "No syntax or stream encoding errors" in tool("qpdf", "--check", file)


def test_signing_changes_no_octet_of_the_document_and_leaves_it_pdf_a(
    unsigned: bytes, signed: bytes, tmp_path: Path
) -> None:
    assert signed.startswith(unsigned)
    assert pages(signed, tmp_path) == pages(unsigned, tmp_path)
    root = PdfFileReader(io.BytesIO(signed)).root
    xmp = root["/Metadata"].data.decode()
    assert re.search(r'pdfaid:part(>|=")2', xmp)
    assert re.search(r'pdfaid:conformance(>|=")A', xmp)
    assert re.search(r'pdfuaid:part(>|=")1', xmp)
    assert root.get("/Version", "/1.7") == "/1.7"
    field = root["/AcroForm"]["/Fields"][0]
    assert field["/F"] & 4  # printed, as PDF/A demands, outside the page
    assert "/StructTreeRoot" in root


def _signature(pdf: bytes) -> tuple[int, int]:
    begin = pdf.index(b"/Contents <") + len(b"/Contents <")
    return begin, pdf.index(b">", begin)


def _in_signature_at(digit: int) -> Callable[[bytes], bytes]:
    def edit(pdf: bytes) -> bytes:
        place = _signature(pdf)[digit < 0] + digit
        return pdf[:place] + (b"0" if pdf[place:place + 1] != b"0" else b"1") + pdf[place + 1:]

    return edit


def _updated(pdf: bytes) -> bytes:
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    writer.root["/PageMode"] = pdf_name("/UseOutlines")
    writer.update_root()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


EDITS: dict[str, Callable[[bytes], bytes]] = {
    "an octet of a page": lambda pdf: pdf[:5000] + bytes([pdf[5000] ^ 1]) + pdf[5001:],
    "an octet after the signature": lambda pdf: pdf[:-20] + bytes([pdf[-20] ^ 1]) + pdf[-19:],
    "an octet at the end": lambda pdf: pdf + b"\n",
    "an octet of the signature": _in_signature_at(800),
    "an octet of the room after it": _in_signature_at(-20),
    "the end cut off": lambda pdf: pdf[:-300],
    "half of it": lambda pdf: pdf[:len(pdf) // 2],
    "an incremental update": _updated,
    "no signature": lambda pdf: pdf[:pdf.index(b"%%EOF") + 6],
    "another document around it": lambda pdf: b"%PDF-1.7\n" + pdf,
    "nothing": lambda _: b"",
    "not much": lambda _: b"%PDF-1.7\n",
}


@pytest.mark.parametrize("edit", EDITS)
def test_whatever_is_changed_is_found(
    edit: str, signed: bytes, trust: TrustStore, tmp_path: Path
) -> None:
    found = check(tmp_path, EDITS[edit](signed), trust)
    assert not found.intact
    assert not found.sound
    assert found.findings


def test_every_octet_counts(signed: bytes, trust: TrustStore, tmp_path: Path) -> None:
    hole = range(*_signature(signed))
    for place in range(0, len(signed), 997):
        changed = signed[:place] + bytes([signed[place] ^ 0x04]) + signed[place + 1:]
        if place not in hole:
            assert not check(tmp_path, changed, trust).sound, place


def test_an_addition_is_told_as_one(signed: bytes, trust: TrustStore, tmp_path: Path) -> None:
    assert check(tmp_path, _updated(signed), trust).findings == (
        "something was added after it was signed",)


def test_a_second_signature_is_refused(unsigned: bytes, tmp_path: Path) -> None:
    first, second = (read_credential(*key_pair(tmp_path, name), lambda: "")
                     for name in ("Certs plc", "Someone"))
    signed = sign(unsigned, first, BODY.signatory, NOW)
    with pytest.raises(DocumentError, match="cannot be signed"):
        sign(signed, second, BODY.signatory, NOW)


def test_a_key_comes_from_a_file_of_its_owner_and_with_its_certificate(tmp_path: Path) -> None:
    certificate, key = key_pair(tmp_path, "Certs plc", password=b"open")
    assert read_credential(certificate, key, lambda: "open").names == ("B. Decider", "Certs plc")
    with pytest.raises(KeyFileError, match="another password"):
        read_credential(certificate, key, lambda: "shut")
    key.chmod(0o640)
    with pytest.raises(KeyFileError, match="group or others can reach"):
        read_credential(certificate, key, lambda: "open")
    other, _ = key_pair(tmp_path, "Someone")
    _, plain = key_pair(tmp_path, "Third")
    with pytest.raises(KeyFileError, match="the certificate of another key"):
        read_credential(other, plain, lambda: "")
    with pytest.raises(KeyFileError, match="expected a key on P-256 or an Ed25519 key"):
        read_credential(*key_pair(tmp_path, "Fourth", kind="p384"), lambda: "")
    with pytest.raises(KeyFileError, match="no certificate in PEM form"):
        read_credential(plain, plain, lambda: "")


def test_a_certificate_that_has_expired_signs_nothing(unsigned: bytes, tmp_path: Path) -> None:
    credential = read_credential(*key_pair(tmp_path, "Certs plc", days=3), lambda: "")
    with pytest.raises(DocumentError, match=r"is valid from 2026-03-03.* to 2026-03-09"):
        sign(unsigned, credential, BODY.signatory, NOW + datetime.timedelta(days=4))


@pytest.mark.parametrize(("name", "common", "borrowed", "text"), [
    ("Certs plc", "B. Decider", True, "the signing key is that of North Lab, who tested"),
    ("NORTH  lab", "B. Decider", False, "the signing certificate is that of NORTH  lab"),
    ("Certs plc", "North Lab", False, "the signing certificate is that of North Lab"),
])
def test_the_laboratory_cannot_sign_the_certificate(
    name: str, common: str, borrowed: bool, text: str, tmp_path: Path
) -> None:
    found, _ = certified(tmp_path / "r.sqlite", grant())
    credential = read_credential(*key_pair(tmp_path, name, common_name=common), lambda: "")
    decided = ruling(grant())
    if borrowed:
        decided = replace(decided, runs=(replace(decided.runs[0], keyid=credential.keyid),))
    with pytest.raises(DocumentError, match=re.escape(text)):
        refuse_misfits(found, decided, "", BODY, credential)


def test_the_laboratory_cannot_be_the_body(tmp_path: Path) -> None:
    found, _ = certified(tmp_path / "r.sqlite", grant())
    same = replace(BODY, body=Organisation("Certs PLC", ("3 High Street",)))
    refuse_misfits(found, ruling(grant()), "", same, None)
    run = replace(ruling(grant()).runs[0], laboratory="certs  plc")
    with pytest.raises(DocumentError, match="Certs PLC is the laboratory too"):
        refuse_misfits(found, ruling(grant(), runs=(run,)), "", same, None)


@pytest.mark.parametrize(("changes", "text"), [
    ({"subject": replace(grant().subject, firmware_version="00010001")}, "another subject"),
    ({"baseline": replace(grant().baseline, digest="0" * 64)}, "another baseline"),
    ({"decision": Decision(Status.PARTIAL, "x", ())}, "the ruling decided partial, x"),
    ({"demonstration": True}, "is a demonstration"),
    ({"runs": ()}, "rests on other evidence"),
    ({"certification_body": "Others plc"}, "the ruling is by Others plc"),
])
def test_a_ruling_of_something_else_gives_no_certificate(
    changes: dict[str, object], text: str, tmp_path: Path
) -> None:
    found, _ = certified(tmp_path / "r.sqlite", grant())
    with pytest.raises(DocumentError, match=text):
        refuse_misfits(found, ruling(grant(), **changes), "", BODY, None)


def test_the_ruling_must_rest_on_each_run_that_the_grant_names(tmp_path: Path) -> None:
    first = ruling(grant()).runs[0]
    second = replace(first, ledger_hash="2e" * 32, bundle_sha256="c2" * 32)
    granted = grant(further_runs=(RunEvidence("2e" * 32, "c2" * 32),))
    found, _ = certified(tmp_path / "r.sqlite", granted)
    refuse_misfits(found, ruling(granted, runs=(first, second)), "", BODY, None)
    for other in ((first,), (second, first), (first, replace(second, ledger_hash="3e" * 32)),
                  (first, replace(second, bundle_sha256="c3" * 32)), (first, second, second)):
        with pytest.raises(DocumentError, match="its runs are not those of the grant"):
            refuse_misfits(found, ruling(granted, runs=other), "", BODY, None)
    before, _ = certified(tmp_path / "before.sqlite", grant())
    refuse_misfits(before, ruling(grant(), runs=(first, second)), "", BODY, None)


def test_a_laboratory_is_known_by_the_names_in_its_certificate_too(tmp_path: Path) -> None:
    found, _ = certified(tmp_path / "r.sqlite", grant())
    run = replace(ruling(grant()).runs[0], laboratory="CN=Dr A. Tester,O=South Lab")
    credential = read_credential(*key_pair(tmp_path, "south lab"), lambda: "")
    with pytest.raises(DocumentError, match="the signing certificate is that of south lab"):
        refuse_misfits(found, ruling(grant(), runs=(run,)), "", BODY, credential)


def test_a_certificate_goes_with_the_signed_ruling_that_the_register_names(
    tmp_path: Path
) -> None:
    found, _ = certified(tmp_path / "r.sqlite", grant(ruling_sha256="e5" * 32))
    refuse_misfits(found, ruling(grant()), "e5" * 32, BODY, None)
    with pytest.raises(DocumentError, match="granted on the signed ruling with SHA-256 e5e5"):
        refuse_misfits(found, ruling(grant()), "f6" * 32, BODY, None)


def test_a_spoilt_file_gets_an_answer_and_nothing_else(
    signed: bytes, trust: TrustStore, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    random = Random(7)
    for _ in range(60):
        changed = bytearray(signed)
        place = random.randrange(signed.rindex(b"/Contents <"), len(signed))
        changed[place:place + random.randrange(3)] = random.choice(
            (b"<<", b">>", b"[", b"/Kids", b" 0 R", b"99999999999", b"-1", b"(", b"\xff"))
        found = check(tmp_path, bytes(changed), trust)
        assert found.findings
        assert not found.intact
    assert capfd.readouterr() == ("", "")
