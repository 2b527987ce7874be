"""Data only: requirements, test cases, baselines. See docs/writing-a-plan.md."""
