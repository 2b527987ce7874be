"""Renderers: they read records and write files."""

from reports.render import render

__all__ = ["render"]
