"""The scheme: what a baseline demands, and what the evidence allows to be said of a subject.

Pure functions over records; nothing here knows a device, a clock or a report format.
"""

from bench.scheme.baseline import Baseline, relevance
from bench.scheme.baseline_file import load_baseline
from bench.scheme.decision import admit, decide
from bench.scheme.ruling import rule

__all__ = ["Baseline", "admit", "decide", "load_baseline", "relevance", "rule"]
