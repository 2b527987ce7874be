"""SMIP Bench: the engine of a certification test bench for GB smart metering equipment."""
