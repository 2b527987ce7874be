"""The result package of a conformance run on a DLMS meter, from its folder.

What is in it follows the list that the DLMS UA has for conformance results: report, log, line
traffic, declaration (CTI) and hashes. The form is described in ``docs/dlms.md``.
"""

from reports.dlms_package.package import write_package

__all__ = ["write_package"]
