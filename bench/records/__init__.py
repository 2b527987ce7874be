"""The frozen, typed records that cross the arrows between rooms.

Each can be written to disk as JSON and read again (``to_json`` / ``from_json`` in
:mod:`bench.records.serial`). They hold no behaviour that needs I/O, a clock or a device.
"""
