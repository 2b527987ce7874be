"""Named ways in which the emulated meter may be wrong."""

from devices.defects.esme import DEFECTS, Defect

__all__ = ["DEFECTS", "Defect"]
