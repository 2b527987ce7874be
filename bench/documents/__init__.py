"""The signed documents of the scheme: who issues them, their signature, and its check.

A laboratory signs a test report, a certification body a certificate, with different keys. The
pages themselves are made in :mod:`reports.documents`.
"""

import logging

# what pyHanko thinks of a stranger's file is in its errors; its remarks are for its developers
logging.getLogger("pyhanko").addHandler(logging.NullHandler())
