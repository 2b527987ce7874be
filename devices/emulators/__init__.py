"""Emulated devices: a room for each kind, and rooms for what they share."""
