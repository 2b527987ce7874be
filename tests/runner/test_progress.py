"""What a person sees while a plan runs, and after it."""

from __future__ import annotations

import io
import re

from bench_folder import Bench
from rich.console import Console

from bench.runner.progress import ProgressBar
from bench.runner.run import Order, run

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def screen(bench: Bench, terminal: bool) -> str:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=terminal, width=100)
    run(Order(plans=(bench.plan,), profile=bench.profile, rig=bench.rig, evidence=bench.out),
        console)
    return shown.getvalue()


def test_a_terminal_shows_cases_done_verdicts_and_time_left_and_is_left_clean(
    bench: Bench
) -> None:
    shown = screen(bench, terminal=True)
    plain = ESCAPES.sub("", shown)
    assert re.search(r"5/5 pass 4  fail 1 +\d:\d\d:\d\d", plain)
    assert shown.endswith(("\x1b[2K", "\x1b[1A\x1b[2K"))  # the bar's own line is wiped
    assert shown.count("\x1b[?25h") == shown.count("\x1b[?25l")  # the cursor is back


def test_what_is_no_terminal_gets_nothing(bench: Bench) -> None:
    assert screen(bench, terminal=False) == ""


def test_the_bar_makes_room_for_a_question() -> None:
    shown = io.StringIO()
    live = []
    bar = ProgressBar(Console(file=shown, force_terminal=True, width=100),
                      ask=lambda question: live.append(bar._bar.live.is_started) or "open")
    bar._bar.start()
    assert bar.ask("open or closed?") == "open"
    assert live == [False]
    assert bar._bar.live.is_started
    bar.pytest_unconfigure()
    assert not bar._bar.live.is_started
