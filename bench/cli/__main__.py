"""``python -m bench.cli`` is ``smip-bench``."""

from bench.cli import main

main()
