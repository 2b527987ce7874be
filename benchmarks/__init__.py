"""How fast the bench is, as ratios of one run on one machine: ``python -m benchmarks``.

Not part of the product and never a timed test: a benchmark prints what it found and exits with
status 0 whatever that is. ``docs/benchmarks.md`` says what each compares.
"""
