"""The Python API over small stores, worked with a pencil."""
