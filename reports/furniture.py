"""What every HTML page of ours is made with: styles and scripts, the policy, the templates.

A page may run and load nothing but what it holds: its content security policy names the SHA-256 of
its own style and script.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

TEMPLATES = Path(__file__).parent / "templates"


@cache
def asset(name: str) -> str:
    """Return the text of a style or script of ours."""
    return (TEMPLATES / name).read_text(encoding="utf-8")


def policy(style: str, script: str = "") -> str:
    """Return the content security policy of a page with this style and script, "" for none."""
    scripts = f"script-src {_source(script)}; " if script else ""
    return (f"default-src 'none'; img-src data:; style-src {_source(style)}; {scripts}"
            "base-uri 'none'; form-action 'none'")


def environment() -> Environment:
    """Return what renders the templates: all that goes in is escaped, and nothing may be absent."""
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)


def _source(text: str) -> str:
    octets = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(octets).decode()}'"
