"""placeholder"""
from bench.errors import BenchError


class Inconclusive(BenchError):
    """placeholder"""
