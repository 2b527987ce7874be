"""The register of certificates: append-only, hash-chained, in one SQLite file or in PostgreSQL.

``Register`` is the door: it enters grants, changes of status, rectification plans, tolerated
issues and disputes, refuses what the rules of the scheme do not allow, and tells what a
certificate is worth on a day. ``docs/register.md`` describes the table and the hash, so that the
chain can be checked with other tools; the reasons are in ``docs/adr/0005-register.md``. Leaves
out how a decision is come by and signed: what is granted here was decided elsewhere.
"""

from bench.register.register import Register
from bench.register.verification import Flaw

__all__ = ["Flaw", "Register"]
