"""DLMS/COSEM in an emulated device: types, the table of objects, access requests, alerts."""
