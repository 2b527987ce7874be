"""Ports ``dlms``, ``hdlc`` and ``wrapper``: the bench as the client of a DLMS/COSEM server."""

from bench.steps.dlms import association, link, services

__all__ = ["association", "link", "services"]
