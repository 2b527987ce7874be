"""A DLMS/COSEM electricity meter of the SMETS1 kind in software: its application side.

Written from the standards (IEC 62056-5-3, -6-1, -6-2), not from what the bench sends: it is there
to be tested. The link below it (HDLC, wrapper) is served elsewhere.
"""
