"""Ports ``dlms``, ``hdlc`` and ``wrapper``: the bench as the client of a DLMS/COSEM server."""

from bench.steps.dlms import (
    association,
    buffers,
    demands,
    images,
    link,
    objects,
    protection,
    pushes,
    segments,
    services,
    short_names,
    sign_on,
    writing,
)

__all__ = ["association", "buffers", "demands", "images", "link", "objects", "protection", "pushes",
           "segments", "services", "short_names", "sign_on", "writing"]
