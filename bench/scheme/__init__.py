"""The scheme: what a baseline demands, and what the evidence allows to be said of a subject.

Pure functions over records; nothing here knows a device, a clock or a report format.
"""

from bench.scheme.baseline import Baseline, load_baseline, relevance
from bench.scheme.decision import admit, decide

__all__ = ["Baseline", "admit", "decide", "load_baseline", "relevance"]
