"""Events to verdicts, after ISO/IEC 9646: pure functions, no I/O, no clock, no device.

The same events always give the same verdict, so a dispute is settled by judging them again.
"""

from bench.judge.case import judge_case
from bench.judge.step import judge_step
from bench.records.answers import Answers

__all__ = ["Answers", "judge_case", "judge_step"]
