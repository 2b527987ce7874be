"""From a template and values to PDF/A-2a (ISO 19005-2) that is PDF/UA-1 (ISO 14289-1) as well.

It is tagged, and all fonts are in it: no stricter profiles can be had together.

The same values give the same octets on every machine: the time comes from the caller, fonts are
those of this package alone, Typst reads this package's templates and nothing else, and nothing is
fetched. Leaves out the signature (:mod:`bench.documents.signing`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bench.errors import DocumentError
from reports.documents.literal import FONTS, literal

if TYPE_CHECKING:
    from typst import Fonts

TEMPLATES = Path(__file__).parent / "templates"


def typeset(template: str, values: Mapping[str, object], made: datetime) -> bytes:
    """Return the PDF that ``template`` makes of ``values``; ``made`` is its time of creation.

    Raises :class:`~bench.errors.DocumentError` where the extra ``documents`` is not installed, or
    Typst refuses the document.
    """
    try:
        import fontTools  # noqa: F401, PLC0415
        import typst  # noqa: PLC0415  an extra
    except ImportError as absent:
        raise DocumentError(f"a PDF needs {absent.name}: pip install smip-bench[documents]") \
            from None
    source = _environment().get_template(template).render(told=values)
    compiler = typst.Compiler(root=str(TEMPLATES), font_paths=_fonts(), ignore_system_fonts=True)
    try:
        pdf = compiler.compile(source.encode(), format="pdf", pdf_standards=["a-2a", "ua-1"],
                               timestamp=int(made.timestamp()))
    except typst.TypstError as refused:
        raise DocumentError(f"{template}: {refused.message}") from refused
    if not isinstance(pdf, bytes):
        raise DocumentError(f"{template}: Typst made no single file of it")
    return pdf


@cache
def _fonts() -> Fonts:
    import typst  # noqa: PLC0415

    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False,
                       font_paths=[str(FONTS)])


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, finalize=literal,
        autoescape=False,  # noqa: S701  not HTML: ``finalize`` makes a literal of every value
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
