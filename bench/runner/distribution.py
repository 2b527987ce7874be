"""How cases are shared out between workers: a group is never split.

So the sanity case really is the first and the last thing that one device sees of a group. A case
that killed its worker is not run again by itself (pytest-xdist's own group scheduling would).
"""

from __future__ import annotations

from xdist.scheduler.loadscope import LoadScopeScheduling  # type: ignore[import-untyped]
from xdist.workermanage import WorkerController  # type: ignore[import-untyped]


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
    """One plan file, which is one group, is one unit of work."""

    def remove_node(self, node: WorkerController) -> str | None:
        """Take ``node`` out; return the case that it died of, which counts as done."""
        units = self.assigned_work.pop(node)
        pending = [(unit, nodeid) for unit in units.values()
                   for nodeid, done in unit.items() if not done]
        if not pending:
            return None
        unit, crashed = pending[0]
        unit[crashed] = True
        self.workqueue.update(
            {scope: cases for scope, cases in units.items() if not all(cases.values())})
        for other in self.assigned_work:
            self._reschedule(other)
        return str(crashed)
